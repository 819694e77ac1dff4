"""What each key spent of a month, at the rates of its own entries."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.ledger_reading import LedgerReading
from aspire_ledger.amounts import NanoAud
from aspire_ledger.store import Store
from aspire_ledger.values import Adjustment, Settlement
from ledger_support.calls import NOON, settlement

Run = Callable[..., Any]
Asked = Callable[[str], Mapping[str, tuple[Decimal, Decimal]]]


@pytest.fixture
def spent(store: Store, run: Run) -> Asked:
    """Ask as the controller does."""

    async def asked(month: str) -> Any:
        async with LedgerReading(SecretStr("unused"), lambda _: store) as ledger:
            return await ledger.spent_by_key(month)

    return lambda month: dict(run(asked(month)))


def cost(id_: str, key: str, aud: str, rate: str) -> Settlement:
    made = settlement(id_, int(Decimal(aud).scaleb(9)))
    return replace(made, call=replace(made.call, key=key, usd_per_aud=Decimal(rate)))


def test_a_key_has_the_sum_of_its_entries_in_both_currencies(
    store: Store, run: Run, spent: Asked
) -> None:
    run(store.settle(cost("r1", "shop.main", "10", "0.65")))
    run(store.settle(cost("r2", "shop.main", "0.000000001", "0.65")))
    run(store.settle(cost("r3", "blog.main", "4", "0.65")))
    assert spent("2026-11") == {
        "shop.main": (Decimal("6.50000000065"), Decimal("10.000000001")),
        "blog.main": (Decimal("2.60"), Decimal(4)),
    }


def test_each_entry_counts_at_its_own_rate(store: Store, run: Run, spent: Asked) -> None:
    run(store.settle(cost("r1", "shop.main", "10", "0.65")))
    run(store.settle(cost("r2", "shop.main", "10", "0.7")))
    assert spent("2026-11") == {"shop.main": (Decimal("13.5"), Decimal(20))}


def test_another_month_is_not_in_it(store: Store, run: Run, spent: Asked) -> None:
    run(store.settle(cost("r1", "shop.main", "10", "0.65")))
    assert spent("2026-10") == {}


def test_what_people_booked_by_hand_is_no_key_s(store: Store, run: Run, spent: Asked) -> None:
    given = ("a1", "lab", "2026-11", NanoAud(5), "refund", "ada@example.com", NOON)
    run(store.adjust(Adjustment(*given)))
    assert spent("2026-11") == {}
