"""Where a request goes, and what the reply means for the next try. Pure.

A message shows the host and nothing else of a URL, because the path may be
the secret; and of a reply only what the receiver's own `excerpt` lets through,
because a reply may quote the request.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import SecretStr

from aspire_gitops.vocabulary import (
    NotificationFailed,
    UsageError,
    is_seconds,
    retry_after_s,
    short_line,
)

_TRY_AGAIN = frozenset({408, 425, 429})
_LONGEST_WORDS = 200
_UNSTATED_LIMIT_S = 60.0  # what GitHub asks for where it names no time


def no_excerpt(body: bytes) -> str:  # noqa: ARG001 (the shape of Destination.excerpt)
    """Repeat nothing of a reply."""
    return ""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes. `what` names it in messages: `Slack`, `the webhook`.

    `excerpt` returns what of a reply a message may repeat; `help_by_status` what to do
    about a status.
    """

    what: str
    url: SecretStr
    excerpt: Callable[[bytes], str] = no_excerpt
    help_by_status: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse anything but a web address.

        Raises:
            UsageError: It says which one, never the value.
        """
        if not _host(self.url):
            raise UsageError(f"the URL of {self.what} is not https://… or http://…", help="fix it")

    def __str__(self) -> str:
        return f"{self.what} at {_host(self.url)}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: header names in lower case, the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_success(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def refusal(destination: Destination, reply: Reply) -> NotificationFailed:
    """Return the error for a reply other than a success."""
    words = short_line(destination.excerpt(reply.body), _LONGEST_WORDS)
    head = f"{destination} answered {reply.status}" + (f" ({words})" if words else "")
    retry_s = asked_pause_s(reply.headers)
    if retry_s is None and _is_rate_limit(reply):
        retry_s = _UNSTATED_LIMIT_S
    if reply.status >= 500 or reply.status in _TRY_AGAIN or _is_rate_limit(reply):
        return NotificationFailed(
            head, help="try again later", retry_after_s=retry_s, status=reply.status
        )
    if reply.status < 400:
        help_ = "set the URL that this redirect leads to"
    else:
        help_ = destination.help_by_status.get(reply.status, "check its URL and settings")
    return NotificationFailed(head, help=help_, permanent=True, status=reply.status)


def asked_pause_s(headers: Mapping[str, str]) -> float | None:
    """Return how long the receiver asks us to wait, in seconds: `Retry-After`, or GitHub's own."""
    now_s = time.time()
    asked = retry_after_s(headers.get("retry-after", ""), now_s=now_s)
    reset = headers.get("x-ratelimit-reset", "")
    if asked is None and headers.get("x-ratelimit-remaining") == "0" and is_seconds(reset):
        return max(0.0, float(reset) - now_s)
    return asked


def _is_rate_limit(reply: Reply) -> bool:
    # GitHub says 403 for it, means 429, and may say so in words alone.
    limited = (
        "retry-after" in reply.headers
        or reply.headers.get("x-ratelimit-remaining") == "0"
        or b"rate limit" in reply.body
    )
    return reply.status == 403 and limited


def _host(url: SecretStr) -> str:
    """Return host and port, without user and password; empty for anything but a web address."""
    text = url.get_secret_value()
    with suppress(ValueError):
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
        fine = text.isascii() and text.isprintable() and " " not in text
        if fine and parts.scheme in {"http", "https"} and parts.hostname:
            return parts.hostname + port
    return ""
