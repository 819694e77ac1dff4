"""Turn a status and a body into the typed error that says what to do next. Pure.

LiteLLM's own error types are often wrong, so the status decides; the body only
lends its words, redacted and shortened.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from aspire_gitops.kinds import Call
from aspire_gitops.kinds.wire import Redaction
from aspire_gitops.vocabulary import (
    GatewayError,
    GatewayRefused,
    GatewayRejected,
    GatewayReplyInvalid,
    GatewayUnavailable,
    short_line,
)

_LONGEST_MESSAGE = 300


class GatewayFault(GatewayUnavailable):
    """The gateway answered 5xx. It was there, so a write may have been carried out."""


def fault_of(
    call: Call, status: int, body: bytes, redact: Redaction, retry_after_s: float | None
) -> GatewayError:
    """Return the error for a status of 300 or more."""
    reply = _json(body)
    said = redact(_words(reply))
    head = f"{call}: the gateway answered {status}" + (f" ({said})" if said else "")
    if _is_over_budget(reply):
        return GatewayRefused(
            f"{head}; the admin key has used up its budget",
            help="remove max_budget from that key",
        )
    if status >= 500:
        return GatewayFault(head, help="try again later", retry_after_s=retry_after_s)
    if status == 429:
        return GatewayUnavailable(
            head, help="try again later", retry_after_s=retry_after_s, answered=True
        )
    return _lasting(call, status, head, reply)


def _lasting(call: Call, status: int, head: str, reply: dict[str, Any] | None) -> GatewayError:
    if status in {401, 403}:
        return GatewayRefused(
            head,
            help="check that ASPIRE_GITOPS_ADMIN_KEY is the gateway's key of a user with the "
            f"role proxy_admin, and that its allowed_routes include {call.endpoint.path}",
        )
    if status < 400:
        return GatewayReplyInvalid(f"{head}, a redirect", help="set the URL that it leads to")
    if status in {404, 405} and (reply is None or reply.get("detail") in _NO_ROUTE):
        return GatewayReplyInvalid(
            f"{head}: the gateway has no such route",
            help="check that the URL leads to a LiteLLM gateway of a supported version",
        )
    return GatewayRejected(head, status=status)


_NO_ROUTE = ("Not Found", "Method Not Allowed")  # what FastAPI says of a path it does not know


def public_url(url: str) -> str:
    """Return a URL fit for messages: no user, no password, no query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return reply if isinstance(reply, dict) else None


def _is_over_budget(reply: dict[str, Any] | None) -> bool:
    # The status of this refusal is a setting of the gateway: 422, 429 or any other.
    error = reply.get("error") if reply else None
    return isinstance(error, dict) and error.get("type") == "budget_exceeded"


def _words(reply: dict[str, Any] | None) -> str:
    if reply is None:
        return ""
    match reply.get("error", reply.get("detail")):
        case {"message": str(text)} | {"error": str(text)} | str(text):
            return short_line(text, _LONGEST_MESSAGE)
        case [*problems]:
            return short_line("; ".join(map(_problem, problems)), _LONGEST_MESSAGE)
        case _:
            return ""


def _problem(row: object) -> str:
    # FastAPI repeats the input beside loc and msg; it may be a secret.
    match row:
        case {"loc": [*place], "msg": str(message)}:
            return f"{'.'.join(map(str, place))}: {message}"
        case _:
            return "?"
