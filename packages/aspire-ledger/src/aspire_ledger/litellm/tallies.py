"""Count what no entry of the ledger tells: calls that failed, and parameters that no list has.

Kept in memory and written every few seconds. A killed process loses the last of them;
they are no money.
"""

import asyncio
import logging
from collections import Counter
from typing import Final, TypeVar

from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import FailedCalls, SeenParameter

LOG = logging.getLogger("aspire_ledger")
KeyT = TypeVar("KeyT")
_MOST: Final = 10_000  # different rows in memory; a caller may invent names


class Tallies:
    """The counts of one process since they were last written."""

    def __init__(self) -> None:
        self._failures: Counter[tuple[str, str, str, str, str]] = Counter()
        self._parameters: Counter[tuple[str, str, str, str, str, str]] = Counter()

    def failed(self, day: str, app: str, alias: str, deployment: str, outcome: str) -> None:
        _count(self._failures, (day, app, alias, deployment, outcome))

    def saw(
        self, *, day: str, app: str, alias: str, call_type: str, parameter: str, outcome: str
    ) -> None:
        _count(self._parameters, (day, app, alias, call_type, parameter, outcome))

    async def write(self, store: Store) -> None:
        """Add the counts to the store's, and begin anew. What it does not take is kept.

        Raises:
            StoreUnavailable: Try again.
        """
        failures, self._failures = self._failures, Counter()
        parameters, self._parameters = self._parameters, Counter()
        try:
            await store.count_failures([FailedCalls(*key, n) for key, n in failures.items()])
            failures = Counter()
            await store.count_parameters([SeenParameter(*key, n) for key, n in parameters.items()])
        except StoreUnavailable:
            self._failures += failures
            self._parameters += parameters
            raise


async def keep_writing(tallies: Tallies, store: Store, *, every_s: float) -> None:
    """Write the counts again and again. Never raises; says when it cannot."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await tallies.write(store)
        except (StoreUnavailable, StoreRefused) as problem:
            LOG.warning("the ledger cannot count failed calls now: %s", problem)
        except Exception:
            LOG.exception("counting failed calls failed")


def _count(counter: Counter[KeyT], key: KeyT) -> None:
    if key in counter or len(counter) < _MOST:
        counter[key] += 1
