"""Amounts as whole nano-AUD: sums are exact in every database, and in any order.

A nano-AUD is a billionth of a dollar; a single token of the cheapest model costs
some hundred of them. 64 bits hold nine billion dollars.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from typing import NewType

from aspire_ledger.money import Aud

NanoAud = NewType("NanoAud", int)

_NANO = Decimal(1_000_000_000)
_EXACT = Context(prec=60)
_CENT = Decimal("0.01")


def nano(amount: Aud) -> NanoAud:
    """Return an amount in whole nano-AUD, rounded half to even."""
    return NanoAud(int(_EXACT.multiply(amount, _NANO).to_integral_value(ROUND_HALF_EVEN)))


def aud(amount: NanoAud) -> Aud:
    """Return whole nano-AUD as dollars, exactly."""
    return Aud(_EXACT.divide(Decimal(amount), _NANO))


def cost_in_nano(usd: Decimal, usd_per_aud: Decimal) -> NanoAud:
    """Convert a cost at a rate. Rounds up, so that many tiny calls never cost nothing."""
    dollars = _EXACT.divide(usd, usd_per_aud)
    return NanoAud(int(_EXACT.multiply(dollars, _NANO).to_integral_value(ROUND_CEILING)))


def shown(amount: NanoAud) -> str:
    """Return an amount for people: `12.34`, in dollars and cents."""
    return str(aud(amount).quantize(_CENT, ROUND_HALF_EVEN))
