"""What LiteLLM says about a call that ended: the row that answered, the usage, and the id that we gave it.

Shapes of one release (1.106.2), read with care: whatever is missing or of another
type is unknown, never an error, because the money was spent either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from aspire_ledger.card import FIELD, Card, read_card
from aspire_ledger.settling import Ending
from aspire_ledger.usage import answer_bytes, read_usage, tool_uses

ID: Final = "aspire_ledger"  # the key of our id in a request's metadata


@dataclass(frozen=True, slots=True)
class Ended:
    """One call that ended.

    `id` is what stood in its metadata: on a route that we do not admit it may be a
    client's invention. `answer_id` is LiteLLM's or the provider's, for a call that nobody
    admitted; `account` is then the key's metadata. `card` is that of the row that answered,
    as it was when the call went out.
    """

    id: str
    answer_id: str
    alias: str
    key: str
    account: Mapping[str, Any]
    card: Card | None
    ending: Ending


def read_ended(event: Mapping[str, Any], answer: object = None) -> Ended:
    """Read the `kwargs` of a success event, and its answer."""
    logged = _mapping(event.get("standard_logging_object"))
    parameters = _mapping(event.get("litellm_params"))
    metadata = _mapping(parameters.get("metadata"))
    key = _mapping(logged.get("metadata"))
    return Ended(
        id=_text(metadata.get(ID)),
        answer_id=_text(logged.get("id")),
        alias=_text(logged.get("model_group")) or _text(metadata.get("model_group")),
        key=_text(key.get("user_api_key_alias")) or _text(metadata.get("user_api_key_alias")),
        account=_mapping(
            key.get("user_api_key_auth_metadata") or metadata.get("user_api_key_auth_metadata")
        ),
        card=card_of(parameters) or card_of(metadata),
        ending=_ending(event, logged, as_mapping(answer)),
    )


def card_of(parameters: Mapping[str, Any]) -> Card | None:
    """Return the card in the `model_info` that LiteLLM put beside a call's parameters."""
    return read_card(_mapping(parameters.get("model_info")).get(FIELD))


def deployment_of(parameters: Mapping[str, Any]) -> str:
    """Return the address of the row that LiteLLM chose for a call."""
    return _text(_mapping(parameters.get("model_info")).get("id"))


def as_mapping(answer: object) -> Mapping[str, Any]:
    """Return an answer as plain JSON, whatever class of LiteLLM's it is; nothing if it is none."""
    if isinstance(answer, Mapping):
        return answer
    dump = getattr(answer, "model_dump", None)
    if dump is None:
        return {}
    try:
        found = dump()
    except Exception:  # noqa: BLE001 (whatever a strange answer raises: its text is unknown then)
        return {}
    return _mapping(found)


def _ending(
    event: Mapping[str, Any], logged: Mapping[str, Any], answer: Mapping[str, Any]
) -> Ending:
    usage = _mapping(_mapping(logged.get("metadata")).get("usage_object"))
    return Ending(
        counted=read_usage(usage),
        uses=tool_uses(usage, answer),
        text_bytes=answer_bytes(answer),
        images=len(_list(answer.get("data"))),
        image_size=_text(answer.get("size")),
        image_quality=_text(answer.get("quality")),
        pages=_pages(answer),
        provider=_text(logged.get("custom_llm_provider")),
        model=_text(logged.get("model")),
        deployment=_text(logged.get("model_id")),
        call_type=_text(logged.get("call_type")) or _text(event.get("call_type")),
        reported_usd=_usd(event.get("response_cost", logged.get("response_cost"))),
        cached_by_gateway=logged.get("cache_hit") is True,
    )


def _pages(answer: Mapping[str, Any]) -> int:
    # The pages of the answer are there to be counted; a report of more is believed too.
    reported = _mapping(answer.get("usage_info")).get("pages_processed")
    return max(len(_list(answer.get("pages"))), _count(reported))


def _usd(found: object) -> Decimal | None:
    # Fifteen digits, all that a float can tell: 8.999999999999999e-05 was a sum of 0.00009.
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return Decimal(f"{found:.15g}")


def _list(found: object) -> "list[Any] | tuple[Any, ...]":
    return found if isinstance(found, list | tuple) else ()


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _count(found: object) -> int:
    is_count = isinstance(found, int) and not isinstance(found, bool) and found < 10**6
    return max(0, found) if is_count and isinstance(found, int) else 0
