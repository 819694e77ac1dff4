"""Keep the providers' side of the books during a rehearsal, and read the ledger's side.

Every call is priced when it was made, by the card of its alias as compiled.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from aspire_gitops.rehearsal.environment import (
    Book,
    BookedCall,
    Received,
    Tariff,
    is_strict,
    tariff_of,
)
from aspire_gitops.rehearsal.ledger_books import LedgerBooks
from aspire_gitops.state import Compiled, Kind, ObjectKey
from aspire_ledger.amounts import NanoAud


@dataclass(slots=True)
class Watched:
    """What the ledger made of one call: its entries, and whether money is still set aside."""

    booked: tuple[BookedCall, ...] = ()
    held: bool = False


@dataclass(slots=True)
class _Bills:
    nano: int = 0
    reported: int = 0
    calls: int = 0


class Bookkeeper:
    """The two books of one gateway. `ledger` is None where the files ask for none."""

    def __init__(self, compiled: Compiled, ledger: LedgerBooks | None) -> None:
        self._compiled, self._ledger = compiled, ledger
        self._bills: dict[str, _Bills] = {}
        self._last: dict[str, int] = {}  # the newest entry of each budget that was seen

    def note(self, key: ObjectKey, alias: str, received: Sequence[Received]) -> None:
        """Write down what providers billed for one call with a key."""
        tariff, budget = self.tariff(key, alias), self._budget(key)
        if tariff is None or not budget:
            return
        bills = self._bills.setdefault(budget, _Bills())
        for call in received:
            cost = tariff.priced(call.billed)
            bills.nano += cost
            bills.reported += cost if call.billed.reported else 0
            bills.calls += bool(cost)

    def tariff(self, key: ObjectKey, alias: str) -> Tariff | None:
        """Return what calls to an alias cost with a key, or None where nobody counts them."""
        deployment = self._compiled.objects.get(ObjectKey(Kind.DEPLOYMENT, alias))
        owner = self._compiled.objects.get(key)
        return tariff_of(deployment, owner) if deployment and owner else None

    @contextmanager
    def watching(self, key: ObjectKey) -> Iterator[Watched]:
        """Watch the ledger while one call is made, until what it set aside is settled."""
        watched, ledger, budget = Watched(), self._ledger, self._budget(key)
        if ledger is None or not budget:
            yield watched
            return
        before = self._last_entry(ledger, budget)
        held = ledger.held(budget, self._timezone(key))
        yield watched
        watched.held = not ledger.settled(budget, self._timezone(key), held=held)
        entries = ledger.entries(budget, after=before)
        watched.booked = tuple(BookedCall(entry.cost, entry.estimated) for entry in entries)
        self._last[budget] = entries[-1].number if entries else before

    def books(self) -> tuple[Book, ...]:
        """Return both sides for each budget that was called with, once nothing is under way."""
        ledger = self._ledger
        if ledger is None:
            return ()
        found = []
        keys = {self._budget(key): key for key in sorted(self._compiled.objects)}
        for budget, bills in sorted(self._bills.items()):
            key = keys[budget]
            ledger.settled(budget, self._timezone(key))
            booked = sum(entry.cost for entry in ledger.entries(budget))
            found.append(
                Book(
                    budget,
                    NanoAud(bills.nano),
                    NanoAud(bills.reported),
                    NanoAud(booked),
                    bills.calls,
                    is_strict(self._compiled.objects[key]),
                )
            )
        return tuple(found)

    def _last_entry(self, ledger: LedgerBooks, budget: str) -> int:
        known = self._last.get(budget, 0)
        newer = ledger.entries(budget, after=known)
        return newer[-1].number if newer else known

    def _budget(self, key: ObjectKey) -> str:
        return self._metadata(key, "budget")

    def _timezone(self, key: ObjectKey) -> str:
        return self._metadata(key, "timezone")

    def _metadata(self, key: ObjectKey, name: str) -> str:
        item = self._compiled.objects.get(key)
        return str(item.fields.get(f"metadata.{name}", "")) if item else ""
