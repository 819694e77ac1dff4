"""Tell a program: one JSON document for each notice. docs/operate/notifications.md is its contract."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import SecretStr

from aspire_gitops.codec.values import document
from aspire_gitops.notify.receiver import ALL_BUT_PENDING
from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.web import TIMEOUT_S, Destination, post_json
from aspire_ledger.canonical import JsonValue

SIGNATURE_HEADER = "X-Aspire-Gitops-Signature-256"
TIMESTAMP_HEADER = "X-Aspire-Gitops-Timestamp"


def signed_headers(secret: SecretStr, unix_time: int, body: bytes) -> Mapping[str, str]:
    """Return the headers that prove `body`: HMAC-SHA256 of `<unix time>.<body>`.

    The time is covered, so that a receiver can refuse what somebody recorded
    and sends again later.
    """
    covered = str(unix_time).encode() + b"." + body
    digest = hmac.new(secret.get_secret_value().encode(), covered, hashlib.sha256).hexdigest()
    return {TIMESTAMP_HEADER: str(unix_time), SIGNATURE_HEADER: f"sha256={digest}"}


NOTICE_HEADER = "X-Aspire-Gitops-Notice"


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """Posts each notice as JSON, signed when there is a secret.

    Raises:
        UsageError: `url` is not a web address.
    """

    url: SecretStr
    secret: SecretStr | None = None
    topics: frozenset[Topic] = ALL_BUT_PENDING
    name: str = "webhook"
    timeout_s: float = TIMEOUT_S
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def __post_init__(self) -> None:
        """Refuse a wrong address now, not when the first notice is to be told."""
        self._destination()

    def wants(self, notice: Notice) -> bool:
        return notice.topic in self.topics

    def subject(self, notice: Notice) -> str | None:  # noqa: ARG002 (each is news)
        """Return None: each notice is told."""
        return None

    async def tell(self, notice: Notice) -> None:
        """Post the notice. Any 2xx means that it was taken.

        Raises:
            NotificationFailed: See `web.post_json`.
        """
        body = json.dumps(notice_json(notice), ensure_ascii=False).encode("utf-8", "replace")
        headers = {NOTICE_HEADER: quote(notice.id, safe=":@+=", errors="replace")}
        if self.secret:
            headers |= signed_headers(self.secret, int(self.clock()), body)
        await post_json(self._destination(), body, headers=headers, timeout_s=self.timeout_s)

    def _destination(self) -> Destination:
        return Destination("the webhook", self.url)


def notice_json(notice: Notice) -> dict[str, JsonValue]:
    """Return what a webhook gets. Names are added over time, never changed within one version."""
    content: dict[str, JsonValue] = {
        "id": notice.id,
        "topic": notice.topic.value,
        "at": notice.at.isoformat(),
        "title": notice.title,
        "lines": list(notice.lines),
        "commit": notice.commit,
        "gateway": notice.gateway,
        "turn": notice.turn,
        "quiet": notice.quiet,
    }
    return document("notice", content)
