"""Rows of the gateway's lists as objects, each content translated once.

Between two looks at the gateway hardly a row changes but for what LiteLLM counts
(a key's spend), so what is known by its content gives the objects that it gave
before: a page by its bytes, a row by what we read of it beside the counting.
Pure but for that memory; `snapshot` reads with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TypeAlias

from pydantic_core import PydanticSerializationError

from aspire_gitops.kinds import KINDS
from aspire_gitops.kinds.wire import Reply
from aspire_gitops.state import GatewayObject, KeyFacts, Kind, LastChange


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One object as it is live, who changed it last when if the gateway tells, and a key's facts."""

    item: GatewayObject
    changed: LastChange | None = None
    facts: KeyFacts | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and how many the gateway said that there are altogether."""

    rows: tuple[LiveRow, ...]
    total: int


Parsed: TypeAlias = tuple[Iterable[Reply], int]
"""The rows of a page as they came, and the total."""


def live_row(kind: Kind, row: object, address: str | None = None) -> LiveRow:
    """Translate one row. Raises GatewayReplyInvalid."""
    its = KINDS[kind]
    return LiveRow(its.live(row, address), its.last_change(row), _facts_of(kind, row))


def _facts_of(kind: Kind, row: object) -> KeyFacts | None:
    counting = KINDS[kind].facts.counting
    return counting.read(row) if counting else None


@dataclass(frozen=True, slots=True)
class _KnownPage:
    page: Page
    rows: Mapping[bytes, LiveRow]  # by content


@dataclass(frozen=True, slots=True)
class _Memory:
    pages: dict[bytes, _KnownPage] = field(default_factory=dict)
    rows: dict[bytes, LiveRow] = field(default_factory=dict)


class SeenRows:
    """Remembers what the rows of the last reading were translated to.

    Holds as many rows as one reading saw. A caller that reads again and again, with
    one client or with several, keeps one of these.
    """

    def __init__(self) -> None:
        self._before, self._now = _Memory(), _Memory()

    def __len__(self) -> int:
        return len(self._before.rows)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Enclose one reading: what it did not use is forgotten at its end, however it ends."""
        self._now = _Memory()
        try:
            yield
        finally:
            self._before = self._now

    def page(self, kind: Kind, body: bytes, parse: Callable[[bytes], Parsed]) -> Page:
        """Return the page that `body` is; `parse` is asked only if it is not known.

        A row of known content is the very object that it was before.

        Raises:
            GatewayReplyInvalid: As `parse`, and as `live_row`.
        """
        content = _hash(kind, body)
        known = self._now.pages.get(content) or self._before.pages.get(content)
        if known is None:
            known = self._translated(kind, *parse(body))
        self._now.pages[content] = known
        self._now.rows.update(known.rows)
        return known.page

    def _translated(self, kind: Kind, parsed: Iterable[Reply], total: int) -> _KnownPage:
        rows, known = [], {}
        for row in parsed:
            content = _content(kind, row)
            live = self._before.rows.get(content) if content else None
            live = replace(live, facts=_facts_of(kind, row)) if live else live_row(kind, row)
            rows.append(live)
            if content:
                known[content] = live
        return _KnownPage(Page(tuple(rows), total), known)


def _content(kind: Kind, row: Reply) -> bytes | None:
    # Not equality of the rows: to Python, true is 1 and 1 is 1.0.
    counting = KINDS[kind].facts.counting
    try:
        uncounted = row.model_dump_json(exclude=set(counting.fields) if counting else None)
        return _hash(kind, uncounted.encode())
    except PydanticSerializationError:
        return None  # half a surrogate pair, which has no bytes


def _hash(kind: Kind, content: bytes) -> bytes:
    return blake2b(content, digest_size=16, key=kind.encode()).digest()
