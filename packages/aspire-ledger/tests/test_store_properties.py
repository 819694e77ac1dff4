"""Whatever order admissions, settlements, crashes and retries come in: no cap is exceeded,
nothing is booked twice, and every total is the sum of its entries and reservations."""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from aspire_ledger.amounts import NanoAud
from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import expire
from aspire_ledger.store import Store, verdict
from aspire_ledger.values import (
    NO_UNITS,
    UNITS,
    Adjustment,
    Counted,
    EntryKind,
    Request,
    Verdict,
)
from ledger_support.calls import NOON, fair, request, settlement
from ledger_support.memory_store import MemoryStore, Tables

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

T = TypeVar("T")
MONTH = "2026-11"
CAP = 100
costs = st.integers(0, 30)
units = st.builds(Counted, *(st.integers(0, 9) for _ in UNITS))
figures = st.none() | st.decimals(0, 5, places=9)
amounts = st.integers(0, 200)


Facts: TypeAlias = tuple[Counted, Decimal]
NOTHING: Facts = (NO_UNITS, Decimal(0))


class LedgerMachine(RuleBasedStateMachine):
    """One budget. `strict` calls cost at most their worst case; fair ones may cost more."""

    under_way = Bundle("under_way")
    over = Bundle("over")  # heard of at least once, so everything of it is a repetition
    mode = "strict"

    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables()
        self._runner = asyncio.Runner()
        self.store = self._opened()
        self.now = NOON
        self.count = 0
        self.adjusted = 0
        self.costs: dict[str, int] = {}  # what the model knows to be booked, by id
        self.lost: dict[str, int] = {}  # admitted, neither settled nor released: id to reserved
        self.worst: dict[str, int] = {}
        self.facts: dict[str, Facts] = {}  # the units and the gateway's figure, by id
        self.guesses: dict[str, int] = {}  # costs that are estimates still, by id

    def _opened(self) -> Store:
        return MemoryStore(self.tables)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def teardown(self) -> None:
        self.run(self.store.close())
        self._runner.close()

    def wanted(self, id_: str, worst: int) -> Request:
        made = request if self.mode == "strict" else fair
        found = made(id_, cap=CAP, worst=worst)
        return replace(
            found,
            call=replace(found.call, at=self.now),
            expires_at=self.now + timedelta(minutes=10),
        )

    @rule(target=under_way, worst=costs)
    def admit(self, worst: int) -> Any:
        self.count += 1
        id_ = f"r{self.count}"
        answer = self.run(self.store.admit(self.wanted(id_, worst)))
        if answer.verdict is not Verdict.ADMITTED:
            assert answer.spent + answer.reserved + worst > CAP or self.mode == "fair"
            return multiple()
        self.lost[id_] = answer.expected
        self.worst[id_] = worst
        return id_

    @rule(id_=under_way)
    def admit_again_after_a_lost_answer(self, id_: str) -> None:
        before = self.run(self.store.totals(MONTH))
        answer = self.run(self.store.admit(self.wanted(id_, self.worst[id_])))
        assert answer.verdict in {Verdict.ADMITTED, Verdict.REPEATED}
        assert self.run(self.store.totals(MONTH)) == before

    @rule(
        target=over,
        id_=consumes(under_way),
        share=st.floats(0, 1),
        counted=units,
        figure=figures,
        estimated=st.booleans(),
    )
    def settle(
        self, *, id_: str, share: float, counted: Counted, figure: Decimal | None, estimated: bool
    ) -> str:
        cost = int(self.worst[id_] * share)
        given = settlement(id_, cost, counted=counted, reported_usd=figure, estimated=estimated)
        self.run(self.store.settle(given))
        self.costs[id_] = cost
        self.facts[id_] = counted, figure or Decimal(0)
        self.guesses.pop(id_, None)
        if estimated and id_ in self.lost:  # else it is a correction, which says what is known
            self.guesses[id_] = cost
        self.lost.pop(id_, None)
        return id_

    @rule(target=over, id_=consumes(under_way))
    def release(self, id_: str) -> str:
        self.run(self.store.release(id_, self.now))
        self.costs.pop(id_, None)
        self.guesses.pop(id_, None)
        self.facts[id_] = NOTHING
        self.worst[id_] = 0  # it cost nothing, whatever is said of it later
        self.lost.pop(id_, None)
        return id_

    @rule(id_=over)
    def settle_again(self, id_: str) -> None:
        cost, (counted, figure) = self.costs.get(id_, 0), self.facts.get(id_, NOTHING)
        self.run(self.store.settle(settlement(id_, cost, counted=counted, reported_usd=figure)))
        self.costs[id_] = cost

    @rule(id_=over)
    def release_late(self, id_: str) -> None:
        self.run(self.store.release(id_, self.now))

    @rule()
    def crash(self) -> None:
        self.run(self.store.close())
        self.store = self._opened()

    @rule(minutes=st.integers(1, 15))
    def expire(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        due = {each.call.id for each in self.run(self.store.expired(self.now))}
        self.run(expire(self.store, self.now))
        found = {id_: self.lost.pop(id_) for id_ in due}
        self.costs |= found
        self.guesses |= found

    @precondition(lambda self: self.adjusted == 0)
    @rule(amount=st.integers(-20, 0))
    def refund(self, amount: int) -> None:
        self.adjusted += amount
        booking = Adjustment("a1", "lab", MONTH, NanoAud(amount), "refund", "ada", self.now)
        self.run(self.store.adjust(booking))
        self.run(self.store.adjust(booking))

    @invariant()
    def totals_are_the_sum_of_entries_and_reservations(self) -> None:
        verified = self.run(verify(self.store))
        assert verified.differences == ()

    @invariant()
    def what_is_booked_is_what_happened(self) -> None:
        entries = self.run(self.store.entries())
        booked: dict[str, int] = {}
        for entry in entries:
            if entry.kind is not EntryKind.ADJUSTED:
                booked[entry.request_id] = booked.get(entry.request_id, 0) + entry.cost
        expected = {id_: cost for id_, cost in self.costs.items() if cost}
        assert {id_: cost for id_, cost in booked.items() if cost} == expected

    @invariant()
    def units_and_figures_are_those_that_were_told_last(self) -> None:
        units: dict[str, Counted] = {}
        figures: dict[str, Decimal] = {}
        for entry in self.run(self.store.entries()):
            if entry.kind is not EntryKind.ADJUSTED:
                id_ = entry.request_id
                units[id_] = entry.counted - (NO_UNITS - units.get(id_, NO_UNITS))
                figures[id_] = figures.get(id_, Decimal(0)) + (entry.reported_usd or 0)
        for id_, counted in units.items():
            assert (counted, figures[id_]) == self.facts.get(id_, NOTHING)

    @invariant()
    def estimates_are_what_nobody_corrected(self) -> None:
        shares = self.run(self.store.estimated(MONTH))
        assert sum(share.spent for share in shares) == sum(self.guesses.values())
        assert sum(share.calls for share in shares) == len(self.guesses)

    @invariant()
    def the_cap_holds(self) -> None:
        for total in self.run(self.store.totals(MONTH)):
            assert total.reserved >= 0
            if self.mode == "strict":
                assert total.spent + total.reserved <= CAP


class FairMachine(LedgerMachine):
    mode = "fair"


TestStrict = LedgerMachine.TestCase
TestFair = FairMachine.TestCase
TestStrict.settings = TestFair.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None
)


Wish: TypeAlias = tuple[int, int, bool, int | None]  # cap, worst, fair, cost if it is settled
wishes = st.lists(
    st.tuples(amounts, amounts, st.booleans(), st.none() | amounts), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=60)
@given(wishes)
def test_the_store_in_memory_decides_as_the_rule_says(calls: list[Wish]) -> None:
    asyncio.run(decided(MemoryStore(), calls))


@settings(deadline=None, max_examples=40)
@given(wishes)
def test_postgresql_decides_as_the_rule_says(shared_database_url: str, calls: list[Wish]) -> None:
    asyncio.run(decided(PostgresStore(shared_database_url, timeout_s=20), calls))


async def decided(store: Store, calls: list[Wish]) -> None:
    name = secrets.token_hex(8)  # of a budget and an alias that nobody else uses
    async with store:
        for number, (cap, worst, is_fair, cost) in enumerate(calls):
            id_ = f"{name}.{number}"
            mine = [total for total in await store.totals(MONTH) if total.budget == name]
            spent, reserved = (mine[0].spent, mine[0].reserved) if mine else (0, 0)
            known = await store.estimate("wiki", name)
            expected = min(worst, worst if known is None else known) if is_fair else None
            make = fair if is_fair else request
            wish = make(id_, cap=cap, worst=worst, budget=name, alias=name)
            answer = await store.admit(wish)
            assert answer.verdict is verdict(spent, reserved, wish.need, cap, expected=expected)
            if answer.verdict is Verdict.ADMITTED and cost is not None:
                await store.settle(settlement(id_, cost, budget=name, alias=name))
