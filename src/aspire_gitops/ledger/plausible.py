"""Whether a cost that the gateway reports can be true. Pure.

A negative cost would give money back, a NaN would poison every sum, and a slip
of the decimal point would stop an app for a month. None of them is booked.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from aspire_gitops.ledger.amounts import NanoAud, cost_in_nano, shown

_TIMES: Final = 20  # the worst case is an upper bound, so this many times it is no cost
_HARMLESS: Final = NanoAud(1_000_000_000)  # an Australian dollar


@dataclass(frozen=True, slots=True)
class Plausible:
    """What is booked, and why where that is not what was reported."""

    cost: NanoAud
    usd: Decimal
    note: str = ""


def plausible(
    usd: Decimal | None, usd_per_aud: Decimal, *, expected: NanoAud, worst: NanoAud | None
) -> Plausible:
    """Return what to book for a call whose cost was reported as `usd`, None for not at all.

    Args:
        usd: As the gateway reports it, US dollars.
        usd_per_aud: The rate in force.
        expected: What was reserved; booked instead of a cost that cannot be true.
        worst: The upper bound, or None where nobody knows it; then only signs are checked.
    """
    if usd is None:
        return _instead(expected, usd_per_aud, "no cost was reported")
    if not usd.is_finite() or usd < 0:
        return _instead(expected, usd_per_aud, f"a cost of {usd} USD was reported")
    if usd.adjusted() > _LARGEST_EXPONENT:
        return _instead(expected, usd_per_aud, f"a cost of {usd:.3e} USD was reported")
    cost = cost_in_nano(usd, usd_per_aud)
    if worst is not None and cost > max(worst * _TIMES, _HARMLESS):
        most = f"the worst case was {shown(worst)} AUD"
        return _instead(expected, usd_per_aud, f"a cost of {usd} USD was reported, {most}")
    return Plausible(cost, usd)


_LARGEST_EXPONENT: Final = 6  # ten million dollars for one call do not fit, and are not true


def _instead(expected: NanoAud, usd_per_aud: Decimal, why: str) -> Plausible:
    usd = Decimal(expected).scaleb(-9) * usd_per_aud
    return Plausible(expected, usd, f"{why}; booked what was reserved")
