"""Rows of the gateway's lists as objects, each content translated once.

Between two looks at the gateway hardly a row changes in what we read of it (its
spend does, and we do not read that), so a row of known content gives the object
that it gave before. Pure but for that memory; `listing` reads with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b

from pydantic_core import PydanticSerializationError

from aspire_gitops.gateway.replies import Reply
from aspire_gitops.gateway.wire import WIRES
from aspire_gitops.state import GatewayObject, Kind, LastChange


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One object as it is live, and who changed it last when, if the gateway tells."""

    item: GatewayObject
    changed: LastChange | None = None


def live_row(kind: Kind, row: object, address: str | None = None) -> LiveRow:
    """Translate one row. Raises GatewayReplyInvalid."""
    wire = WIRES[kind]
    return LiveRow(wire.live(row, address), wire.last_change(row))


class SeenRows:
    """Remembers what the rows of the last reading were translated to, by their content.

    Holds as many rows as one reading saw. Whoever reads again and again, with
    one client or with several, keeps one of these.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, LiveRow] = {}
        self._used: dict[bytes, LiveRow] = {}

    def __len__(self) -> int:
        return len(self._known)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Enclose one reading: what it did not use is forgotten at its end, however it ends."""
        self._used = {}
        try:
            yield
        finally:
            self._known = self._used

    def live(self, kind: Kind, row: Reply) -> LiveRow:
        """Return what `live_row` returns, the same object for a row of the same content.

        Raises:
            GatewayReplyInvalid: As `live_row`.
        """
        content = _content(kind, row)
        if content is None:
            return live_row(kind, row)
        found = self._used.get(content) or self._known.get(content)
        self._used[content] = found = found or live_row(kind, row)
        return found


def _content(kind: Kind, row: Reply) -> bytes | None:
    # Not equality of the rows: to Python, true is 1 and 1 is 1.0.
    try:
        text = row.model_dump_json()
    except PydanticSerializationError:
        return None  # half a surrogate pair, which has no bytes
    return blake2b(text.encode(), digest_size=16, person=kind.encode()).digest()
