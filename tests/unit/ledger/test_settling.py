"""Costs that cannot be true are not booked; what was reserved is, with a note."""

from decimal import Decimal

import pytest

from aspire_gitops.ledger.amounts import NanoAud
from aspire_gitops.ledger.plausible import plausible

RATE = Decimal("0.5")
EXPECTED = NanoAud(1000)


@pytest.mark.parametrize(
    ("usd", "worst", "cost"),
    [
        pytest.param("0.0000002", 1000, 400, id="an ordinary cost"),
        pytest.param("0", 1000, 0, id="nothing: it came from a cache"),
        pytest.param("0.4", 1000, 800_000_000, id="too much, but less than a dollar"),
        pytest.param("25", 2_500_000_000, 50_000_000_000, id="twenty times the worst case"),
        pytest.param("900", None, 1_800_000_000_000, id="much, and nobody knows the worst case"),
    ],
)
def test_what_may_be_true_is_booked(usd: str, worst: int | None, cost: int) -> None:
    bound = None if worst is None else NanoAud(worst)
    found = plausible(Decimal(usd), RATE, expected=EXPECTED, worst=bound)
    assert (found.cost, found.usd, found.note) == (cost, Decimal(usd), "")


@pytest.mark.parametrize(
    ("usd", "note"),
    [
        pytest.param(None, "no cost was reported", id="none"),
        pytest.param("-0.01", "a cost of -0.01 USD was reported", id="negative"),
        pytest.param("NaN", "a cost of NaN USD was reported", id="not a number"),
        pytest.param("sNaN", "a cost of sNaN USD was reported", id="a signal"),
        pytest.param("Infinity", "a cost of Infinity USD was reported", id="infinite"),
        pytest.param("-Infinity", "a cost of -Infinity USD was reported", id="minus infinity"),
        pytest.param("1E+30", "a cost of 1.000e+30 USD was reported", id="more than there is"),
        pytest.param(
            "12.5",
            "a cost of 12.5 USD was reported, the worst case was 0.00 AUD",
            id="a slip of the decimal point",
        ),
    ],
)
def test_what_cannot_be_true_is_not(usd: str | None, note: str) -> None:
    reported = None if usd is None else Decimal(usd)
    found = plausible(reported, RATE, expected=EXPECTED, worst=NanoAud(1000))
    assert (found.cost, found.usd) == (EXPECTED, Decimal("5E-7"))
    assert found.note == f"{note}; booked what was reserved"
