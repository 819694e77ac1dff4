"""How a line becomes a row, what its hash covers, and how a chain is proved. Pure: no database, no clock."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.vocabulary import JournalDamaged
from aspire_ledger.canonical import JsonValue, canonical_json, digest

GENESIS = "sha256:" + "0" * 64  # what the first line follows

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # no database holds these


@dataclass(frozen=True, slots=True)
class Row:
    """One line as the databases hold it. `at` is UTC with microseconds, `body` canonical JSON."""

    number: int
    at: str
    kind: str
    turn: str
    revision: str
    git_commit: str | None
    author: str | None
    approvers: str
    plan: str | None
    object: str | None
    tells_state: bool
    body: str
    previous: str
    hash: str = ""

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _COLUMNS}

    def digest(self) -> str:
        """Return the hash that this row should have: over every column but `hash` itself.

        Raises:
            TypeError: A column holds what we never write there, such as bytes.
        """
        covered = self.values()
        del covered["hash"]
        return digest(covered)


_COLUMNS = tuple(column.name for column in fields(Row))


def chained(previous: str, number: int, drafts: Iterable[Draft]) -> Iterator[Row]:
    """Yield a row for each draft, the first of them `number`, each on the hash of the one before.

    Raises:
        ValueError: A draft's time has no zone, or its body holds what JSON cannot say.
    """
    for place, draft in enumerate(drafts, start=number):
        row = _row(place, draft, previous)
        previous = row.digest()
        yield replace(row, hash=previous)


def entry_of(row: Row) -> Entry:
    """Read a row back.

    Raises:
        ValueError: It holds what we never write.
    """
    approvers, body = json.loads(row.approvers), json.loads(row.body)
    if not (isinstance(approvers, list) and isinstance(body, dict)):
        raise ValueError("not a line of ours")  # noqa: TRY004 (a value of the wrong shape, from outside)
    draft = Draft(
        kind=EntryKind(row.kind),
        at=datetime.fromisoformat(row.at),
        turn=row.turn,
        revision=row.revision,
        commit=row.git_commit,
        author=row.author,
        approvers=tuple(map(str, approvers)),
        plan=row.plan,
        object=row.object,
        body=body,
    )
    return Entry(row.number, draft, row.previous, row.hash)


def time_text(at: datetime) -> str:
    """Return a moment as rows hold it: sorted as text it is sorted in time.

    Raises:
        ValueError: The moment has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _row(number: int, draft: Draft, previous: str) -> Row:
    body = _storable(draft.body)
    return Row(
        number=number,
        at=time_text(draft.at),
        kind=draft.kind.value,
        turn=_text(draft.turn),
        revision=_text(draft.revision),
        git_commit=_text_or_none(draft.commit),
        author=_text_or_none(draft.author),
        approvers=canonical_json([_text(name) for name in draft.approvers]),
        plan=_text_or_none(draft.plan),
        object=_text_or_none(draft.object),
        tells_state=draft.tells_state,
        body=canonical_json(body),
        previous=previous,
    )


def _storable(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def _text_or_none(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    # A commit's author may hold bytes that are no text. The journal keeps them as escapes.
    return _UNSTORABLE.sub(_escaped, str(text))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


class ChainFault(StrEnum):
    """How a chain is broken, at the first line where it is."""

    CHANGED = "changed"  # the line does not have the hash that it states
    MISSING = "missing"  # there is no line of this number, and there are later ones
    OUT_OF_ORDER = "out of order"  # the line is whole and does not follow the one before it
    UNREADABLE = "unreadable"  # the database cannot give the line


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """What a walk along the chain found.

    `entries` lines are proved, the last of them with the hash `head`. `broken` is
    the number of the first line that is not. `holds_head` says whether the hash that
    was asked about is in the proved part, None if none was.
    """

    entries: int
    head: str
    broken: int | None = None
    fault: ChainFault | None = None
    detail: str = ""
    holds_head: bool | None = None

    @property
    def ok(self) -> bool:
        return self.fault is None and self.holds_head is not False


def verified(rows: Iterable[Row], head: str | None = None) -> ChainVerdict:
    """Walk along `rows`, which come in order of their numbers."""
    number, last = 0, GENESIS
    holds = None if head is None else head == GENESIS
    try:
        for row in rows:
            fault = _fault(row, number + 1, last)
            if fault:
                return ChainVerdict(number, last, number + 1, fault, holds_head=holds)
            number, last = row.number, row.hash
            holds = holds or (None if head is None else last == head)
    except JournalDamaged as error:
        return ChainVerdict(number, last, number + 1, ChainFault.UNREADABLE, str(error), holds)
    return ChainVerdict(number, last, holds_head=holds)


def is_whole(row: Row) -> bool:
    """Say whether a row has the hash that it states."""
    try:
        return row.hash == row.digest()
    except TypeError:  # a column holds bytes, which we never write
        return False


def _fault(row: Row, number: int, previous: str) -> ChainFault | None:
    if row.number > number:
        return ChainFault.MISSING
    if not is_whole(row):
        return ChainFault.CHANGED
    return None if (row.number, row.previous) == (number, previous) else ChainFault.OUT_OF_ORDER
