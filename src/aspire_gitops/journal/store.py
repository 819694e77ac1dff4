"""The journal itself: append lines, read them, prove them.

Thread-safe, and several processes may have it open: appends wait for each other,
readers wait for nobody. A line once written is never changed; the database itself
refuses that.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, text

from aspire_gitops.journal.chain import (
    GENESIS,
    ChainFault,
    ChainVerdict,
    Row,
    chained,
    entry_of,
    is_whole,
    time_text,
    verified,
)
from aspire_gitops.journal.database import Database
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.journal.tables import ENTRY, SCHEMA
from aspire_gitops.status.value import JournalFacts
from aspire_gitops.vocabulary import JournalDamaged
from aspire_ledger.canonical import JsonValue

PAGE = 500

_AFTER_EVERY_TEXT = "\U0010ffff"
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class EntryFilter:
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
    wanted: EntryFilter, *, after: int | None, newest_first: bool, size: int = PAGE
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


Moment: TypeAlias = datetime | int
"""A time, or the number of an entry: as of it, what it says included."""


class Journal:
    """An open journal; see `opening.open_journal`.

    Every method may raise:
        JournalUnavailable: Locked, full, not reachable. Try again.
        JournalDamaged: What is there cannot be relied on. An operator must look.
    """

    def __init__(
        self,
        database: Database,
        *,
        size: Callable[[], int] | None = None,
        check_place: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._file_size = size
        self._check_place = check_place
        self._one_at_a_time = Lock()

    @property
    def place(self) -> str:
        """What messages call it: `the journal /var/lib/…`. Holds no password."""
        return self._database.place

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        """Write the drafts in one transaction: all of them, or none.

        An answer of the server that got lost is told as JournalUnavailable too; the
        lines may be there then, and appending them again says the same twice.
        """
        if not drafts:
            return ()
        with self._one_at_a_time:
            self._check_place()
            with self._database.writing() as connection:
                last = self._newest(connection)
                number, previous = (last.number, last.hash) if last else (0, GENESIS)
                rows = tuple(chained(previous, number + 1, drafts))
                connection.execute(insert(ENTRY), [row.values() for row in rows])
        return tuple(map(entry_of, rows))

    def read(
        self,
        *,
        kinds: Collection[EntryKind] = (),
        object: str | None = None,  # noqa: A002 (the word of the journal)
        revision: str | None = None,
        turn: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """Return the entries that meet every condition, read page by page while you go on.

        `revision` is how the commit begins, or the revision's text. `since` is the
        first moment that counts, `until` the first one that does not any more.
        """
        wanted = EntryFilter(kinds, object, revision, turn, since, until)
        return map(self._entry, islice(self._rows(wanted, newest_first=newest_first), limit))

    def head(self) -> JournalFacts:
        """Return how long the journal is, and the hash that vouches for all of it."""
        with self._database.reading() as connection:
            last = self._newest(connection)
            size = self._file_size() if self._file_size else _table_size(connection)
        return JournalFacts(last.number if last else 0, size, last.hash if last else GENESIS)

    def verify(self, head: str | None = None) -> ChainVerdict:
        """Prove every line, and that `head` (a hash that somebody kept) is still among them."""
        verdict = verified(self._rows(EntryFilter(), newest_first=False), head)
        if verdict.fault is None and self._database.is_sqlite:
            return self._with_sqlites_word(verdict)
        return verdict

    def newest_states(self, upto: Moment | None = None) -> Mapping[str, Entry]:
        """Return for each object (`deployment/x`) the entry that last said what it is."""
        with self._database.reading() as connection:
            rows = _rows(connection, newest_states(upto))
        return {row.object: self._entry(row) for row in rows if row.object is not None}

    def recorded_states(self) -> Mapping[str, JsonValue]:
        """Return what each object is, as far as the journal knows; None for one that is gone."""
        return _states(self.newest_states())

    def states_at(self, moment: Moment) -> Mapping[str, JsonValue]:
        """Return what each object was then, that moment or entry included; None if it was gone."""
        return _states(self.newest_states(moment))

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _newest(self, connection: Connection) -> Row | None:
        last = next(iter(_rows(connection, newest())), None)
        if last and not is_whole(last):
            raise self._damaged(last.number)
        return last

    def _rows(self, wanted: EntryFilter, *, newest_first: bool) -> Iterator[Row]:
        # Each page is a transaction of its own, so that a slow reader keeps no writer's log alive.
        after: int | None = None
        while True:
            query = page(wanted, after=after, newest_first=newest_first)
            with self._database.reading() as connection:
                rows = _rows(connection, query)
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].number

    def _entry(self, row: Row) -> Entry:
        try:
            return entry_of(row)
        except (TypeError, ValueError):
            raise self._damaged(row.number) from None

    def _damaged(self, number: int) -> JournalDamaged:
        return JournalDamaged(
            f"{self.place}: line {number} was altered",
            help="run `aspire-gitops log verify`",
        )

    def _with_sqlites_word(self, verdict: ChainVerdict) -> ChainVerdict:
        # An index that lost a line would hide it from `log --object`; only SQLite can tell.
        with self._database.reading() as connection:
            word = str(connection.scalar(text("PRAGMA integrity_check(1)")))
        if word == "ok":
            return verdict
        detail = f"{self.place} is damaged: {word}"
        return ChainVerdict(
            verdict.entries, verdict.head, None, ChainFault.UNREADABLE, detail, verdict.holds_head
        )


def _rows(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Row]:
    return [Row(**found) for found in connection.execute(query).mappings()]


def _states(newest: Mapping[str, Entry]) -> Mapping[str, JsonValue]:
    return {name: entry.draft.body.get("state") for name, entry in newest.items()}


def _table_size(connection: Connection) -> int:
    return int(connection.scalar(text(f"SELECT pg_total_relation_size('{SCHEMA}.entry')")) or 0)
