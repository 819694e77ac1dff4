"""What the rest of the program is told of failed calls, parameters and prices."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import (
    Failures,
    PriceDifference,
    PriceDifferences,
    UnlistedParameter,
)
from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable
from aspire_ledger.store import Store
from aspire_ledger.values import FailedCalls, SeenParameter
from ledger_support.calls import NOON, settlement
from ledger_support.memory_store import MemoryStore

Run = Callable[..., Any]
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
NEXT_MONTH = NOON + timedelta(days=20)


@pytest.fixture
def reading(store: Store, run: Run) -> Iterator[LedgerReading]:
    ledger = LedgerReading(SecretStr("unused"), lambda _: store)
    yield ledger
    run(ledger.close())


def test_failed_calls_of_all_days_add_up_and_the_most_frequent_come_first(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    days = [f"2026-{month}-{day:02}" for month in (10, 11) for day in (1, 15, 30)]
    run(store.count_failures([FailedCalls(day, "wiki", "chat", "eu", "5xx") for day in days]))
    run(store.count_failures([FailedCalls(days[-1], "crm", "chat", "eu", "429", 9)]))
    assert run(reading.failures(FIRST, LAST)) == [
        Failures("crm", "chat", "eu", "429", 9),
        Failures("wiki", "chat", "eu", "5xx", 3),
    ]


def test_more_rows_than_one_page_are_all_read(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    rows = [FailedCalls("2026-11-20", f"a{n}", "chat", "eu", "5xx") for n in range(2500)]
    run(store.count_failures(rows))
    assert len(run(reading.failures(FIRST, LAST))) == 2500


def test_unlisted_parameters_of_all_days_add_up(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    days = ("2026-11-01", "2026-11-30", "2026-12-01")
    seen = [SeenParameter(day, "wiki", "chat", "acompletion", "top_k", "passed") for day in days]
    run(store.count_parameters(seen))
    assert run(reading.unlisted_parameters(FIRST, LAST)) == [
        UnlistedParameter("wiki", "chat", "acompletion", "top_k", "passed", 2)
    ]


def test_prices_that_the_gateway_computes_otherwise_are_told(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    for number, figure in enumerate(("0.5", "0.51", "0", "0.9")):
        run(store.settle(settlement(f"r{number}", 10**9, reported_usd=Decimal(figure))))
    found = run(reading.price_differences("2026-11", most=1))
    assert (found.calls, [each.request_id for each in found.worst]) == (2, ["r2"])
    (worst,) = found.worst
    assert (worst.alias, worst.deployment) == ("chat", "chat.eu")
    assert (worst.booked, worst.reported) == (Decimal("0.5"), 0)
    assert isinstance(worst, PriceDifference)
    assert run(reading.price_differences("2026-11", share=Decimal("0.01"))).calls == 3
    assert run(reading.price_differences("2026-12")) == PriceDifferences()


def test_lines_say_which_row_answered_and_whether_they_are_estimates(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    run(store.settle(settlement("r1", estimated=True)))
    (line,) = run(reading.entries("lab"))
    assert (line.request_id, line.deployment, line.estimated) == ("r1", "chat.eu", True)


def test_the_digest_of_a_closing_that_is_told_covers_every_column(
    store: Store, run: Run, reading: LedgerReading
) -> None:
    run(store.settle(settlement("r1")))
    _, digest = run(reading.close_month("2026-11", NEXT_MONTH))
    (closing,) = run(store.closings())
    assert digest == closing.full_digest != closing.digest


def test_what_is_wrong_and_what_to_do_stay_apart(store: Store, run: Run) -> None:
    reading = LedgerReading(SecretStr("unused"), lambda _: store)
    with pytest.raises(LedgerRefused) as refused:
        run(reading.close_month("november", NEXT_MONTH))
    assert refused.value.message == "invalid month 'november'"
    assert refused.value.help == "write it as 2026-11"


def test_a_store_that_is_away_is_told_with_its_help(run: Run) -> None:
    away = MemoryStore()
    away.away = True
    with pytest.raises(LedgerUnavailable) as unavailable:
        run(LedgerReading(SecretStr("unused"), lambda _: away).totals("2026-11"))
    assert unavailable.value.message == "the ledger in memory cannot answer"
    assert unavailable.value.help == "try again"
