"""The callback: LiteLLM asks it before a call and tells it what became of the call.

`litellm.call_handler` does the work, `litellm.front` sees requests as they come and
`litellm.running` asks the proxy. `hook` opens it for LiteLLM, by the machine's clock
and its environment.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from secrets import token_hex
from socket import gethostname
from typing import Any, TypeAlias

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

from aspire_ledger.admission import Gatekeeper
from aspire_ledger.litellm import running
from aspire_ledger.litellm.call_handler import CallHandler, Declined
from aspire_ledger.litellm.events import read_ended, watched
from aspire_ledger.litellm.failures import keep_writing
from aspire_ledger.litellm.front import Front, current
from aspire_ledger.litellm.open_call import Caller, marked_id
from aspire_ledger.litellm.presence import Presence
from aspire_ledger.litellm.refusals import Refusal
from aspire_ledger.litellm.settings import LedgerSettings, read_settings
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.recovery import keep_recovering
from aspire_ledger.store import Store
from aspire_ledger.tables import NEWEST_FORMAT
from aspire_ledger.values import Process

Clock: TypeAlias = Callable[[], datetime]

PARAMETER = "MONTHLY_BUDGET_AUD"
_RECOVER_EVERY_S = 30.0
_ENDED = "aspire_ledger_ended"  # what was read of an event, on its way to the next hook
_COUNT_EVERY_S = 10.0
_STORE_TIMEOUT_S = 5.0  # LiteLLM's event loop stands still for seconds when 64 clients begin


def open_ledger(
    environment: Mapping[str, str], *, clock: Clock = lambda: datetime.now(UTC)
) -> "Ledger":
    """Open the store that the environment names, and begin to look for lost calls.

    `clock` decides which month a call pays from, and when a lost one is given up.

    Raises:
        WrongSetting: A variable is missing or wrong. The proxy must not start.
    """
    settings = read_settings(environment)
    return Ledger(PostgresStore(settings.url, timeout_s=_STORE_TIMEOUT_S), settings, clock)


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
        running.ask_providers_once()
        running.notice_made_up_usage()
        gate = Gatekeeper(store, clock=clock, allow_for_s=settings.allow_for.total_seconds())
        meanings = running.meanings()
        self._handler = CallHandler(
            gate,
            running.cards,
            settings.unmarked,
            grace=settings.grace,
            late_s=settings.late.total_seconds(),
            meanings=meanings,
            clock=clock,
        )
        self._recovery = _begin_recovering(store, settings, clock)
        if self._recovery:
            presence = _presence(store, settings)
            running.stand_in_front(
                lambda app: Front(app, self._handler.ended, meanings, presence.answer)
            )
            running.at_shutdown(presence.leave)
            self._presence = asyncio.get_running_loop().create_task(presence.keep())
            self._counting = asyncio.get_running_loop().create_task(
                keep_writing(self._handler.tallies, store, clock, every_s=_COUNT_EVERY_S)
            )

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
            models=key.models or [],
            may_call=lambda alias: running.may_call(key, alias),
        )
        try:
            await self._handler.admit(caller, call_type, data, current.get())
        except Declined as declined:
            raise _answer(declined.refusal) from None
        return data

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Look at the row that was chosen, or raise the answer."""
        del call_type
        try:
            self._handler.chosen(kwargs)
        except Declined as declined:
            raise _answer(declined.refusal) from None
        return kwargs

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """Look at a stream as it passes."""
        del user_api_key_dict
        answer = self._handler.answer(marked_id(request_data))
        async for chunk in watched(response, answer) if answer else response:
            yield chunk

    async def async_post_call_success_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any
    ) -> Any:
        """Remember an answer, until LiteLLM tells of it."""
        del user_api_key_dict
        self._handler.answered(marked_id(data), response)
        return response

    async def async_logging_hook(
        self, kwargs: dict[str, Any], result: Any, call_type: str
    ) -> tuple[dict[str, Any], Any]:
        """Let LiteLLM's own spend be our price, before it is written: a provider may name another."""
        del call_type
        ended = read_ended(kwargs, result)
        running.set_cost(kwargs, self._handler.price(ended))
        kwargs[_ENDED] = ended
        return kwargs, result

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Book what a call cost."""
        del start_time, end_time
        ended = kwargs.pop(_ENDED, None) or read_ended(kwargs, response_obj)
        await self._handler.settle(ended)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Free what was set aside for a request that failed, or book it where nobody knows."""
        del user_api_key_dict, traceback_str
        exchange = current.get()
        call_id = marked_id(request_data) or (exchange.call_id if exchange else "")
        await self._handler.failed(call_id, original_exception)


def _answer(refusal: Refusal) -> ProxyException:
    return ProxyException(
        message=refusal.message,
        type=refusal.type,
        param=refusal.parameter or PARAMETER,
        code=refusal.status,
        headers=refusal.headers,
        provider_specific_fields=dict(refusal.facts),
    )


def _presence(store: Store, settings: LedgerSettings) -> Presence:
    # The host says which machine to look at, the rest tells two of its processes apart.
    facts = Process(
        id=f"{gethostname()[:60]}-{os.getpid()}-{token_hex(4)}",
        litellm_release=running.release_of("litellm"),
        ledger_release=running.release_of("aspire-ledger"),
        config_digest=settings.config_digest,
        file_digest="",
        schema_number=NEWEST_FORMAT,
        keys_without_mark=settings.unmarked.value,
        guard="on",
    )
    return Presence(
        store,
        facts,
        running.config_text,
        running.metadata_of_key,
        guard_is_on=lambda: running.is_in_front(Front),
    )


def _begin_recovering(
    store: Store, settings: LedgerSettings, clock: Clock
) -> "asyncio.Task[None] | None":
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # LiteLLM only validates its config
        return None
    every_s = min(_RECOVER_EVERY_S, settings.grace.total_seconds())
    return loop.create_task(keep_recovering(store, clock, running.logged_calls, every_s=every_s))
