"""Ask the LiteLLM proxy that this process runs: what its router knows, what its log has.

These are LiteLLM's own modules, not its API. What cannot be read any more in another
release is unknown then: an alias without a price is refused, a log without rows is empty.
"""

import inspect
import logging
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from aspire_ledger.card import FIELD, Card, read_card
from aspire_ledger.litellm.events import ID
from aspire_ledger.litellm.failures import outcome_of
from aspire_ledger.litellm.front import current
from aspire_ledger.recovery import Logged
from aspire_ledger.values import Counted, Reservation

LOG = logging.getLogger("aspire_ledger")
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


async def cards(alias: str) -> Sequence[Card | None]:
    """Return the card of each row under an alias, None for a row without one; nothing if there is none.

    A process that has not heard of a new alias yet reads it from the database, as
    LiteLLM itself would a moment later.
    """
    from litellm.proxy import proxy_server  # noqa: PLC0415 (the proxy is running by now)
    from litellm.proxy.common_utils.registry_read_through import (  # noqa: PLC0415
        model_registry_read_through,
    )

    found = _of_router(proxy_server.llm_router, alias)
    if not found and await model_registry_read_through.attempt(alias):
        found = _of_router(proxy_server.llm_router, alias)
    return found


def _of_router(router: Any, alias: str) -> Sequence[Card | None]:
    rows = (router and router.get_model_list(model_name=alias)) or []
    return [_read(row) for row in rows if row.get("model_name") == alias]


def _read(row: Mapping[str, Any]) -> Card | None:
    info = row.get("model_info") or {}
    return _KNOWN.read(info.get(FIELD) if isinstance(info, Mapping) else getattr(info, FIELD, None))


class _Cards:
    """Cards that were read, by the very objects that they were read from.

    LiteLLM replaces a row's `model_info` when it changes, so what is remembered is never old.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[object, Card | None]] = OrderedDict()

    def read(self, found: object) -> Card | None:
        kept = self._known.get(id(found))
        if kept and kept[0] is found:
            return kept[1]
        card = read_card(found)
        self._known[id(found)] = (found, card)
        while len(self._known) > _CARDS_KEPT:
            self._known.popitem(last=False)
        return card


_CARDS_KEPT = 2_000
_KNOWN = _Cards()


def meanings() -> frozenset[str]:
    """Return every name that this release of LiteLLM has a meaning for, in a call's parameters.

    Read from its own lists and signatures. Nothing is returned where they cannot be read;
    then no unknown name is let through.
    """
    try:
        return frozenset(_meanings())
    except Exception:  # noqa: BLE001 (another release: whatever its lists have become)
        LOG.warning("LiteLLM's own parameters cannot be read; no unknown parameter is let through")
        return frozenset()


def _meanings() -> Iterator[str]:
    import litellm  # noqa: PLC0415
    from litellm.proxy import litellm_pre_call_utils as pre_call  # noqa: PLC0415
    from litellm.types.router import GenericLiteLLMParams  # noqa: PLC0415
    from litellm.types.utils import all_litellm_params  # noqa: PLC0415

    yield from all_litellm_params
    yield from GenericLiteLLMParams.model_fields
    yield from pre_call._UNTRUSTED_ROOT_CONTROL_FIELDS  # noqa: SLF001
    yield from pre_call._CLIENT_PRICING_CONTROL_FIELDS  # noqa: SLF001
    for function in (
        *(litellm.completion, litellm.acompletion, litellm.text_completion, litellm.embedding),
        *(litellm.responses, litellm.image_generation, litellm.image_edit, litellm.ocr),
        *(litellm.anthropic_messages, litellm.Router.__init__),
    ):
        yield from inspect.signature(function).parameters


def stand_in_front(wrap: Callable[[Any], Any]) -> None:
    """Put an ASGI application around the proxy's, before it answers anything.

    The proxy loads its callbacks while it starts, when its own middleware stands already.
    """
    from litellm.proxy.proxy_server import app  # noqa: PLC0415

    if app.middleware_stack is None:
        app.middleware_stack = app.build_middleware_stack()
    app.middleware_stack = wrap(app.middleware_stack)


def is_in_front(kind: type) -> bool:
    """Say whether the outermost ASGI application is still of this kind."""
    from litellm.proxy.proxy_server import app  # noqa: PLC0415

    return isinstance(app.middleware_stack, kind)


def at_shutdown(do: Callable[[], Awaitable[None]]) -> None:
    """Do this when the proxy stops normally, before its own last steps.

    A signal ends the process right after them, so nothing later would run. Where another
    release has no such step, the row of the process stays until it is old.
    """
    from litellm.proxy import proxy_server  # noqa: PLC0415

    last = getattr(proxy_server, "proxy_shutdown_event", None)
    if last is None:
        return

    async def first(*arguments: Any, **named: Any) -> Any:
        await do()
        return await last(*arguments, **named)

    proxy_server.proxy_shutdown_event = first


def config_text() -> str:
    """Return the config file that the proxy reads, as it is now.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    from litellm.proxy import proxy_server  # noqa: PLC0415

    path = proxy_server.user_config_file_path
    if not path:
        raise FileNotFoundError("the proxy has no config file")
    return Path(path).read_text(encoding="utf-8")


def release_of(package: str) -> str:
    """Return the release of an installed package; empty where it is not installed as one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


async def metadata_of_key(scope: Any, receive: Any) -> Mapping[str, Any] | None:
    """Let LiteLLM judge the key of a request as for any call; None where it refuses.

    Nothing is answered or logged as a call.
    """
    from litellm.proxy.auth.user_api_key_auth import Request, user_api_key_auth  # noqa: PLC0415

    request = Request(scope, receive)
    key = request.headers.get("authorization", "")
    try:
        found = await user_api_key_auth(request=request, api_key=key)
    except Exception:  # noqa: BLE001 (its refusals are exceptions of several classes)
        return None
    metadata = found.metadata
    return metadata if isinstance(metadata, Mapping) else None


def set_cost(kwargs: dict[str, Any], usd: Decimal) -> None:
    """Let LiteLLM count this for a call that ended, whatever it or a provider computed."""
    kwargs["response_cost"] = float(usd)
    logged = kwargs.get("standard_logging_object")
    if isinstance(logged, MutableMapping):
        logged["response_cost"] = float(usd)


def ask_providers_once() -> None:
    """Keep two libraries from repeating a request by themselves, in this process.

    OpenAI's, which LiteLLM lets try embeddings and images three times whatever its
    settings say, and LiteLLM's own, which sends again when a connection broke. Each
    attempt may be billed, and nobody tells of any but the last.
    """
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler  # noqa: PLC0415
    from openai._models import FinalRequestOptions  # noqa: PLC0415 (nothing public stops it)

    FinalRequestOptions.get_max_retries = lambda self, max_retries: 0  # noqa: ARG005
    again = AsyncHTTPHandler.single_connection_post_request
    if getattr(again, "_is_ours", False):
        return

    async def only_what_was_never_sent(self: Any, *arguments: Any, **named: Any) -> Any:
        broke = sys.exception()
        if broke is not None and outcome_of(broke).name != "unreachable":
            raise broke
        return await again(self, *arguments, **named)

    only_what_was_never_sent._is_ours = True  # type: ignore[attr-defined]  # noqa: SLF001
    AsyncHTTPHandler.single_connection_post_request = only_what_was_never_sent


def notice_made_up_usage() -> None:
    """Notice when LiteLLM makes up the usage of a responses stream: it leaves no mark on it.

    Where another release does it elsewhere, such calls are not marked as estimates.
    """
    from litellm.responses import streaming_iterator  # noqa: PLC0415

    make_up = getattr(streaming_iterator, "_estimate_usage_safely", None)
    if make_up is None or getattr(make_up, "_is_ours", False):
        return

    def noticed(*arguments: Any, **named: Any) -> Any:
        if exchange := current.get():
            exchange.filled_in = True
        return make_up(*arguments, **named)

    noticed._is_ours = True  # type: ignore[attr-defined]  # noqa: SLF001
    streaming_iterator._estimate_usage_safely = noticed  # noqa: SLF001


async def may_call(key: Any, alias: str) -> bool:
    """Say whether LiteLLM itself lets a key call a model: for keys that we did not make."""
    from litellm.proxy import proxy_server  # noqa: PLC0415
    from litellm.proxy.auth.auth_checks import can_key_call_model  # noqa: PLC0415

    router = proxy_server.llm_router
    try:
        await can_key_call_model(
            model=alias,
            llm_model_list=router.get_model_list() if router else None,
            valid_token=key,
            llm_router=router,
        )
    except Exception:  # noqa: BLE001 (its refusals are exceptions of several classes)
        return False
    return True


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
    return _amount(row.get("spend")) or None  # a success that cost nothing is none


def _amount(found: object) -> Decimal | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    amount = Decimal(f"{found:.15g}")  # all that a float can tell
    return amount if amount.is_finite() and amount >= 0 else None


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
