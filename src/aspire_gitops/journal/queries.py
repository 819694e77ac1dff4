"""What is asked of the lines. Pure: builds statements, runs none."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from aspire_gitops.journal.chain import time_text
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.journal.tables import ENTRY

PAGE = 500

_AFTER_EVERY_TEXT = "\U0010ffff"
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: those that meet every condition that is stated."""

    kinds: Collection[EntryKind] = ()
    object: str | None = None
    revision: str | None = None
    turn: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        c = ENTRY.c
        found: list[ColumnElement[bool]] = []
        if self.kinds:
            found.append(c.kind.in_(sorted(kind.value for kind in self.kinds)))
        if self.object is not None:
            found.append(c.object == self.object)
        if self.revision is not None:
            found.append(_of_revision(self.revision))
        if self.turn is not None:
            found.append(c.turn == self.turn)
        if self.since is not None:
            found.append(c.at >= time_text(self.since))
        if self.until is not None:
            found.append(c.at < time_text(self.until))
        return found


def page(
    wanted: Wanted, *, after: int | None, newest_first: bool, size: int = PAGE
) -> Select[tuple[Any, ...]]:
    """Select the next lines after number `after`, in the order of reading."""
    number = ENTRY.c.number
    query = select(ENTRY).where(*wanted.conditions()).limit(size)
    if after is not None:
        query = query.where(number < after if newest_first else number > after)
    return query.order_by(number.desc() if newest_first else number)


def newest() -> Select[tuple[Any, ...]]:
    return select(ENTRY).order_by(ENTRY.c.number.desc()).limit(1)


def newest_states(upto: datetime | int | None) -> Select[tuple[Any, ...]]:
    """Select the newest line on the state of each object, as of a moment or an entry's number.

    A turn's line carries the time of its begin and follows those of its results,
    so a moment is compared with each line's own time.
    """
    c = ENTRY.c
    told = select(func.max(c.number).label("number")).where(c.tells_state).group_by(c.object)
    if isinstance(upto, datetime):
        told = told.where(c.at <= time_text(upto))
    elif upto is not None:
        told = told.where(c.number <= upto)
    last = told.subquery("last")
    return select(ENTRY).join(last, c.number == last.c.number).order_by(c.object)


def _of_revision(prefix: str) -> ColumnElement[bool]:
    # Ranges, because they use an index and know no wildcards. The text of a revision has
    # none: it is looked through only for what cannot be a commit.
    c = ENTRY.c
    of_text = _begins(c.revision, prefix)
    if set(prefix) - _DIGITS:
        return of_text
    return or_(_begins(c.git_commit, prefix), and_(c.git_commit.is_(None), of_text))


def _begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    return and_(column >= prefix, column < prefix + _AFTER_EVERY_TEXT)
