"""What LiteLLM says about a call that ended: its cost, its tokens, and the id that we gave it.

Shapes of one release (1.106.2), read with care: whatever is missing or of another
type is unknown, never an error, because the money was spent either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ID = "aspire_ledger"  # the key of our id in a request's metadata


@dataclass(frozen=True, slots=True)
class Ended:
    """One call that ended. `usd` is None when LiteLLM named no cost, and may be any float.

    `id` is what stood in its metadata: on a route that we do not admit it may be a
    client's invention. `answer_id` is LiteLLM's or the provider's, for a call that nobody
    admitted; `account` is then the key's metadata.
    """

    id: str
    answer_id: str
    call_type: str
    usd: Decimal | None
    alias: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cached: bool
    key: str
    account: Mapping[str, Any]


def read_ended(event: Mapping[str, Any]) -> Ended:
    """Read the `kwargs` of a success or failure event."""
    logged = _mapping(event.get("standard_logging_object"))
    metadata = _mapping(_mapping(event.get("litellm_params")).get("metadata"))
    key = _mapping(logged.get("metadata"))
    return Ended(
        id=_text(metadata.get(ID)),
        answer_id=_text(logged.get("id")),
        call_type=_text(logged.get("call_type")) or _text(event.get("call_type")),
        usd=_usd(event.get("response_cost", logged.get("response_cost"))),
        alias=_text(logged.get("model_group")) or _text(metadata.get("model_group")),
        provider=_text(logged.get("custom_llm_provider")),
        model=_text(logged.get("model")),
        input_tokens=_count(logged.get("prompt_tokens")),
        output_tokens=_count(logged.get("completion_tokens")),
        cached=logged.get("cache_hit") is True,
        key=_text(key.get("user_api_key_alias")) or _text(metadata.get("user_api_key_alias")),
        account=_mapping(
            key.get("user_api_key_auth_metadata") or metadata.get("user_api_key_auth_metadata")
        ),
    )


def _usd(found: object) -> Decimal | None:
    # Fifteen digits, all that a float can tell: 8.999999999999999e-05 was a sum of 0.00009.
    # An absurd one (nan, inf) goes on as it is; whoever books it judges.
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return Decimal(f"{found:.15g}")


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _count(found: object) -> int:
    return max(0, found) if isinstance(found, int) and not isinstance(found, bool) else 0
