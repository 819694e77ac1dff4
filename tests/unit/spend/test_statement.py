"""A statement is the sum of its lines, whichever way they are added up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.spend import Cap, month_named
from aspire_gitops.spend.statement import Statement, statement_of
from aspire_ledger.money import Aud
from support.booked_lines import Booked, sums_of

NOVEMBER = month_named("2026-11", ZoneInfo("Australia/Sydney"))
NOW = datetime(2026, 12, 2, tzinfo=UTC)
START = datetime(2026, 11, 3, tzinfo=UTC)

amounts = st.decimals(Decimal(-50), Decimal(50), places=9).map(Aud)
names = st.sampled_from(["a", "b", "c"])
rates = st.sampled_from([Decimal("0.6512"), Decimal("0.66")])


@st.composite
def lines(draw: st.DrawFn) -> list[Booked]:
    """Return calls, corrections and adjustments in any order."""
    found = []
    for number in range(draw(st.integers(0, 20))):
        at = START + timedelta(hours=number)
        line = Booked(number, at, draw(names), draw(amounts))
        if draw(st.booleans()):
            line = replace(line, is_adjustment=True, reason="an invoice (mia)")
        else:
            line = replace(
                line,
                app=draw(names),
                alias=draw(names),
                provider=draw(names),
                usd_per_aud=draw(rates),
                is_call=draw(st.booleans()),
            )
        found.append(line)
    return found


def made(found: list[Booked], totals: dict[str, Aud] | None = None) -> Statement:
    return statement_of(sums_of(found, totals), {}, month=NOVEMBER, now=NOW)


def totals_of(found: list[Booked]) -> dict[str, Aud]:
    sums: dict[str, Aud] = {}
    for line in found:
        sums[line.budget] = Aud(sums.get(line.budget, Decimal(0)) + line.aud)
    return sums


@given(lines())
def test_every_way_of_adding_up_gives_the_same(found: list[Booked]) -> None:
    statement = made(found)
    whole = sum((line.aud for line in found), Decimal(0))
    assert statement.spent == whole
    for parts in (statement.apps, statement.aliases, statement.providers, statement.rates):
        assert sum((part.aud for part in parts), Decimal(0)) + statement.adjusted == whole


@given(lines())
def test_totals_that_are_the_sum_of_the_lines_differ_in_nothing(found: list[Booked]) -> None:
    assert made(found, totals_of(found)).differences == ()


@given(lines().filter(bool), st.decimals(Decimal("0.000000001"), 9, places=9))
def test_a_total_that_is_wrong_by_anything_is_named(found: list[Booked], wrong: Decimal) -> None:
    totals = totals_of(found)
    budget = found[0].budget
    totals[budget] = Aud(totals[budget] + wrong)
    [difference] = made(found, totals).differences
    assert f'budget "{budget}"' in difference


@given(lines().filter(bool))
def test_the_digest_moves_with_any_amount(found: list[Booked]) -> None:
    first = replace(found[0], aud=Aud(found[0].aud + Decimal("0.000000001")))
    assert made([first, *found[1:]]).digest != made(found).digest


def test_the_digest_does_not_depend_on_when_the_statement_was_made() -> None:
    found = [Booked(1, START, "a", Aud(Decimal(3)), "shop", "chat", "acme", is_call=True)]
    later = statement_of(sums_of(found), {}, month=NOVEMBER, now=NOW + timedelta(days=9))
    assert later.digest == made(found).digest


def test_what_is_left_is_the_cap_without_calls_and_adjustments() -> None:
    found = [
        Booked(1, START, "a", Aud(Decimal("12.50")), "shop", "chat", "acme", is_call=True),
        Booked(2, START, "a", Aud(Decimal("-2.50")), is_adjustment=True),
    ]
    cap = Cap("a", Aud(Decimal(100)), "Australia/Sydney", ("shop",), ())
    [line] = statement_of(sums_of(found), {"a": cap}, month=NOVEMBER, now=NOW).budgets
    assert (line.opening, line.spent, line.closing) == (Decimal(100), Decimal(10), Decimal(90))
