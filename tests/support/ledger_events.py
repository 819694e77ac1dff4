"""What LiteLLM tells the ledger's callback, without LiteLLM: shapes recorded from it."""

from typing import Any

from aspire_gitops.ledger.litellm.prices import PriceList
from aspire_gitops.ledger.litellm.till import Caller
from support.ledger_real import PRICES, account


async def price_list(alias: str) -> PriceList | None:
    return PriceList(PRICES, {"timeout": 60}) if alias == "chat" else None


def caller(**more: Any) -> Caller:
    return Caller("shop.main", account("shop", "1", **more), "/v1/chat/completions")


def event(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a success event brings for a request, as far as it is read."""
    payload = {
        "id": "chatcmpl_1",
        "call_type": "acompletion",
        "model_group": "chat",
        "model": "openai/gpt-x",
        "custom_llm_provider": "openai",
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "metadata": {"user_api_key_auth_metadata": account("shop", "1")},
    }
    return {
        "response_cost": 8.999999999999999e-05,
        "litellm_params": {"metadata": data.get("litellm_metadata") or data["metadata"]},
        "standard_logging_object": payload,
        **more,
    }
