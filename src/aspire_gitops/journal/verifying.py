"""Prove a chain, line by line. Pure over the rows that it is given.

What a chain proves: nobody changed, removed or moved a line before the newest
hash that you know. A cut tail is found only by whoever kept a hash of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aspire_gitops.errors import JournalDamaged
from aspire_gitops.journal.chain import GENESIS, Row


class Fault(StrEnum):
    """How a chain is broken, at the first line where it is."""

    CHANGED = "changed"  # the line does not have the hash that it states
    MISSING = "missing"  # there is no line of this number, and there are later ones
    OUT_OF_ORDER = "out of order"  # the line is whole and does not follow the one before it
    UNREADABLE = "unreadable"  # the database cannot give the line


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found.

    `entries` lines are proved, the last of them with the hash `head`. `broken` is
    the number of the first line that is not. `holds_head` says whether the hash that
    was asked about is in the proved part, None if none was.
    """

    entries: int
    head: str
    broken: int | None = None
    fault: Fault | None = None
    detail: str = ""
    holds_head: bool | None = None

    @property
    def ok(self) -> bool:
        return self.fault is None and self.holds_head is not False


def verified(rows: Iterable[Row], head: str | None = None) -> Verdict:
    """Walk along `rows`, which come in order of their numbers."""
    number, last = 0, GENESIS
    holds = None if head is None else head == GENESIS
    try:
        for row in rows:
            fault = _fault(row, number + 1, last)
            if fault:
                return Verdict(number, last, number + 1, fault, holds_head=holds)
            number, last = row.number, row.hash
            holds = holds or (None if head is None else last == head)
    except JournalDamaged as error:
        return Verdict(number, last, number + 1, Fault.UNREADABLE, str(error), holds)
    return Verdict(number, last, holds_head=holds)


def is_whole(row: Row) -> bool:
    """Say whether a row has the hash that it states."""
    try:
        return row.hash == row.digest()
    except TypeError:  # a column holds bytes, which we never write
        return False


def _fault(row: Row, number: int, previous: str) -> Fault | None:
    if row.number > number:
        return Fault.MISSING
    if not is_whole(row):
        return Fault.CHANGED
    return None if (row.number, row.previous) == (number, previous) else Fault.OUT_OF_ORDER
