"""Look now and then for calls that nobody settled, and book them. Runs as long as the proxy.

Every process of a gateway does it, for all of them: a killed one cannot. Whoever
comes first books; the store sees to it that nobody books twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeAlias

from aspire_ledger.recovering import Logged, Recovered, expire
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import Reservation

LOG = logging.getLogger("aspire_ledger")
Log: TypeAlias = Callable[[Sequence[Reservation]], Awaitable[Mapping[str, Logged]]]


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
