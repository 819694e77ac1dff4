"""Ask the LiteLLM proxy that this process runs: what its router knows, what its log has.

These are LiteLLM's own modules, not its API. What cannot be read any more in another
release is unknown then: an alias without a price is refused, a log without rows is empty.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aspire_gitops.ledger.litellm.ended import ID
from aspire_gitops.ledger.litellm.prices import PriceList, price
from aspire_gitops.ledger.recovering import Logged
from aspire_gitops.ledger.values import Counted, Reservation

LOG = logging.getLogger("aspire_gitops.ledger")
_AROUND = timedelta(minutes=5)  # LiteLLM's clock starts before ours
_FAILED = "failure"
_DIGITS = 16

# `startTime` is indexed, and so a few minutes of a large log are read.
LOGGED = f"""
SELECT metadata->'spend_logs_metadata'->>'{ID}' AS id, spend, status,
    prompt_tokens, completion_tokens,
    metadata->'additional_usage_values'->>'cache_read_input_tokens' AS cached,
    metadata->'additional_usage_values'->>'pages_processed' AS pages,
    metadata->'usage_object'->>'output_image_count' AS images
FROM "LiteLLM_SpendLogs"
WHERE "startTime" >= $1::timestamp AND "startTime" <= $2::timestamp
  AND metadata->'spend_logs_metadata'->>'{ID}' IS NOT NULL
"""  # noqa: S608 (our own constant)


async def price_list(alias: str) -> PriceList | None:
    """Return what the router says of an alias, or None if there is none of that name.

    A process that has not heard of a new alias yet reads it from the database, as
    LiteLLM itself would a moment later.
    """
    from litellm.proxy import proxy_server  # noqa: PLC0415 (the proxy is running by now)
    from litellm.proxy.common_utils.registry_read_through import (  # noqa: PLC0415
        model_registry_read_through,
    )

    found = _of_router(proxy_server.llm_router, alias)
    if found is None and await model_registry_read_through.attempt(alias):
        found = _of_router(proxy_server.llm_router, alias)
    return found


def _of_router(router: Any, alias: str) -> PriceList | None:
    deployment = router and router.get_deployment_by_model_group_name(alias)
    if not deployment:
        return None
    model_id, model = deployment.model_info.id, deployment.litellm_params.model
    keys = router.get_deployment_model_info(model_id, model) or {}
    info = deployment.model_info.model_dump(exclude_none=True)
    return PriceList(
        keys={**keys, **{name: info[name] for name in _LIMITS if name in info}},
        parameters=deployment.litellm_params.model_dump(exclude_none=True),
    )


_LIMITS = ("max_input_tokens", "max_output_tokens")


async def logged_calls(reservations: Sequence[Reservation]) -> Mapping[str, Logged]:
    """Return what LiteLLM's log says of calls, by our id.

    Best effort: a call whose row is missing or strange is left out.
    """
    from litellm.proxy import proxy_server  # noqa: PLC0415

    client = proxy_server.prisma_client
    if client is None or not reservations:
        return {}
    moments = [each.call.at for each in reservations]
    window = _timestamp(min(moments) - _AROUND), _timestamp(max(moments) + _AROUND)
    try:
        rows = await client.db.query_raw(LOGGED, *window)
    except Exception:  # noqa: BLE001 (whatever Prisma raises: recovery does without the log)
        LOG.warning("LiteLLM's spend log cannot be read; what was expected is booked instead")
        return {}
    return {row["id"]: found for row in rows if (found := logged_call(row))}


def logged_call(row: Mapping[str, Any]) -> Logged | None:
    """Read a row of the log; None if it does not say what the call cost."""
    usd = _usd(row)
    return None if usd is None else Logged(usd, _counted(row))


def _usd(row: Mapping[str, Any]) -> Decimal | None:
    if row.get("status") == _FAILED:
        return Decimal(0)
    return price(row.get("spend")) or None  # a success that cost nothing is none


def _counted(row: Mapping[str, Any]) -> Counted:
    input_tokens = _count(row.get("prompt_tokens"))
    return Counted(
        input_tokens,
        min(_count(row.get("cached")), input_tokens),
        _count(row.get("completion_tokens")),
        _count(row.get("pages")),
        _count(row.get("images")),
    )


def _count(found: object) -> int:
    # Columns are numbers; what stands in JSON comes as text.
    text = str(found)
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
