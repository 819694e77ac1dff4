"""Whatever the amounts: rounding never favours the spender, and JSON gives back what was written."""

import json
from datetime import date
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aspire_ledger.canonical import canonical_json
from aspire_ledger.money import Aud, ExchangeRate, json_number, per_unit

amounts = st.integers(0, 10**18 - 1).map(lambda digits: Decimal(digits).scaleb(-9))
short_amounts = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(0, 10**15 - 1),
    st.integers(0, 15),
)


def rate(usd_per_aud: Decimal) -> ExchangeRate:
    return ExchangeRate(usd_per_aud, date(2026, 11, 20), "RBA F11.1", 45)


def written(value: object) -> Fraction:
    return Fraction(Decimal(json.dumps(value)))


@given(amounts, amounts)
def test_the_cap_that_the_gateway_reads_is_never_above_the_exact_product(
    cap: Decimal, usd_per_aud: Decimal
) -> None:
    exact = Fraction(cap) * Fraction(usd_per_aud)

    compiled = json_number(rate(usd_per_aud).cap_in_usd(Aud(cap)), rounding=ROUND_DOWN)

    assert written(compiled) <= exact
    assert exact - written(compiled) < Fraction(1, 10_000) + exact / 10**14


@given(amounts)
def test_a_price_is_never_written_lower_than_the_file_says(usd_per_million: Decimal) -> None:
    exact = Fraction(usd_per_million) / 1_000_000

    compiled = written(json_number(per_unit(usd_per_million), rounding=ROUND_UP))

    assert 0 <= compiled - exact <= exact / 10**14


@given(short_amounts, st.sampled_from([ROUND_UP, ROUND_DOWN]))
def test_an_amount_of_fifteen_digits_survives_json_unchanged(
    amount: Decimal, rounding: str
) -> None:
    text = canonical_json(json_number(amount, rounding=rounding))

    assert Decimal(text) == amount
    assert canonical_json(json.loads(text)) == text
