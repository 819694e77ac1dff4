"""The callback: LiteLLM asks it before a call and tells it what became of the call.

`litellm.till` does the work, `litellm.running` asks the proxy. `hook` opens it for
LiteLLM, by the machine's clock and its environment.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

from aspire_gitops.ledger.admission import Gatekeeper
from aspire_gitops.ledger.litellm import asked
from aspire_gitops.ledger.litellm.ended import read_ended
from aspire_gitops.ledger.litellm.prices import Tariffs
from aspire_gitops.ledger.litellm.recovery import keep_recovering
from aspire_gitops.ledger.litellm.refusals import Refusal
from aspire_gitops.ledger.litellm.running import logged_calls, price_list
from aspire_gitops.ledger.litellm.settings import LedgerSettings, read_settings
from aspire_gitops.ledger.litellm.till import Caller, Declined, Till
from aspire_gitops.ledger.opening import open_store
from aspire_gitops.ledger.store import Store

Clock: TypeAlias = Callable[[], datetime]

PARAMETER = "MONTHLY_BUDGET_AUD"
_RECOVER_EVERY_S = 30.0
_STORE_TIMEOUT_S = 5.0  # LiteLLM's event loop stands still for seconds when 64 clients begin


def open_ledger(
    environment: Mapping[str, str], *, clock: Clock = lambda: datetime.now(UTC)
) -> "Ledger":
    """Open the store that the environment names, and begin to look for lost calls.

    `clock` decides which month a call pays from, and when a lost one is given up.

    Raises:
        WrongSetting: A variable is missing or wrong. The proxy must not start.
        StoreUnavailable: SQLite's file cannot be opened.
    """
    settings = read_settings(environment)
    return Ledger(open_store(settings.url, timeout_s=_STORE_TIMEOUT_S), settings, clock)


class Ledger(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Admits each call before it starts and settles it when it ended.

    LiteLLM calls `async_pre_call_hook` only if the instance's own class defines it: a
    subclass that inherited it would be skipped in silence, and every call let through.
    """

    def __init_subclass__(cls) -> None:
        if "async_pre_call_hook" not in vars(cls):
            raise TypeError(f"{cls.__name__} must define async_pre_call_hook: LiteLLM skips it")

    def __init__(self, store: Store, settings: LedgerSettings, clock: Clock) -> None:
        super().__init__()
        # A caller may send `no-log`; LiteLLM would then not tell us what the call cost.
        litellm.global_disable_no_log_param = True
        gate = Gatekeeper(store, clock=clock, allow_for_s=settings.allow_for.total_seconds())
        tariffs = Tariffs(price_list)
        self._till = Till(gate, tariffs, settings.unmarked, grace=settings.grace, clock=clock)
        self._recovery = _begin_recovering(store, settings, clock)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Admit a call, or raise the answer to it."""
        del cache
        key = user_api_key_dict
        caller = Caller(
            key=key.key_alias or key.token or "",
            metadata=key.metadata or {},
            route=key.request_route or call_type,
        )
        try:
            await self._till.admit(caller, call_type, data)
        except Declined as declined:
            raise _answer(declined.refusal) from None
        return data

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Book what a call cost."""
        del start_time, end_time
        await self._till.settle(read_ended(kwargs, response_obj))

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Remember what a failed attempt cost. The request may yet succeed with another."""
        del response_obj, start_time, end_time
        await self._till.attempt_failed(read_ended(kwargs))

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Free what was set aside for a request that failed for good."""
        del original_exception, user_api_key_dict, traceback_str
        await self._till.release(asked.call_id(request_data))


def _answer(refusal: Refusal) -> ProxyException:
    return ProxyException(
        message=refusal.message,
        type=refusal.type,
        param=PARAMETER,
        code=refusal.status,
        headers=refusal.headers,
        provider_specific_fields=dict(refusal.facts),
    )


def _begin_recovering(
    store: Store, settings: LedgerSettings, clock: Clock
) -> "asyncio.Task[None] | None":
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # LiteLLM only validates its config
        return None
    every_s = min(_RECOVER_EVERY_S, settings.grace.total_seconds())
    return loop.create_task(keep_recovering(store, clock, logged_calls, every_s=every_s))
