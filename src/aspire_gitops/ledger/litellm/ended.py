"""What LiteLLM says about a call that ended: its cost, its tokens, and the id that we gave it.

Shapes of one release (1.106.2), read with care: whatever is missing or of another
type is unknown, never an error, because the money was spent either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aspire_gitops.ledger.values import Counted

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
    counted: Counted
    key: str
    account: Mapping[str, Any]


def read_ended(event: Mapping[str, Any], answer: object = None) -> Ended:
    """Read the `kwargs` of a success or failure event, and the answer of a success."""
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
        counted=_counted(logged, answer),
        key=_text(key.get("user_api_key_alias")) or _text(metadata.get("user_api_key_alias")),
        account=_mapping(
            key.get("user_api_key_auth_metadata") or metadata.get("user_api_key_auth_metadata")
        ),
    )


def _counted(logged: Mapping[str, Any], answer: object) -> Counted:
    if logged.get("cache_hit") is True:
        return Counted()  # the gateway's own cache answered, and no provider counted anything
    usage = _mapping(_mapping(logged.get("metadata")).get("usage_object"))
    input_tokens = _count(logged.get("prompt_tokens"))
    return Counted(
        input_tokens,
        min(_cached(usage), input_tokens),
        _count(logged.get("completion_tokens")),
        _pages(answer),
        _count(usage.get("output_image_count")),
    )


def _cached(usage: Mapping[str, Any]) -> int:
    # LiteLLM turns every provider's words into OpenAI's; Anthropic's own stay beside them.
    details = _mapping(usage.get("prompt_tokens_details"))
    return _count(details.get("cached_tokens")) or _count(usage.get("cache_read_input_tokens"))


def _pages(answer: object) -> int:
    # An OCR answer has no usage as others have, so the event's summary does not count its pages.
    usage = getattr(answer, "usage_info", None)
    return _count(getattr(usage, "pages_processed", None))


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
