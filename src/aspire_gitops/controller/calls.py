"""Ask the ledger what calls did beside costing money. Three questions, and none stops a turn."""

from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

import structlog

from aspire_gitops.errors import LedgerRefused, LedgerUnavailable
from aspire_gitops.spending.calls import (
    WORST,
    AliasFailures,
    CallReport,
    by_alias,
    by_app,
    days_until,
)
from aspire_gitops.spending.months import timezone_of
from aspire_gitops.spending.record import Failures, PriceDifferences, UnlistedParameter
from aspire_ledger.money import Month

_log = structlog.get_logger("aspire_gitops.spending")

Answer = TypeVar("Answer")


class CallLedger(Protocol):
    """What the ledger counts of calls; `ledger_reading` implements it."""

    async def failures(self, since: date, until: date) -> Sequence[Failures]: ...

    async def unlisted_parameters(
        self, since: date, until: date
    ) -> Sequence[UnlistedParameter]: ...

    async def price_differences(self, month: str, *, most: int) -> PriceDifferences: ...


async def ask_about_calls(ledger: CallLedger, month: Month, now: datetime) -> CallReport:
    """Return what the ledger tells. What it does not tell is None, and the report says why.

    Comparing the prices of a month may take the database a second, so ask seldom.
    """
    since, until = days_until(now, timezone_of(month))
    problems: list[str] = []
    failures = await _told(_failures(ledger, since, until), "failed calls", problems)
    found = await _told(ledger.unlisted_parameters(since, until), "unlisted parameters", problems)
    compared = ledger.price_differences(str(month), most=WORST)
    prices = await _told(compared, "price differences", problems)
    return CallReport(
        at=now,
        month=str(month),
        since=since,
        until=until,
        failures=failures,
        parameters=None if found is None else by_app(found),
        prices=prices,
        problem="\n".join(problems),
    )


async def _failures(ledger: CallLedger, since: date, until: date) -> tuple[AliasFailures, ...]:
    lately = await ledger.failures(since, until)
    return by_alias(lately, await ledger.failures(until, until))


async def _told(asked: Awaitable[Answer], what: str, problems: list[str]) -> Answer | None:
    # One of them may be missing alone: a role that may not read a table, a month too long.
    try:
        return await asked
    except (LedgerUnavailable, LedgerRefused) as error:
        _log.warning("the ledger does not tell something of calls", what=what, why=str(error))
        problems.append(f"{what} are not known: {error}")
        return None
