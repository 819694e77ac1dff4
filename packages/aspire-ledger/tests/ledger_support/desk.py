"""A call handler without LiteLLM in the room: what LiteLLM tells it are shapes recorded from it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aspire_ledger.account import Unmarked
from aspire_ledger.admission import Gatekeeper
from aspire_ledger.card import FIELD, Card, read_card
from aspire_ledger.contract import contract_of
from aspire_ledger.litellm.call_handler import CallHandler
from aspire_ledger.litellm.front import Exchange
from aspire_ledger.litellm.open_call import Caller, marked_id
from aspire_ledger.store import Store
from aspire_ledger.values import Counted, Entry
from ledger_support.cards import chat_card

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHAT_AUD = Decimal("0.00018")  # 10 tokens at 1 USD and 20 at 4 USD a million, 0.5 USD an AUD
CHAT_NANO = int(CHAT_AUD * 10**9)
HI = [{"role": "user", "content": "hi"}]
CHAT_CARD = chat_card(
    price={"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "4"},
    timeout_s=60,
)
# Names that LiteLLM has a meaning for, as far as tests need them.
MEANINGS = frozenset({"timeout", "api_base", "litellm_credential_name", "mock_response"})


class Desk:
    """A handler on a store, with a clock that a test sets and the rows under each alias."""

    def __init__(
        self, store: Store, unmarked: Unmarked = Unmarked.REFUSE, *, late_s: float = 10.0
    ) -> None:
        self.store, self.now = store, NOW
        self.rows: dict[str, list[dict[str, Any] | None]] = {"chat": [CHAT_CARD]}
        self.gate = Gatekeeper(store, clock=lambda: self.now, patience_s=0.1)
        self.handler = CallHandler(
            self.gate,
            self._cards,
            unmarked,
            grace=timedelta(seconds=30),
            meanings=MEANINGS,
            clock=lambda: self.now,
            late_s=late_s,
        )
        self.exchange: Exchange | None = None

    async def admitted(
        self, call_type: str = "acompletion", *, by: Caller | None = None, **body: Any
    ) -> dict[str, Any]:
        sent = {"model": "chat", "messages": HI, **body}
        sent = {name: value for name, value in sent.items() if value is not ...}
        data = {**sent, "metadata": {}}
        contract = contract_of(call_type)
        self.exchange = exchange(call_type, sent) if contract else None
        await self.handler.admit(by or caller(), call_type, data, self.exchange)
        return data

    def chosen(self, data: dict[str, Any], card: Mapping[str, Any] | None = None) -> None:
        """Let LiteLLM choose a row: the alias's first, or one with another card."""
        info = {"id": "row-1", FIELD: card or self.rows[data["model"]][0]}
        notes = {**data["metadata"], "model_group": data["model"]}
        self.handler.chosen({**data, "metadata": notes, "model_info": info})

    async def end(self, data: Mapping[str, Any], *, waits_s: float = 0.0) -> None:
        """Let the answer's last byte be sent, and wait for what the handler does then."""
        self.handler.ended(id_of(data))
        await asyncio.sleep(waits_s)
        while self.handler._tasks:
            await asyncio.gather(*self.handler._tasks)

    async def booked(self) -> list[tuple[str, int]]:
        return [(entry.kind.value, entry.cost) for entry in await self.store.entries()]

    async def counted(self) -> list[Counted]:
        return [entry.counted for entry in await self.store.entries()]

    async def entry(self) -> Entry:
        (entry,) = await self.store.entries()
        return entry

    async def standing(self) -> tuple[int, int]:
        """Return what the budget has spent and set aside this month."""
        (total,) = await self.store.totals("2026-11")
        return total.spent, total.reserved

    async def _cards(self, alias: str) -> Sequence[Card | None]:
        return [read_card(row) if row else None for row in self.rows.get(alias, [])]


def account(app: str, monthly_aud: Decimal | str, **more: Any) -> dict[str, Any]:
    """Return the metadata that the controller writes on an app's key."""
    return {
        "aspire_gitops": {"owner": "test"},
        "app": app,
        "owner": "team@example.com",
        "budget": f"{app}-budget",
        "monthly_aud": str(monthly_aud),
        "usd_per_aud": "0.5",
        "timezone": "Australia/Sydney",
        "warn_at_percent": [50, 80],
        "disable_fallbacks": True,
        **more,
    }


def exchange(call_type: str, body: Mapping[str, Any], content_type: str = "") -> Exchange:
    """Return a request as the front saw it and LiteLLM parsed it."""
    contract = contract_of(call_type)
    assert contract is not None
    headers = [(b"content-type", (content_type or "application/json").encode())]
    scope = {"type": "http", "headers": headers, "parsed_body": (tuple(body), dict(body))}
    return Exchange(scope, contract)


def caller(models: Sequence[str] = ("chat", "other"), aud: str = "1", **more: Any) -> Caller:
    return paying(account("shop", aud, **more), models)


def paying(metadata: Mapping[str, Any], models: Sequence[str] = ("chat", "other")) -> Caller:
    async def may_call(alias: str) -> bool:
        return alias in models

    return Caller("shop.main", metadata, "/v1/chat/completions", models, may_call)


def event(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a success event brings for a request, as far as it is read."""
    payload = {
        "id": "chatcmpl_1",
        "call_type": "acompletion",
        "model_group": "chat",
        "model": "openai/gpt-x",
        "model_id": "row-1",
        "custom_llm_provider": "openai",
        "metadata": {
            "user_api_key_auth_metadata": account("shop", "1"),
            "usage_object": {"prompt_tokens": 10, "completion_tokens": 20},
        },
    }
    return {
        "response_cost": 8.999999999999999e-05,
        "litellm_params": {
            "metadata": data.get("litellm_metadata") or data["metadata"],
            "model_info": {"id": "row-1", FIELD: CHAT_CARD},
        },
        "standard_logging_object": payload,
        **more,
    }


def reporting(data: dict[str, Any], usage: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Return an event whose provider reported this usage."""
    found = event(data, **more)
    found["standard_logging_object"]["metadata"]["usage_object"] = usage
    return found


def id_of(data: Mapping[str, Any]) -> str:
    return marked_id(data)


def usd(text: str) -> int:
    """Return nano-AUD for US dollars at the desk's rate, 0.5 USD an AUD."""
    return int(Decimal(text) / Decimal("0.5") * 10**9)
