"""What a ledger promises, in memory and in PostgreSQL alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from aspire_ledger.amounts import NanoAud
from aspire_ledger.audit import Difference, close_month, compare_with_log, forget_entries, verify
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import Logged, expire
from aspire_ledger.rows import OTHER_PARAMETERS
from aspire_ledger.store import Store, StoreRefused
from aspire_ledger.values import (
    Adjustment,
    Counted,
    EntryKind,
    FailedCalls,
    SeenParameter,
    Share,
    Verdict,
)
from ledger_support.calls import COUNTED, NOON, call, fair, request, settlement

Run = Callable[..., Any]
LATER = NOON + timedelta(hours=1)
NEXT_MONTH = NOON + timedelta(days=20)


def standing(store: Store, run: Run, month: str = "2026-11") -> tuple[int, int, int]:
    """Return spent, reserved and calls of the only budget."""
    totals = run(store.totals(month))
    if not totals:
        return 0, 0, 0
    (total,) = totals
    return total.spent, total.reserved, total.calls


def kinds(store: Store, run: Run) -> list[tuple[str, int]]:
    return [(entry.kind.value, entry.cost) for entry in run(store.entries())]


# ── admission ────────────────────────────────────────────────────────────────


def test_a_call_that_fits_is_admitted_and_reserved(store: Store, run: Run) -> None:
    answer = run(store.admit(request(worst=10)))
    assert (answer.verdict, answer.spent, answer.reserved) == (Verdict.ADMITTED, 0, 10)
    assert standing(store, run) == (0, 10, 0)


def test_the_last_call_that_fits_exactly_is_admitted(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=20, worst=10)))
    assert run(store.admit(request("r2", cap=20, worst=10))).verdict is Verdict.ADMITTED


def test_a_call_waits_while_calls_under_way_hold_what_it_needs(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=15, worst=10)))
    answer = run(store.admit(request("r2", cap=15, worst=10)))
    assert (answer.verdict, answer.spent, answer.reserved) == (Verdict.WAIT, 0, 10)
    assert standing(store, run) == (0, 10, 0)


def test_a_call_is_refused_when_the_money_is_spent(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=15, worst=10)))
    run(store.settle(settlement("r1", 10)))
    answer = run(store.admit(request("r2", cap=15, worst=10)))
    assert (answer.verdict, answer.spent) == (Verdict.REFUSED, 10)


def test_a_first_call_that_needs_more_than_the_cap_is_refused(store: Store, run: Run) -> None:
    assert run(store.admit(request(cap=9, worst=10))).verdict is Verdict.REFUSED
    assert run(store.totals("2026-11")) == []


def test_a_cap_of_zero_refuses_the_first_call(store: Store, run: Run) -> None:
    assert run(store.admit(fair(cap=0))).verdict is Verdict.REFUSED


def test_a_raised_cap_counts_for_the_next_call(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=10, worst=10)))
    assert run(store.admit(request("r2", cap=20, worst=10))).verdict is Verdict.ADMITTED


def test_asking_twice_for_one_call_reserves_once(store: Store, run: Run) -> None:
    run(store.admit(request()))
    again = run(store.admit(request()))
    assert (again.verdict, again.expected) == (Verdict.ADMITTED, 10)
    assert standing(store, run) == (0, 10, 0)


def test_an_id_that_was_booked_is_not_admitted_again(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(store.settle(settlement()))
    assert run(store.admit(request())).verdict is Verdict.REPEATED


def test_a_fair_call_takes_what_is_left_when_it_needs_more(store: Store, run: Run) -> None:
    answer = run(store.admit(fair(cap=7, worst=10)))
    assert (answer.verdict, answer.reserved, answer.expected) == (Verdict.ADMITTED, 7, 10)


def test_a_fair_call_reserves_what_such_calls_lately_cost(store: Store, run: Run) -> None:
    run(store.admit(fair("r1", worst=500)))
    run(store.settle(settlement("r1", 4)))
    answer = run(store.admit(fair("r2", worst=500)))
    assert (answer.reserved, run(store.estimate("wiki", "chat"))) == (4, 4)


def test_a_strict_call_reserves_its_worst_case_whatever_was_learned(store: Store, run: Run) -> None:
    run(store.admit(fair("r1", worst=500)))
    run(store.settle(settlement("r1", 4)))
    assert run(store.admit(request("r2", worst=500))).reserved == 500


def test_what_is_learned_of_one_alias_says_nothing_of_another(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 4, alias="small")))
    assert run(store.admit(fair("r2", worst=500, alias="large"))).reserved == 500


def test_a_dear_call_is_believed_at_once_and_a_cheap_one_by_and_by(store: Store, run: Run) -> None:
    for number, cost in enumerate((4, 1600, 0)):
        run(store.settle(settlement(f"r{number}", cost)))
    assert run(store.estimate("wiki", "chat")) == 1500


def test_apps_share_a_budget(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=15, worst=10, app="wiki")))
    assert run(store.admit(request("r2", cap=15, worst=10, app="crm"))).verdict is Verdict.WAIT


def test_budgets_do_not_share(store: Store, run: Run) -> None:
    run(store.admit(request("r1", cap=15, worst=10, budget="lab")))
    answer = run(store.admit(request("r2", cap=15, worst=10, budget="shop")))
    assert answer.verdict is Verdict.ADMITTED


def test_a_new_month_begins_with_nothing_spent(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 1000)))
    answer = run(store.admit(request("r2", worst=10, at=NEXT_MONTH)))
    assert (answer.verdict, answer.spent) == (Verdict.ADMITTED, 0)


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b", "'); DROP TABLE entries; --", "ä€𝄞"])
def test_whatever_a_caller_calls_an_alias_is_booked(store: Store, run: Run, odd: str) -> None:
    run(store.admit(request(alias=odd)))
    assert run(store.settle(settlement(alias=odd))).fresh


def test_absurd_amounts_are_held_within_what_the_database_can_say(store: Store, run: Run) -> None:
    answer = run(store.admit(request(cap=10**40, worst=10**30)))
    assert answer.verdict is Verdict.ADMITTED


# ── settlement ───────────────────────────────────────────────────────────────


def test_settling_frees_the_reservation_and_books_the_cost(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    booked = run(store.settle(settlement(cost=7)))
    assert (booked.kind, booked.cost, booked.spent) == (EntryKind.SETTLED, 7, 7)
    assert standing(store, run) == (7, 0, 1)


def test_an_entry_says_everything_that_is_known_of_the_call(store: Store, run: Run) -> None:
    run(store.admit(request()))
    figure = Decimal("0.0000000042")
    run(store.settle(settlement(cost=8, settled_at=LATER, reported_usd=figure, estimated=True)))
    (entry,) = run(store.entries())
    assert (entry.request_id, entry.kind, entry.at) == ("r1", EntryKind.SETTLED, LATER)
    assert (entry.month, entry.day) == ("2026-11", "2026-11-20")
    assert (entry.budget, entry.app, entry.alias, entry.key) == ("lab", "wiki", "chat", "wiki.key")
    assert (entry.provider, entry.model, entry.cost) == ("acme", "chat-1", 8)
    assert (str(entry.usd), str(entry.usd_per_aud)) == ("4.0E-9", "0.5")
    assert (entry.counted, entry.note) == (COUNTED, "")
    assert (entry.deployment, entry.call_type) == ("chat.eu", "acompletion")
    assert (entry.reported_usd, entry.estimated) == (figure, True)


@pytest.mark.parametrize(
    ("figure", "kept"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param(Decimal("NaN"), None, id="no number"),
        pytest.param(Decimal("-Infinity"), None, id="without end"),
        pytest.param(Decimal(0), Decimal(0), id="zero"),
        pytest.param(Decimal("-1.5"), Decimal("-1.5"), id="below zero"),
        pytest.param(Decimal("9e999999"), Decimal(10**9), id="absurd"),
        pytest.param(Decimal("1e-999999"), Decimal(0), id="absurdly small"),
        pytest.param(Decimal("1E+3"), Decimal(1000), id="an exponent"),
    ],
)
def test_whatever_the_gateway_computed_the_database_can_calculate_with_it(
    store: Store, run: Run, figure: Decimal | None, kept: Decimal | None
) -> None:
    run(store.settle(settlement(reported_usd=figure)))
    assert [entry.reported_usd for entry in run(store.entries())] == [kept]
    run(store.price_differences("2026-11", permille=50, most=10))


def test_settling_twice_books_once(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(store.settle(settlement(cost=7)))
    again = run(store.settle(settlement(cost=9)))
    assert (again.fresh, again.spent) == (False, 7)
    assert standing(store, run) == (7, 0, 1)


def test_a_call_that_nobody_admitted_is_booked_as_that(store: Store, run: Run) -> None:
    booked = run(store.settle(settlement(cost=7)))
    assert (booked.kind, standing(store, run)) == (EntryKind.UNADMITTED, (7, 0, 1))


def test_a_call_that_nobody_admitted_is_booked_once(store: Store, run: Run) -> None:
    run(store.settle(settlement(cost=7)))
    assert not run(store.settle(settlement(cost=7))).fresh
    assert standing(store, run) == (7, 0, 1)


def test_a_call_keeps_the_month_of_its_admission(store: Store, run: Run) -> None:
    run(store.admit(request()))
    booked = run(store.settle(settlement(at=NEXT_MONTH)))
    assert (booked.month, run(store.totals("2026-12"))) == ("2026-11", [])


def test_releasing_frees_and_books_nothing(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(store.release("r1", LATER))
    run(store.release("r1", LATER))
    assert (standing(store, run), kinds(store, run)) == ((0, 0, 0), [])


def test_a_cost_that_comes_after_a_release_is_not_lost(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(store.release("r1", LATER))
    run(store.settle(settlement(cost=7)))
    assert kinds(store, run) == [("unadmitted", 7)]


def test_releasing_what_was_settled_changes_nothing(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(store.settle(settlement(cost=7)))
    run(store.release("r1", LATER))
    assert standing(store, run) == (7, 0, 1)


# ── warnings ─────────────────────────────────────────────────────────────────


def test_each_percentage_is_crossed_once(store: Store, run: Run) -> None:
    crossed = [
        run(store.settle(settlement(f"r{n}", 300, warn=(50, 80, 95)))).crossed for n in range(5)
    ]
    assert crossed == [(), (50,), (80,), (95,), ()]


def test_one_call_may_cross_several_percentages(store: Store, run: Run) -> None:
    assert run(store.settle(settlement(cost=1000, warn=(50, 80, 100)))).crossed == (50, 80, 100)


def test_a_percentage_counts_when_it_is_reached_exactly(store: Store, run: Run) -> None:
    assert run(store.settle(settlement(cost=500, warn=(50, 51)))).crossed == (50,)


def test_admitted_calls_cross_percentages_too(store: Store, run: Run) -> None:
    run(store.admit(request(worst=600)))
    assert run(store.settle(settlement(cost=600, warn=(50,)))).crossed == (50,)


def test_a_new_month_warns_anew(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 600, warn=(50,))))
    assert run(store.settle(settlement("r2", 600, warn=(50,), at=NEXT_MONTH))).crossed == (50,)


# ── crashes ──────────────────────────────────────────────────────────────────


def test_a_call_that_nobody_settled_is_booked_as_reserved(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    recovered = run(expire(store, LATER))
    assert [booked.cost for booked in recovered.as_expected] == [10]
    assert (standing(store, run), kinds(store, run)) == ((10, 0, 1), [("recovered", 10)])


def test_a_call_that_was_given_less_than_it_may_cost_is_recovered_in_full(
    store: Store, run: Run
) -> None:
    run(store.admit(fair(cap=3, worst=10)))
    run(expire(store, LATER))
    assert kinds(store, run) == [("recovered", 10)]


def test_calls_whose_time_is_not_over_are_left_alone(store: Store, run: Run) -> None:
    run(store.admit(request()))
    run(expire(store, NOON + timedelta(minutes=9)))
    assert standing(store, run) == (0, 10, 0)


def test_the_gateways_log_knows_better_what_a_lost_call_cost(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    recovered = run(expire(store, LATER, {"r1": Logged(settlement(cost=3).usd)}))
    assert [booked.cost for booked in recovered.as_logged] == [3]


def test_a_lost_call_that_failed_costs_nothing(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    recovered = run(expire(store, LATER, {"r1": Logged(settlement(cost=0).usd)}))
    assert (recovered.released, standing(store, run)) == (1, (0, 0, 0))


def test_a_cost_that_comes_after_all_corrects_what_was_recovered(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    run(expire(store, LATER))
    booked = run(store.settle(settlement(cost=4)))
    assert (booked.kind, booked.cost, booked.spent) == (EntryKind.CORRECTED, -6, 4)
    assert standing(store, run) == (4, 0, 1)


def test_what_was_recovered_is_corrected_once(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    run(expire(store, LATER))
    run(store.settle(settlement(cost=4)))
    assert not run(store.settle(settlement(cost=4))).fresh
    assert kinds(store, run) == [("recovered", 10), ("corrected", -6)]


def test_a_failure_that_is_heard_of_late_gives_back_what_was_recovered(
    store: Store, run: Run
) -> None:
    run(store.admit(request(worst=10)))
    run(expire(store, LATER))
    run(store.release("r1", LATER))
    assert (standing(store, run), kinds(store, run)) == (
        (0, 0, 1),
        [("recovered", 10), ("corrected", -10)],
    )


def test_a_correction_brings_the_differences_and_is_no_estimate(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    log = {"r1": Logged(Decimal("0.000000002"), Counted(1, cache_write_tokens=2, tool_uses=20))}
    run(expire(store, LATER, log))
    run(store.settle(settlement(cost=3, reported_usd=Decimal("0.000000005"))))
    recovered, corrected = run(store.entries())
    assert (recovered.estimated, corrected.estimated) == (True, False)
    assert (recovered.reported_usd, corrected.reported_usd) == (
        Decimal("0.000000002"),
        Decimal("0.000000003"),
    )
    assert (corrected.deployment, corrected.call_type) == ("chat.eu", "acompletion")
    units = Counted(2, 1, 4, 5, 6, 9, 12, 13, 14, 15, 16, 17, -2)
    assert corrected.counted == units


def test_what_was_recovered_as_expected_says_that_it_is_an_estimate(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    run(expire(store, LATER))
    (entry,) = run(store.entries())
    assert (entry.estimated, entry.reported_usd) == (True, None)


def test_each_budget_says_how_much_is_estimated_and_not_corrected(store: Store, run: Run) -> None:
    for number, budget in enumerate(("lab", "lab", "shop")):
        run(store.settle(settlement(f"r{number}", 5, budget=budget, estimated=True)))
    run(store.settle(settlement("r3", 100)))
    run(store.admit(request("r4", worst=10)))
    run(expire(store, LATER))
    lab, shop = Share("lab", NanoAud(20), 3), Share("shop", NanoAud(5), 1)
    assert list(run(store.estimated("2026-11"))) == [lab, shop]
    run(store.settle(settlement("r4", 4)))
    assert list(run(store.estimated("2026-11"))) == [Share("lab", NanoAud(10), 2), shop]


def test_how_much_was_estimated_outlives_the_entries(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5, estimated=True)))
    run(close_month(store, "2026-11", NEXT_MONTH))
    run(forget_entries(store, "2026-11"))
    assert list(run(store.estimated("2026-11"))) == [Share("lab", NanoAud(5), 1)]


def test_recovering_what_was_settled_meanwhile_changes_nothing(store: Store, run: Run) -> None:
    run(store.admit(request()))
    (reservation,) = run(store.expired(LATER))
    run(store.settle(settlement(cost=4)))
    assert not run(store.recover(reservation, settlement(cost=10))).fresh
    assert kinds(store, run) == [("settled", 4)]


@pytest.mark.slow
def test_a_new_process_finds_what_the_old_one_left(
    postgres_store: PostgresStore, run: Run, ledger_database_url: str
) -> None:
    run(postgres_store.admit(request()))
    other = PostgresStore(ledger_database_url)
    run(other.settle(settlement(cost=7)))
    run(other.close())
    assert standing(postgres_store, run) == (7, 0, 1)


# ── people ───────────────────────────────────────────────────────────────────


def adjustment(cost: int, id_: str = "a1", month: str = "2026-11") -> Adjustment:
    return Adjustment(id_, "lab", month, NanoAud(cost), "invoice 7", "ada@example.com", LATER)


@pytest.mark.parametrize("cost", [250, -250])
def test_a_person_books_an_invoice_or_a_refund(store: Store, run: Run, cost: int) -> None:
    run(store.adjust(adjustment(cost)))
    (entry,) = run(store.entries())
    assert (entry.kind, entry.note) == (EntryKind.ADJUSTED, "invoice 7 (ada@example.com)")
    assert standing(store, run) == (cost, 0, 0)


def test_adjusting_twice_with_one_id_books_once(store: Store, run: Run) -> None:
    run(store.adjust(adjustment(5)))
    assert not run(store.adjust(adjustment(5))).fresh


def test_spending_is_told_by_app_alias_provider_and_budget(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5, app="wiki")))
    run(store.settle(settlement("r2", 6, app="crm")))
    run(store.settle(settlement("r3", 7, app="crm", alias="ocr")))
    assert list(run(store.spent_by("2026-11", "app"))) == [
        Share("crm", NanoAud(13), 2),
        Share("wiki", NanoAud(5), 1),
    ]
    assert [share.name for share in run(store.spent_by("2026-11", "alias"))] == ["chat", "ocr"]
    assert list(run(store.spent_by("2026-11", "provider"))) == [Share("acme", NanoAud(18), 3)]
    assert list(run(store.spent_by("2026-11", "budget"))) == [Share("lab", NanoAud(18), 3)]


def test_each_day_has_what_its_calls_cost_and_no_invoice(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5)))
    run(store.settle(settlement("r2", 6, at=NOON + timedelta(hours=12))))  # after midnight there
    run(store.adjust(adjustment(100)))
    assert list(run(store.daily("lab", "2026-11"))) == [
        Share("2026-11-20", NanoAud(5), 1),
        Share("2026-11-21", NanoAud(6), 1),
    ]


def test_entries_are_read_by_month_and_budget_and_page(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1")))
    run(store.settle(settlement("r2", budget="shop")))
    run(store.settle(settlement("r3", at=NEXT_MONTH)))

    def ids(**which: Any) -> list[str]:
        return [entry.request_id for entry in run(store.entries(**which))]

    assert (ids(month="2026-11"), ids(budget="shop")) == (["r1", "r2"], ["r2"])
    first, *_ = run(store.entries())
    assert ids(after=first.number) == ["r2", "r3"]


# ── closing ──────────────────────────────────────────────────────────────────


def test_a_closed_month_keeps_its_sums(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5)))
    closing = run(close_month(store, "2026-11", NEXT_MONTH))
    assert (closing.entries, closing.shares["budget"]) == (1, (Share("lab", NanoAud(5), 1),))
    assert list(run(store.closings())) == [closing]


def test_closing_twice_changes_nothing(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5)))
    closing = run(close_month(store, "2026-11", NEXT_MONTH))
    assert run(close_month(store, "2026-11", NEXT_MONTH + timedelta(days=1))) == closing


@pytest.mark.parametrize("month", ["2026-12", "2027-01"])
def test_a_month_that_is_not_over_is_not_closed(store: Store, run: Run, month: str) -> None:
    with pytest.raises(StoreRefused, match="not over yet in all timezones"):
        run(close_month(store, month, NEXT_MONTH))


def test_a_month_with_calls_under_way_is_not_closed(store: Store, run: Run) -> None:
    run(store.admit(request()))
    with pytest.raises(StoreRefused, match="1 calls of 2026-11 are under way"):
        run(close_month(store, "2026-11", NEXT_MONTH))
    assert list(run(store.closings())) == []


def test_an_invalid_month_is_refused(store: Store, run: Run) -> None:
    with pytest.raises(StoreRefused) as caught:
        run(close_month(store, "november", NEXT_MONTH))
    refused = caught.value
    assert (refused.message, refused.help) == ("invalid month 'november'", "write it as 2026-11")
    assert str(refused) == "invalid month 'november'; write it as 2026-11"


def test_what_a_person_books_in_a_closed_month_counts_for_the_next(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5)))
    run(close_month(store, "2026-11", NEXT_MONTH))
    assert run(store.adjust(adjustment(-3))).month == "2026-12"
    assert run(store.entries(month="2026-12"))[0].note.endswith("(of 2026-11, closed)")


def test_a_correction_of_a_closed_month_counts_for_the_next(store: Store, run: Run) -> None:
    run(store.admit(request(worst=10)))
    run(expire(store, LATER))
    run(close_month(store, "2026-11", NEXT_MONTH))
    booked = run(store.settle(settlement(cost=4)))
    assert (booked.month, booked.cost) == ("2026-12", -6)
    assert run(verify(store)).ok


def test_entries_of_an_open_month_are_not_forgotten(store: Store, run: Run) -> None:
    run(store.settle(settlement()))
    with pytest.raises(StoreRefused, match="2026-11 is not closed"):
        run(forget_entries(store, "2026-11"))


def test_totals_and_shares_outlive_the_entries(store: Store, run: Run) -> None:
    run(store.settle(settlement("r1", 5)))
    run(close_month(store, "2026-11", NEXT_MONTH))
    assert run(forget_entries(store, "2026-11")) == 1
    assert run(store.entries()) == []
    assert standing(store, run) == (5, 0, 1)
    assert list(run(store.spent_by("2026-11", "app"))) == [Share("wiki", NanoAud(5), 1)]
    assert run(verify(store)).ok


# ── verification ─────────────────────────────────────────────────────────────


def test_an_untouched_ledger_is_verified(store: Store, run: Run) -> None:
    run(store.admit(request("r1")))
    run(store.settle(settlement("r2")))
    verified = run(verify(store))
    assert (verified.ok, verified.checked) == (True, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        pytest.param(
            "UPDATE aspire_ledger.totals SET spent = 1",
            Difference("spent", "lab", "2026-11", 7, 1),
            id="a total that somebody lowered",
        ),
        pytest.param(
            "UPDATE aspire_ledger.totals SET reserved = 0",
            Difference("reserved", "lab", "2026-11", 10, 0),
            id="a reservation that somebody let go",
        ),
        pytest.param(
            "DELETE FROM aspire_ledger.reservations",
            Difference("reserved", "lab", "2026-11", 0, 10),
            id="a reservation that somebody deleted",
        ),
        pytest.param(
            "UPDATE aspire_ledger.totals SET calls = 2",
            Difference("calls", "lab", "2026-11", 1, 2),
            id="a number of calls that somebody changed",
        ),
        pytest.param(
            "DELETE FROM aspire_ledger.totals",
            Difference("spent", "lab", "2026-11", 7, 0),
            id="a total that somebody deleted",
        ),
    ],
)
def test_a_difference_is_told_with_what_it_must_be(
    postgres_store: PostgresStore, run: Run, tampering: str, difference: Difference
) -> None:
    run(postgres_store.settle(settlement("r1", 7)))
    run(postgres_store.admit(request("r2")))
    run(postgres_store.change(tampering, {}))
    assert difference in run(verify(postgres_store)).differences


def test_the_gateways_log_is_compared_call_by_call(store: Store, run: Run) -> None:
    for number in (1, 2, 3):
        run(store.settle(settlement(f"r{number}", 10)))
    log = [("r1", settlement(cost=10).usd), ("r2", settlement(cost=900).usd)]
    found = run(compare_with_log(store, "2026-11", [*log, ("r9", settlement(cost=1).usd)]))
    assert [each.request_id for each in found.log_differences] == ["r2", "r3", "r9"]
    assert [each.booked is None for each in found.log_differences] == [False, False, True]


def test_a_corrected_call_agrees_with_the_log(store: Store, run: Run) -> None:
    run(store.admit(request("r1", worst=10)))
    run(expire(store, LATER))
    run(store.settle(settlement("r1", 4)))
    found = run(compare_with_log(store, "2026-11", [("r1", settlement(cost=4).usd)]))
    assert found.log_differences == ()


def test_the_log_is_compared_with_our_price_which_the_gateway_counts(
    store: Store, run: Run
) -> None:
    booked = settlement("r1", 100, reported_usd=Decimal("0.001"))
    run(store.settle(booked))
    found = run(compare_with_log(store, "2026-11", [("r1", booked.usd)]))
    assert found.log_differences == ()
    (difference,) = run(
        compare_with_log(store, "2026-11", [("r1", 2 * booked.usd)])
    ).log_differences
    assert (difference.logged, difference.booked) == (2 * booked.usd, booked.usd)


def test_of_an_estimate_the_log_need_only_have_the_call(store: Store, run: Run) -> None:
    """The gateway estimates otherwise, or logs a failed call at nothing."""
    run(store.settle(settlement("r1", 100, estimated=True)))
    assert run(compare_with_log(store, "2026-11", [("r1", Decimal(0))])).log_differences == ()
    (difference,) = run(compare_with_log(store, "2026-11", [])).log_differences
    assert difference.logged is None


@pytest.mark.parametrize("log", [{}, {"r1": Logged(Decimal("0.000000007"))}], ids=["no", "logged"])
def test_a_corrected_call_is_compared_by_its_sum(
    store: Store, run: Run, log: dict[str, Logged]
) -> None:
    run(store.admit(request("r1", worst=10)))
    run(expire(store, LATER, log))
    run(store.settle(settlement("r1", 4)))
    found = run(compare_with_log(store, "2026-11", [("r1", settlement(cost=4).usd)]))
    assert found.log_differences == ()
    (difference,) = run(compare_with_log(store, "2026-11", [("r1", Decimal(1))])).log_differences
    assert difference.booked == settlement(cost=4).usd


# ── the gateway's own figures ────────────────────────────────────────────────


def differing(store: Store, run: Run, permille: int = 50) -> list[tuple[str, int]]:
    found = run(store.price_differences("2026-11", permille=permille, most=2))
    return [(row[0], row[-1]) for row in found]


def test_calls_that_the_gateway_prices_otherwise_are_counted_and_the_worst_are_named(
    store: Store, run: Run
) -> None:
    for number, figure in enumerate(("0.5", "0.52", "0.53", "0", "0.9")):
        usd = Decimal(figure)
        run(store.settle(settlement(f"r{number}", 10**9, reported_usd=usd)))
    run(store.settle(settlement("unknown", 10**9)))
    run(
        store.settle(settlement("earlier", 10**9, at=NOON - timedelta(40), reported_usd=Decimal(9)))
    )
    assert differing(store, run) == [("r3", 3), ("r4", 3)]
    assert differing(store, run, permille=500) == [("r3", 1)]


def test_a_difference_below_a_nano_dollar_is_rounding(store: Store, run: Run) -> None:
    run(store.settle(settlement(cost=1, reported_usd=Decimal(0))))
    assert differing(store, run) == []


def test_a_corrected_call_is_judged_by_both_entries(store: Store, run: Run) -> None:
    run(store.admit(request("r1", worst=10**9, cap=10**12)))
    run(expire(store, LATER, {"r1": Logged(Decimal("0.5"))}))
    run(store.settle(settlement("r1", 2 * 10**9, reported_usd=Decimal("0.99"))))
    assert differing(store, run) == []
    assert differing(store, run, permille=5) == [("r1", 1)]


# ── counts ───────────────────────────────────────────────────────────────────


def failed(alias: str = "chat", outcome: str = "429", calls: int = 1, day: int = 20) -> FailedCalls:
    return FailedCalls(f"2026-11-{day}", "wiki", alias, "chat.eu", outcome, calls)


def seen(parameter: str = "top_k", calls: int = 1, **more: str) -> SeenParameter:
    given = {"day": "2026-11-20", "app": "wiki", "alias": "chat", "call_type": "acompletion", "outcome": "refused", **more}  # fmt: skip
    return SeenParameter(parameter=parameter, calls=calls, **given)


def test_failed_calls_of_one_kind_add_up(store: Store, run: Run) -> None:
    run(store.count_failures([failed(calls=2), failed("ocr"), failed(calls=3)]))
    run(store.count_failures([failed(), failed(outcome="5xx"), failed(day=21)]))
    assert list(run(store.failures("2026-11-20", "2026-11-20"))) == [
        failed(calls=6),
        failed(outcome="5xx"),
        failed("ocr"),
    ]
    assert list(run(store.failures("2026-11-21", "2026-12-01"))) == [failed(day=21)]


def test_unlisted_parameters_of_one_kind_add_up(store: Store, run: Run) -> None:
    run(store.count_parameters([seen(calls=2), seen(outcome="passed"), seen()]))
    run(store.count_parameters([seen(), seen("user_id")]))
    assert list(run(store.seen_parameters("2026-11-01", "2026-11-30"))) == [
        seen(outcome="passed"),
        seen(calls=4),
        seen("user_id"),
    ]


def test_counting_nothing_is_fine(store: Store, run: Run) -> None:
    run(store.count_failures([]))
    run(store.count_parameters([]))
    assert run(store.failures("", "9")) == run(store.seen_parameters("", "9")) == []


def test_counts_are_read_in_pages(store: Store, run: Run) -> None:
    run(store.count_failures([failed(f"a{number:04}") for number in range(1005)]))
    first = run(store.failures("2026-11-01", "2026-11-30"))
    second = run(store.failures("2026-11-01", "2026-11-30", first[-1]))
    assert (len(first), [each.alias for each in second]) == (
        1000,
        [f"a{number:04}" for number in range(1000, 1005)],
    )


@pytest.mark.parametrize("size", [1, 499, 700])
def test_a_caller_who_makes_up_parameters_does_not_fill_the_disk(
    store: Store, run: Run, size: int
) -> None:
    names = [f"made_up_{number:04}" for number in range(499)]
    run(store.count_parameters([seen(name) for name in names]))
    flood = [seen(f"flood_{number:04}") for number in range(size)]
    run(store.count_parameters(flood))
    run(store.count_parameters([seen("late"), seen(names[0]), seen("other", app="crm")]))
    found = run(store.seen_parameters("2026-11-20", "2026-11-20"))
    counted = {(each.app, each.parameter): each.calls for each in found}
    assert len(found) == 502  # 500 of the first app, the others of it together, and another app's
    assert counted["wiki", OTHER_PARAMETERS] == size
    assert counted["wiki", names[0]] == 2
    assert counted["crm", "other"] == 1


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b", "'); DROP TABLE entries; --", "ä€𝄞", '"}', ""])
def test_whatever_a_caller_calls_a_parameter_is_counted(store: Store, run: Run, odd: str) -> None:
    run(store.count_parameters([seen(odd), seen("𝄞" * 5000, alias="𝄞" * 5000, app="𝄞" * 5000)]))
    long, short = sorted(run(store.seen_parameters("", "9")), key=lambda each: -len(each.parameter))
    assert (len(long.parameter), short.parameter) == (
        128,
        odd.replace("\0", "?").replace("\ud800", "?"),
    )


# ── what is counted is kept for so long ──────────────────────────────────────


def test_counts_of_days_before_are_forgotten_and_the_others_kept(store: Store, run: Run) -> None:
    days = ("2025-10-01", "2025-10-15", "2025-10-16")
    run(store.count_failures([FailedCalls(day, "wiki", "chat", "eu", "5xx") for day in days]))
    run(store.count_parameters([replace(seen("top_k"), day=day) for day in days]))
    assert run(store.forget_counts("2025-10-16")) == 4
    assert [each.day for each in run(store.failures("", "9"))] == ["2025-10-16"]
    assert [each.day for each in run(store.seen_parameters("", "9"))] == ["2025-10-16"]


# ── tables ───────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize(
    "tampering",
    ["UPDATE aspire_ledger.entries SET nano_aud = 0", "DELETE FROM aspire_ledger.entries"],
)
def test_the_database_itself_refuses_to_change_an_entry(
    postgres_store: PostgresStore, run: Run, tampering: str
) -> None:
    run(postgres_store.settle(settlement()))
    with pytest.raises(StoreRefused, match="refuses"):
        run(postgres_store.change(tampering, {}))
    assert kinds(postgres_store, run) == [("unadmitted", 10)]


def test_call_describes_its_month() -> None:
    assert call(at=NEXT_MONTH).month == "2026-12"
