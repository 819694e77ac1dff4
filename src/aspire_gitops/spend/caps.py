"""Caps as keys carry them: the ledger enforces a key's metadata.

Desired and live objects are the same type, so this reads both: what git asks
for, and what is in force. Damaged metadata gives no cap.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aspire_gitops.state import GatewayObject, ObjectKey
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Aud, Month


@dataclass(frozen=True, slots=True)
class Cap:
    """What one budget may spend a month, and whose keys carry it.

    `aud` includes the uplift while it lasts. Keys that disagree (after an apply
    that stopped halfway) give the lowest cap, which takes effect first.
    """

    budget: str
    aud: Aud
    timezone: str
    apps: tuple[str, ...]
    keys: tuple[ObjectKey, ...]
    warn_at_percent: tuple[int, ...] = ()


def caps_of(objects: Iterable[GatewayObject], now: datetime) -> Mapping[str, Cap]:
    """Return the cap of each budget that a key of `objects` names, sorted by budget."""
    found: dict[str, Cap] = {}
    for cap in _carried(objects, now):
        known = found.get(cap.budget)
        found[cap.budget] = _together(known, cap) if known else cap
    return dict(sorted(found.items()))


def month_of(caps: Mapping[str, Cap], now: datetime) -> Month | None:
    """Return the current month in the budgets' timezone; None if the timezone is unknown."""
    timezone = next((found for cap in caps.values() if (found := zone(cap.timezone))), None)
    return Month.containing(now, timezone) if timezone else None


def cap_of(item: GatewayObject, now: datetime) -> Aud | None:
    """Return the cap that a key carries at `now`, its uplift included; None if it carries none."""
    amount = _amount(item.fields.get("metadata.monthly_aud"))
    if amount is None:
        return None
    uplift = _amount(item.fields.get("metadata.uplift_aud"))
    until = _moment(item.fields.get("metadata.uplift_until"))
    return Aud(amount + uplift) if uplift and until and now < until else amount


def budget_of(item: GatewayObject) -> str:
    """Return the budget that pays for a key's calls; empty if it names none."""
    budget = item.fields.get("metadata.budget")
    return budget if isinstance(budget, str) else ""


def zone(name: str) -> ZoneInfo | None:
    """Return the timezone of that name, None if it does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _carried(objects: Iterable[GatewayObject], now: datetime) -> Iterator[Cap]:
    for item in objects:
        if item.mark is None and item.address is not None:
            continue  # a live key without a mark is not ours, whatever its metadata says
        budget, amount = budget_of(item), cap_of(item, now)
        timezone = item.fields.get("metadata.timezone")
        if budget and amount is not None and isinstance(timezone, str) and zone(timezone):
            app = item.fields.get("metadata.app")
            apps = (app,) if isinstance(app, str) else ()
            yield Cap(budget, amount, timezone, apps, (item.key,), _percentages(item))


def _together(one: Cap, other: Cap) -> Cap:
    lower = min(one, other, key=lambda cap: cap.aud)
    return Cap(
        one.budget,
        lower.aud,
        lower.timezone,
        tuple(sorted({*one.apps, *other.apps})),
        tuple(sorted({*one.keys, *other.keys})),
        lower.warn_at_percent,
    )


def _percentages(item: GatewayObject) -> tuple[int, ...]:
    found = item.fields.get("metadata.warn_at_percent")
    if not isinstance(found, list | tuple):
        return ()
    whole = {percent for percent in found if isinstance(percent, int) and 0 < percent <= 100}
    return tuple(sorted(whole))


def _amount(value: JsonValue) -> Aud | None:
    if not isinstance(value, str):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return Aud(amount) if amount.is_finite() and amount >= 0 else None


def _moment(value: JsonValue) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
