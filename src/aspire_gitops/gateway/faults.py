"""Turn a status and a body into the typed error that says what to do next. Pure.

LiteLLM's admin API has no header of its own, so its replies are told by their form: a
JSON object, and an error in one of the two forms that LiteLLM and its framework have.
Whatever else comes was written by somebody in front of it, such as a proxy while the
container is recreated, and says nothing about what was asked.

LiteLLM's own error types are often wrong, so the status decides; the body only lends
its words, redacted and shortened. A few words count more than any status: LiteLLM may
answer 400 where its database lacks a column.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from aspire_gitops.kinds import Call
from aspire_gitops.kinds.wire import Redaction
from aspire_gitops.vocabulary import (
    GatewayError,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayRejected,
    GatewayReplyInvalid,
    GatewayUnavailable,
    short_line,
)

_LONGEST_MESSAGE = 300


class GatewayFault(GatewayUnavailable):
    """The gateway answered 5xx. It was there, so a write may have been carried out."""


_PASSING = frozenset({408, 425, 429, 502, 503, 504, *range(520, 525), 530})
"""What a proxy answers while nothing is behind it, and what asks for patience."""

_OF_DATABASE = re.compile(
    r"\b(column|table|relation) \S+ does not exist|no such (column|table)", re.IGNORECASE
)
_NOT_TRANSIENT = re.compile(r"not a transient outage", re.IGNORECASE)
_DATABASE_AWAY = re.compile(
    r"can.?t reach database|cannot reach database|connection pool|too many clients"
    r"|too many database connections|server has closed the connection|deadlock"
    r"|database system is (starting|shutting|in recovery)",
    re.IGNORECASE,
)
_IN_FRONT = (
    "check that the URL leads to the gateway itself, "
    "not to a login page or a proxy in front of it, and that the gateway runs"
)


def fault_of(
    call: Call, status: int, body: bytes, redact: Redaction, retry_after_s: float | None
) -> GatewayError:
    """Return the error for a status of 300 or more."""
    reply = _json(body)
    if not _is_litellms(status, reply):
        return _of_others(call, status, body, retry_after_s)
    said = redact(_words(reply))
    head = f"{call}: the gateway answered {status}" + (f" ({said})" if said else "")
    if _is_over_budget(reply):
        return GatewayRefused(
            f"{head}; the admin key has used up its budget",
            help="remove max_budget from that key",
        )
    if known := _of_its_database(head, said):
        return known
    passes = status in _PASSING or _DATABASE_AWAY.search(said) is not None
    if status >= 500:
        again = "try again later"
        return GatewayFault(head, help=again, retry_after_s=retry_after_s, passes=passes)
    if passes:
        return GatewayUnavailable(
            head,
            help="try again later",
            retry_after_s=retry_after_s,
            answered=status == 429,
            passes=True,
        )
    return _lasting(call, status, head, reply)


def foreign_reply(call: Call, status: int, body: bytes) -> GatewayUnavailable:
    """Return the error for a reply that LiteLLM did not write, whatever its status."""
    return GatewayUnavailable(
        f"{call}: the reply ({status}) is {_what_came(body)}", help=_IN_FRONT, foreign=True
    )


def _of_others(call: Call, status: int, body: bytes, retry_after_s: float | None) -> GatewayError:
    head = f"{call}: the gateway answered {status}"
    if status < 400:
        return GatewayReplyInvalid(f"{head}, a redirect", help="set the URL that it leads to")
    if status == 407:
        return GatewayMisconfigured(f"{head}: a proxy wants credentials", help=PROXY_HELP)
    head += f", and the reply is {_what_came(body)}"
    passes = status in _PASSING
    kind = GatewayFault if status >= 500 else GatewayUnavailable
    return kind(
        head,
        help="try again later" if passes else _IN_FRONT,
        retry_after_s=retry_after_s,
        answered=status == 429,
        foreign=True,
        passes=passes,
    )


PROXY_HELP = "put credentials that the proxy accepts into HTTPS_PROXY, or name the host in NO_PROXY"


def _of_its_database(head: str, said: str) -> GatewayMisconfigured | None:
    if _OF_DATABASE.search(said):
        return GatewayMisconfigured(
            f"{head}: LiteLLM's database is older than this release of LiteLLM",
            help="run LiteLLM's migration: start one instance of this release with "
            "DISABLE_SCHEMA_UPDATE unset, or run `prisma migrate deploy`",
        )
    if _NOT_TRANSIENT.search(said):
        return GatewayMisconfigured(head, help="read LiteLLM's log, and fix its database engine")
    return None


def _what_came(body: bytes) -> str:
    text = body.strip()
    if not text:
        return "empty"
    if text[:1] == b"<":
        return "an HTML page"
    return "not complete JSON of LiteLLM" if text[:1] in b"{[" else "not JSON"


def _is_litellms(status: int, reply: dict[str, Any] | None) -> bool:
    match reply:
        case {"error": {"message": str(), "type": _, **more}}:
            return not isinstance(more.get("code"), int)  # LiteLLM writes it as text
        case {"detail": [*_] | {"error": _}}:
            return True
        case {"detail": str(text)}:
            # Every framework says so of what it does not find; LiteLLM names the object.
            return status != 404 or text in _NO_ROUTE
        case _:
            return False


def _lasting(call: Call, status: int, head: str, reply: dict[str, Any] | None) -> GatewayError:
    if status in {401, 403}:
        return GatewayRefused(
            head,
            help="check that ASPIRE_GITOPS_ADMIN_KEY is the gateway's key of a user with the "
            f"role proxy_admin, and that its allowed_routes include {call.endpoint.path}",
        )
    if status < 400:
        return GatewayReplyInvalid(f"{head}, a redirect", help="set the URL that it leads to")
    if status in {404, 405} and reply and reply.get("detail") in _NO_ROUTE:
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
