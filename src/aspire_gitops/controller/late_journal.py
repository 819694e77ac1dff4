"""A journal that is opened when it is first needed, and again until that works.

So a database that is down, or a file that is damaged, is a turn that says so:
the status page and the metrics are there to be asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from aspire_gitops.journal import Draft, Entry, EntryKind, Journal
from aspire_gitops.reporting import JournalFacts
from aspire_ledger.canonical import JsonValue


@dataclass(slots=True)
class LateJournal:
    """Passes every call on. Each may raise what opening raises, JournalUnavailable above all."""

    open: Callable[[], Journal]
    _journal: Journal | None = None
    _lock: Lock = field(default_factory=Lock)

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        return self._opened().append(*drafts)

    def read(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        since: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterable[Entry]:
        return self._opened().read(kinds=kinds, since=since, limit=limit, newest_first=newest_first)

    def recorded_states(self) -> Mapping[str, JsonValue]:
        return self._opened().recorded_states()

    def head(self) -> JournalFacts:
        return self._opened().head()

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _opened(self) -> Journal:
        with self._lock:
            if self._journal is None:
                self._journal = self.open()
            return self._journal
