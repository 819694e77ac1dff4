"""What a key says about who pays: read from the metadata that the controller wrote on it.

So a reviewed change of a cap is in force with the next call, without a restart.
Metadata that does not make sense is an error, never a guess: the call is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aspire_ledger.amounts import NanoAud, nano
from aspire_ledger.money import Aud, Month

MARK = "aspire_gitops"  # the key of our mark in a key's metadata; see `kinds.wire` of aspire_gitops


class Mode(StrEnum):
    """How a budget admits calls."""

    STRICT = "strict"  # the worst case is reserved: the cap is never exceeded
    FAIR = "fair"  # a learned estimate is reserved: nobody is refused while money is left


class Unmarked(StrEnum):
    """What a key gets that the controller did not make."""

    REFUSE = "refuse"
    ALLOW = "allow"  # its calls are not counted


class DamagedAccount(Exception):
    """The key's metadata does not say who pays. The call is refused; an operator must look."""


@dataclass(frozen=True, slots=True)
class Account:
    """One app and the budget that pays for it. Several apps may share a budget."""

    app: str
    budget: str
    cap: NanoAud
    usd_per_aud: Decimal
    timezone: ZoneInfo
    mode: Mode = Mode.FAIR
    warn_at_percent: tuple[int, ...] = ()

    def month(self, moment: datetime) -> Month:
        """Return the calendar month that a call at `moment` (aware) counts for."""
        return Month.containing(moment, self.timezone)

    def day(self, moment: datetime) -> str:
        """Return the day of `moment` (aware) where the budget lives: `2026-11-23`."""
        return moment.astimezone(self.timezone).date().isoformat()


def is_ours(metadata: Mapping[str, Any]) -> bool:
    """Say whether the controller made this key."""
    return MARK in metadata


def is_probe(metadata: Mapping[str, Any]) -> bool:
    """Say whether this is the controller's own key, by which it asks what a process runs."""
    return is_ours(metadata) and metadata.get("purpose") == "probe"


def read_account(metadata: Mapping[str, Any], now: datetime) -> Account:
    """Read a key's metadata.

    An uplift (`uplift_aud` until `uplift_until`, ISO) raises the cap while it lasts.

    Raises:
        DamagedAccount: Something is missing or makes no sense. Says what.
    """
    return Account(
        app=_text(metadata, "app"),
        budget=_text(metadata, "budget"),
        cap=NanoAud(nano(_amount(metadata, "monthly_aud")) + _uplift(metadata, now)),
        usd_per_aud=_rate(metadata),
        timezone=_timezone(metadata),
        mode=_mode(metadata),
        warn_at_percent=_percentages(metadata),
    )


def observes_until(metadata: Mapping[str, Any]) -> datetime | None:
    """Return until when unknown parameters of this app are counted instead of refused, or None."""
    text = metadata.get("unknown_parameters_until")
    try:
        until = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return until if until and until.tzinfo else None


def _uplift(metadata: Mapping[str, Any], now: datetime) -> int:
    if metadata.get("uplift_aud") is None:
        return 0
    text = _text(metadata, "uplift_until")
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        raise DamagedAccount(f"uplift_until is {text!r}, no moment with a timezone")
    return nano(_amount(metadata, "uplift_aud")) if now < until else 0


def _text(metadata: Mapping[str, Any], name: str) -> str:
    value = metadata.get(name)
    if not isinstance(value, str) or not value:
        raise DamagedAccount(f"{name} is missing")
    return value


def _amount(metadata: Mapping[str, Any], name: str) -> Aud:
    text = _text(metadata, name)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0):
        raise DamagedAccount(f"{name} is {text!r}, no amount")
    return Aud(amount)


def _rate(metadata: Mapping[str, Any]) -> Decimal:
    rate = _amount(metadata, "usd_per_aud")
    if rate == 0:
        raise DamagedAccount("usd_per_aud is 0")
    return rate


def _timezone(metadata: Mapping[str, Any]) -> ZoneInfo:
    name = _text(metadata, "timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DamagedAccount(f"timezone is {name!r}, and there is none of that name") from None


def _mode(metadata: Mapping[str, Any]) -> Mode:
    try:
        return Mode(metadata.get("budget_mode", Mode.FAIR))
    except ValueError:
        raise DamagedAccount(f"budget_mode is {metadata.get('budget_mode')!r}") from None


def _percentages(metadata: Mapping[str, Any]) -> tuple[int, ...]:
    found = metadata.get("warn_at_percent") or ()
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise DamagedAccount("warn_at_percent is no list")
    if not all(isinstance(percent, int) and 0 < percent <= 100 for percent in found):
        raise DamagedAccount("warn_at_percent holds something that is no percentage")
    return tuple(sorted(set(found)))
