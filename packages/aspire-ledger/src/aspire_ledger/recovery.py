"""Book what nobody settled in time: calls of a process that was killed.

A call that was answered is never lost. What the gateway's own log knows counts;
else what was expected, which is too much rather than too little, and says so.
Every process of a gateway looks for them, for all of them: a killed one cannot. The
first to come books; the store sees to it that nobody books twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from aspire_ledger.amounts import NanoAud, cost_in_nano
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import NO_UNITS, Booked, Counted, Reservation, Settlement

LOG = logging.getLogger("aspire_ledger")


@dataclass(frozen=True, slots=True)
class Logged:
    """What the gateway's log says of one call. `usd` is 0 for one that failed."""

    usd: Decimal
    counted: Counted = NO_UNITS


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of the reservations whose time was over."""

    as_logged: tuple[Booked, ...] = ()
    as_expected: tuple[Booked, ...] = ()
    released: int = 0  # the log says that they cost nothing


Log: TypeAlias = Callable[[Sequence[Reservation]], Awaitable[Mapping[str, Logged]]]


async def expire(store: Store, now: datetime, log: Mapping[str, Logged] | None = None) -> Recovered:
    """Book all reservations whose time is over.

    Args:
        store: Where they are.
        now: An aware moment.
        log: What the gateway's log says of calls, by request id. Who wants to look
            them up asks `store.expired` first.

    Raises:
        StoreUnavailable: Try again; what is done stays done.
    """
    known = log or {}
    logged: list[Booked] = []
    expected: list[Booked] = []
    released = 0
    while reservations := await store.expired(now):
        for each in reservations:
            found = known.get(each.call.id)
            if found is None:
                expected.append(await store.recover(each, _as_expected(each, now)))
            elif found.usd > 0:
                logged.append(await store.recover(each, _as_logged(each, found, now)))
            else:
                await store.release(each.call.id, now)
                released += 1
    return Recovered(_fresh(logged), _fresh(expected), released)


async def recover_once(store: Store, now: datetime, log: Log) -> Recovered:
    """Book what is overdue; the gateway's log is asked only if something is.

    Raises:
        StoreUnavailable: Try again; what is done stays done.
    """
    overdue = await store.expired(now)
    return await expire(store, now, await log(overdue)) if overdue else Recovered()


async def keep_recovering(
    store: Store, clock: Callable[[], datetime], log: Log, *, every_s: float
) -> None:
    """Recover now, and then again and again. Never raises; says when it cannot."""
    with suppress(StoreUnavailable, StoreRefused):  # the first look below says so
        await store.prepare()
    while True:
        try:
            _tell(await recover_once(store, clock(), log))
        except StoreUnavailable as problem:
            LOG.warning("the ledger cannot look for lost calls now: %s", problem)
        except Exception:
            LOG.exception("looking for lost calls failed")
        await asyncio.sleep(every_s)


def _tell(found: Recovered) -> None:
    if found.as_logged or found.as_expected or found.released:
        LOG.warning(
            "recovered calls that were never settled: %d as logged, %d as expected, %d failed",
            len(found.as_logged),
            len(found.as_expected),
            found.released,
        )


def _as_logged(reservation: Reservation, found: Logged, now: datetime) -> Settlement:
    return Settlement(
        reservation.call,
        cost_in_nano(found.usd, reservation.call.usd_per_aud),
        found.usd,
        now,
        counted=found.counted,
        note="never settled; cost as logged",
        reported_usd=found.usd,
        estimated=True,  # the log has the gateway's own figure, which nobody checked
    )


def _as_expected(reservation: Reservation, now: datetime) -> Settlement:
    cost = NanoAud(max(reservation.amount, reservation.expected))
    usd = Decimal(cost).scaleb(-9) * reservation.call.usd_per_aud
    note = "never settled; cost as expected"
    return Settlement(reservation.call, cost, usd, now, note=note, estimated=True)


def _fresh(booked: list[Booked]) -> tuple[Booked, ...]:
    return tuple(each for each in booked if each.fresh)
