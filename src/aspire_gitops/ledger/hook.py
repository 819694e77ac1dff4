"""What LiteLLM loads: the compiled `config.yaml` names `aspire_gitops.ledger.hook.ledger`.

The only module that imports LiteLLM. Importing it opens the ledger; if that cannot
be done the proxy does not start. `litellm.till` does the work.
"""

import os
from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

from aspire_gitops.ledger.litellm import asked, refusals
from aspire_gitops.ledger.litellm.ended import read_ended
from aspire_gitops.ledger.litellm.refusals import Refusal
from aspire_gitops.ledger.litellm.routes import COUNTED, FREE
from aspire_gitops.ledger.litellm.settings import read_settings
from aspire_gitops.ledger.litellm.till import Refused, Till
from aspire_gitops.ledger.opening import open_store

PARAMETER = "MONTHLY_BUDGET_AUD"


class Ledger(CustomLogger):  # type: ignore[misc]  # LiteLLM has no types
    """Admits each call before it starts and settles it when it ended.

    LiteLLM calls `async_pre_call_hook` only if the instance's own class defines it: a
    subclass that inherited it would be skipped in silence, and every call let through.
    """

    def __init_subclass__(cls) -> None:
        if "async_pre_call_hook" not in vars(cls):
            raise TypeError(f"{cls.__name__} must define async_pre_call_hook: LiteLLM skips it")

    def __init__(self, till: Till) -> None:
        super().__init__()
        self._till = till

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Admit a call, or raise the answer to it."""
        del cache
        try:
            await self._admit(user_api_key_dict, data, call_type)
        except Refused as refused:
            raise _answer(refused.refusal) from None
        return data

    async def _admit(self, key: Any, data: dict[str, Any], call_type: str) -> None:
        account = self._till.account(key.metadata or {})
        if account is None or call_type in FREE:
            return
        route = key.request_route or call_type
        if call_type not in COUNTED:
            raise Refused(refusals.uncounted(route))
        if objection := asked.objection(data, route):
            raise Refused(objection)
        call_id = await self._till.admit(account, data["model"], key.key_alias or key.token or "")
        asked.mark(data, call_id)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Book what a call cost."""
        del response_obj, start_time, end_time
        await self._till.settle(read_ended(kwargs))

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


def _opened() -> Ledger:
    settings = read_settings(os.environ)
    return Ledger(Till(open_store(settings.url), settings.unmarked))


ledger = _opened()
