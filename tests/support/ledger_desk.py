"""A till without LiteLLM in the room: what LiteLLM tells it are shapes recorded from it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aspire_gitops.ledger.admission import Gatekeeper
from aspire_gitops.ledger.booking import Booking
from aspire_gitops.ledger.litellm.prices import PriceList, Tariffs
from aspire_gitops.ledger.litellm.settings import Unmarked
from aspire_gitops.ledger.litellm.till import Caller, Till
from aspire_gitops.ledger.values import Counted
from support.ledger_real import CHAT_AUD, PRICES, account

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHAT_NANO = int(CHAT_AUD * 10**9)


class Desk:
    """A till on a file, with a clock that a test sets."""

    def __init__(self, store: Booking, unmarked: Unmarked = Unmarked.REFUSE) -> None:
        self.store, self.now = store, NOW
        self.gate = Gatekeeper(store, clock=lambda: self.now, patience_s=0.1)
        self.till = Till(
            self.gate,
            Tariffs(price_list),
            unmarked,
            grace=timedelta(seconds=30),
            clock=lambda: self.now,
        )

    async def admitted(
        self, call_type: str = "acompletion", *, by: Caller | None = None, **body: Any
    ) -> dict[str, Any]:
        data = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "metadata": {}}
        data |= body
        await self.till.admit(by or caller(), call_type, data)
        return data

    async def booked(self) -> list[tuple[str, int]]:
        return [(entry.kind.value, entry.cost) for entry in await self.store.entries()]

    async def counted(self) -> list[Counted]:
        return [entry.counted for entry in await self.store.entries()]


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
