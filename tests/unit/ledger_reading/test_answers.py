"""Who answered the last calls to an alias, and which calls nobody booked, as a real database tells."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import Unsettled
from aspire_ledger.postgres import PostgresStore
from ledger_support.calls import NOON, request, settlement

pytestmark = pytest.mark.slow


@pytest.fixture
def store(ledger_database_url: str, run: Any) -> Iterator[PostgresStore]:
    opened = PostgresStore(ledger_database_url)
    run(opened.prepare())
    yield opened
    run(opened.close())


@pytest.fixture
def reading(ledger_database_url: str, run: Any) -> Iterator[LedgerReading]:
    ledger = LedgerReading(SecretStr(ledger_database_url))
    yield ledger
    run(ledger.close())


def test_the_last_hundred_calls_are_counted_by_who_answered(
    store: PostgresStore, run: Any, reading: LedgerReading
) -> None:
    for number in range(130):
        who = "theirs" if number >= 100 and number % 3 == 0 else "gw.chat.1"
        run(store.settle(replace(settlement(f"c{number}"), deployment=who)))
    run(store.settle(settlement("other", alias="fast")))
    assert run(reading.answers("chat", NOON.date() - timedelta(days=2))) == {
        "gw.chat.1": 90,
        "theirs": 10,
    }
    assert run(reading.answers("chat", NOON.date() + timedelta(days=1))) == {}
    assert run(reading.newest_month()) == "2026-11"


def test_a_call_that_was_let_through_and_never_booked_is_found(
    store: PostgresStore, run: Any, reading: LedgerReading
) -> None:
    for name in ("lost", "booked"):
        run(store.admit(request(name, hold_s=60)))
    run(store.settle(settlement("booked")))
    assert run(reading.unsettled(NOON)) == []
    found = run(reading.unsettled(NOON + timedelta(minutes=5)))
    assert found == [Unsettled("wiki", "chat", 1, NOON)]


def test_an_empty_ledger_has_no_newest_month(
    store: PostgresStore, run: Any, reading: LedgerReading
) -> None:
    assert store
    assert run(reading.newest_month()) is None
