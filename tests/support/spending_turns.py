"""A controller that has a ledger, and what that ledger says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from aspire_gitops.controller.spending import Spending
from aspire_gitops.spend import (
    Failures,
    MonthRecord,
    Part,
    PriceDifferences,
    UnlistedParameter,
    Unsettled,
)
from aspire_gitops.status.value import Notice
from aspire_gitops.usage import Traffic, Usage
from aspire_gitops.vocabulary import AspireGitopsError, LedgerUnavailable
from aspire_ledger.money import Aud, Month, Usd
from support.turns import OWNER, Scene


@dataclass
class FakeLedger:
    """Holds what `shared` spent; says how often it was asked for every day."""

    spent: str = "20"
    broken: AspireGitopsError | None = None
    months: list[str] = field(default_factory=list)
    records: int = 0
    windows: list[tuple[date, date]] = field(default_factory=list)
    counts: bool = True
    booked: dict[str, str] = field(default_factory=dict)  # US dollars by key alias
    failed: dict[date, Sequence[Failures]] = field(default_factory=dict)
    unlisted: Sequence[UnlistedParameter] = ()
    prices: PriceDifferences = field(default_factory=PriceDifferences)
    answered: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by alias
    left: Sequence[Unsettled] = ()
    untold: dict[str, AspireGitopsError] = field(default_factory=dict)  # by question
    asked: list[tuple[object, ...]] = field(default_factory=list)  # about calls

    async def totals(self, month: str) -> Sequence[Part]:
        if self.broken:
            raise self.broken
        self.months.append(month)
        return [Part("shared", Aud(Decimal(self.spent)), 3)]

    async def record(self, month: Month, *, days: bool = False) -> MonthRecord:
        assert days
        self.records += 1
        return MonthRecord(str(month), tuple(await self.totals(str(month))))

    async def spent_by_key(self, month: str) -> Mapping[str, tuple[Usd, Aud]]:
        assert month == self.months[-1]
        return {name: (Usd(Decimal(usd)), Aud(Decimal(0))) for name, usd in self.booked.items()}

    async def traffic(self, since: date, until: date) -> Traffic:
        self.windows.append((since, until))
        if not self.counts:
            raise LedgerUnavailable("the ledger is slow; try again")
        row = Usage(until, "shared", "shop", "chat", 3, Aud(Decimal(self.spent)), 10, 4, 20)
        return Traffic(since, until, (row,))

    async def failures(self, since: date, until: date) -> Sequence[Failures]:
        self._asked("failures", since, until)
        return [one for day, all_ in self.failed.items() if since <= day <= until for one in all_]

    async def unlisted_parameters(self, since: date, until: date) -> Sequence[UnlistedParameter]:
        self._asked("unlisted_parameters", since, until)
        return self.unlisted

    async def price_differences(self, month: str, *, most: int) -> PriceDifferences:
        self._asked("price_differences", month, most)
        return self.prices

    async def answers(self, alias: str, since: date) -> Mapping[str, int]:
        self._asked("answers", alias, since)
        return self.answered.get(alias, {})

    async def unsettled(self, before: datetime) -> Sequence[Unsettled]:
        self._asked("unsettled", before)
        return self.left

    def _asked(self, question: str, *of: object) -> None:
        self.asked.append((question, *of))
        if error := self.untold.get(question):
            raise error


@dataclass
class Watched:
    """A scene whose controller has a ledger."""

    scene: Scene
    ledger: FakeLedger = field(default_factory=FakeLedger)
    told: list[Notice] = field(default_factory=list)

    def begin(self) -> None:
        """Give the controller, which may have been started anew, its ledger."""
        reconciler = self.scene.reconciler
        reconciler.spending = Spending(
            self.ledger, self.scene.journal, lambda: self.scene.now, self.told.append, OWNER
        )

    def spend(self, amount: str) -> list[str]:
        """Take a turn in which so much is spent. Returns what was told of it."""
        self.ledger.spent = amount
        before = len(self.told)
        self.scene.turn()
        return [notice.title for notice in self.told[before:]]

    def cap(self, amount: str) -> None:
        self.scene.declare({**self.scene.resources["Budget/shared"], "monthly_aud": amount})
        self.scene.commit("Another cap")
