"""How a call failed, and what it then cost; and counts of failed calls and of unlisted parameters.

A call cost nothing where the provider said no or was never reached; else nobody knows.
LiteLLM turns what happened into errors of its own and keeps the cause behind them. The
first cause that tells decides; classes are known by their names, so that no library has
to be loaded, and a class that nobody knows is an unknown end.

Counts are kept in memory and written every few seconds. A killed process loses the last
of them; they are no money.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import FailedCalls, SeenParameter

LOG = logging.getLogger("aspire_ledger")
KeyT = TypeVar("KeyT")
_KEPT: Final = timedelta(days=400)  # counts of failed calls and of unlisted parameters
_MOST: Final = 10_000  # different rows in memory; a caller may invent names
_LONGEST: Final = 16
_UNREACHABLE: Final = frozenset(
    {
        *("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "InvalidURL"),
        *("ClientConnectorError", "ClientConnectorDNSError", "ClientConnectorCertificateError"),
        *("ClientConnectorSSLError", "ConnectionTimeoutError", "ConnectionRefusedError"),
        *("LocalProtocolError",),
    }
)
_BROKEN: Final = frozenset(
    {
        *("ReadError", "WriteError", "RemoteProtocolError", "ServerDisconnectedError"),
        *("ClientPayloadError", "ClientOSError", "ConnectionResetError", "BrokenPipeError"),
        *("TransferEncodingError", "MidStreamFallbackError"),
    }
)
_TIMEOUTS: Final = frozenset(
    {"ReadTimeout", "WriteTimeout", "SocketTimeoutError", "ServerTimeoutError"}
)
# What libraries call a timeout of any kind, also that of a connection which never opened.
_SOME_TIMEOUT: Final = frozenset({"APITimeoutError", "Timeout"})
_CANCELLED: Final = frozenset({"CancelledError", "GeneratorExit"})
_OURS: Final = frozenset({"ProxyException", "HTTPException"})
# Statuses with which LiteLLM refuses by itself, before it asks anybody.
_REFUSED_HERE: Final = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})
_NEVER_SENT: Final = "client error (Connect)"  # LiteLLM's Rust client says it in words alone


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call failed. `is_free` says that it cannot have cost anything."""

    name: str  # 4xx, 429, 5xx, unreachable, refused, timeout, broken, cancelled or unknown
    is_free: bool


_UNKNOWN: Final = Outcome("unknown", is_free=False)


def outcome_of(error: BaseException | None) -> Outcome:
    """Return how a call failed, from the error that LiteLLM answers with."""
    found = [outcome for cause in _causes(error) if (outcome := _read(cause))]
    if found and found[0].name == "unreachable":
        # Some libraries call a connection that was reset an error of connecting.
        return next((each for each in found if each.name == "broken"), found[0])
    if found:
        return found[0]
    if any(type(cause).__name__ in _SOME_TIMEOUT for cause in _causes(error)):
        return Outcome("timeout", is_free=False)
    status = getattr(error, "status_code", None)
    if status in _REFUSED_HERE:
        return Outcome("refused", is_free=True)
    return _UNKNOWN


def _read(cause: BaseException) -> Outcome | None:
    names = {each.__name__ for each in type(cause).__mro__}
    if "HTTPStatusError" in names:
        return _answered(getattr(getattr(cause, "response", None), "status_code", None))
    if "RustUpstreamError" in names:
        return _answered_in_rust(cause)
    if names & _OURS:
        return Outcome("refused", is_free=True)
    for known, name, is_free in (
        (_UNREACHABLE, "unreachable", True),
        (_TIMEOUTS, "timeout", False),
        (_BROKEN, "broken", False),
        (_CANCELLED, "cancelled", False),
    ):
        if type(cause).__name__ in known:
            return Outcome(name, is_free=is_free)
    if type(cause) is RuntimeError and _NEVER_SENT in str(cause):
        return Outcome("unreachable", is_free=True)
    return None


def _answered(status: object) -> Outcome | None:
    if not isinstance(status, int) or not 400 <= status < 600:
        return None
    return Outcome("429" if status == 429 else f"{status // 100}xx", is_free=True)


def _answered_in_rust(cause: BaseException) -> Outcome:
    status = cause.args[0] if cause.args else None
    if status == 408:  # it says this of its own timeout as well
        return Outcome("timeout", is_free=False)
    return _answered(status) or _UNKNOWN


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_LONGEST):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


# ── counts ────────────────────────────────────────────────────────────────────


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


async def keep_writing(
    tallies: Tallies, store: Store, clock: Callable[[], datetime], *, every_s: float
) -> None:
    """Write the counts again and again, and forget old ones once a day.

    Never raises; says when it cannot.
    """
    forgotten_on: date | None = None
    while True:
        await asyncio.sleep(every_s)
        try:
            await tallies.write(store)
            today = clock().date()
            if today != forgotten_on:
                await store.forget_counts(str(today - _KEPT))
                forgotten_on = today
        except (StoreUnavailable, StoreRefused) as problem:
            LOG.warning("the ledger cannot count failed calls now: %s", problem)
        except Exception:
            LOG.exception("counting failed calls failed")


def _count(counter: Counter[KeyT], key: KeyT) -> None:
    if key in counter or len(counter) < _MOST:
        counter[key] += 1
