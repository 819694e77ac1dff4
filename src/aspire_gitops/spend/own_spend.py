"""LiteLLM's own spend of each key beside the ledger's figure for it. Pure.

Both count the same calls, each by its own prices. LiteLLM's figure drives the
backstop: too high, LiteLLM refuses an app that has money left; too low, only the
ledger can stop the app.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from aspire_gitops.spend.caps import budget_of, cap_of, zone
from aspire_gitops.spend.month import plain
from aspire_gitops.state import GatewayObject, KeyFacts, ObjectKey, Snapshot
from aspire_ledger.money import Aud, Month

MARGIN: Final = Decimal("0.1")
"""How far the two may differ, as a fraction of the key's `max_budget`."""

_ABSURD: Final = Decimal(10) ** 15
_STEP: Final = Decimal("0.0001")
_COUNTED = "metadata.budget_mode"  # a key that carries it is counted by the ledger


class Verdict(StrEnum):
    HIGH = "high"  # LiteLLM refuses the app, or soon will, although the ledger has room
    LOW = "low"  # the backstop does not see what the ledger sees


@dataclass(frozen=True, slots=True)
class OwnSpend:
    """One key whose two figures differ too much. Amounts are US dollars."""

    key: ObjectKey
    address: str
    litellm: Decimal
    ledger: Decimal
    max_budget: Decimal
    verdict: Verdict


def own_spends(snapshot: Snapshot, owner: str) -> tuple[OwnSpend, ...]:
    """Return our keys whose two figures differ too much, by key.

    A key is compared if both sides count the same calendar month. Without an
    answer from the ledger nothing is compared.
    """
    if snapshot.booked is None:
        return ()
    keys = (item for item in snapshot.objects if item.mark and item.mark.owner == owner)
    found = (_compared(item, snapshot) for item in keys if _COUNTED in item.fields)
    return tuple(sorted((one for one in found if one), key=lambda one: (one.key, one.address)))


def usd_text(amount: Decimal) -> str:
    """Return US dollars for people: `1,234.50`, to a hundredth of a cent, whatever LiteLLM counted."""
    if abs(amount) >= _ABSURD:
        return f"{amount:.3e}"
    return f"{Decimal(plain(amount.quantize(_STEP))):,}"


def _compared(item: GatewayObject, snapshot: Snapshot) -> OwnSpend | None:
    facts = snapshot.facts_of(item)
    if facts is None or facts.spend is None or not facts.max_budget or facts.max_budget < 0:
        return None
    if not _same_month(item, facts, snapshot.taken_at):
        return None
    booked = (snapshot.booked or {}).get(item.handle, Decimal(0))
    spend, most = Decimal(str(facts.spend)), Decimal(str(facts.max_budget))
    verdict = _verdict(spend, booked, most, has_room=_has_room(item, snapshot))
    if verdict is None:
        return None
    return OwnSpend(item.key, item.address or "", spend, booked, most, verdict)


def _verdict(spend: Decimal, booked: Decimal, most: Decimal, *, has_room: bool) -> Verdict | None:
    if booked - spend > MARGIN * most:
        return Verdict.LOW
    is_high = spend > booked and (spend >= most or spend - booked > MARGIN * most)
    # If the ledger's own figure reaches the backstop, LiteLLM is right.
    return Verdict.HIGH if is_high and has_room and booked < most else None


def _same_month(item: GatewayObject, facts: KeyFacts, now: datetime) -> bool:
    name = item.fields.get("metadata.timezone")
    where = zone(name) if isinstance(name, str) else None
    if where is None or facts.resets_at is None:
        return False
    # A period that is over but not reset ends in the past; one of another length or
    # timezone ends at another moment.
    return facts.resets_at == Month.containing(now, where).end


def _has_room(item: GatewayObject, snapshot: Snapshot) -> bool:
    cap, spent = cap_of(item, snapshot.taken_at), snapshot.spent.get(budget_of(item), "0")
    return cap is not None and Aud(Decimal(spent)) < cap
