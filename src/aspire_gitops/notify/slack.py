"""Tell people in a channel of Slack, Mattermost, or what else takes Slack's incoming webhooks.

Mattermost reads `text` alone, Slack shows `blocks` and takes `text` for its
pop-up, so both say everything. Details stand in a code block: what others
wrote, such as a commit's subject, cannot call `@channel` or show a link there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import SecretStr

from aspire_gitops.notify.receiver import ALL_BUT_PENDING
from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.vocabulary import NotificationFailed
from aspire_gitops.web import TIMEOUT_S, Destination, post_json
from aspire_ledger.canonical import JsonValue

LONGEST_TITLE = 400
LONGEST_DETAILS = 2800  # Slack takes 3,000 characters in one block
_SIGNS: Mapping[Topic, str] = MappingProxyType(
    {
        Topic.PENDING: ":hourglass:",
        Topic.APPLIED: ":white_check_mark:",
        Topic.FAILED: ":x:",
        Topic.STALLED: ":warning:",
        Topic.DRIFT: ":mag:",
        Topic.FLAPPING: ":crossed_swords:",
        Topic.FREEZE: ":snowflake:",
        Topic.RECOVERED: ":white_check_mark:",
        Topic.PROBE: ":stethoscope:",
        Topic.SPEND: ":moneybag:",
        Topic.RESTART: ":arrows_counterclockwise:",
        Topic.INTRUDER: ":detective:",
        Topic.DOWN: ":rotating_light:",
    }
)
_CODE = re.compile(rb"[a-z]{2,30}(_[a-z]{2,30}){1,4}")  # Slack's errors: invalid_blocks, no_service
_ADVICE = MappingProxyType(
    {
        403: "allow the webhook to post to its channel",
        404: "create a new webhook (this one was deleted) and set its URL",
        410: "create a webhook for another channel (this one was archived) and set its URL",
    }
)


@dataclass(frozen=True, slots=True)
class SlackReceiver:
    """Posts each notice as a message. `status_page` is linked below it.

    Raises:
        UsageError: `url` is not a web address.
    """

    url: SecretStr
    topics: frozenset[Topic] = ALL_BUT_PENDING
    status_page: str | None = None
    name: str = "slack"
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Refuse a wrong address now, not when the first notice is to be told."""
        self._destination()

    def wants(self, notice: Notice) -> bool:
        """Return whether people want to read it; a quiet notice is not for people."""
        return notice.topic in self.topics and not notice.quiet

    def subject(self, notice: Notice) -> str | None:  # noqa: ARG002 (each is news)
        """Return None: each notice is told."""
        return None

    async def tell(self, notice: Notice) -> None:
        """Post the message.

        Raises:
            NotificationFailed: See `web.post_json`; also for a web page instead of an answer.
        """
        destination = self._destination()
        body = json.dumps(message(notice, self.status_page)).encode()
        reply = await post_json(destination, body, timeout_s=self.timeout_s)
        if reply.lstrip()[:1] == b"<":
            raise NotificationFailed(
                f"{destination} answered with a web page instead of an API reply",
                help="check that the URL is an incoming webhook and not behind a login page",
            )

    def _destination(self) -> Destination:
        return Destination("Slack", self.url, excerpt=_words, help_by_status=_ADVICE)


def message(notice: Notice, status_page: str | None = None) -> dict[str, JsonValue]:
    """Return the message for Slack's incoming webhooks, within Slack's limits."""
    sentence = f"{notice.gateway}: {notice.title}" if notice.gateway else notice.title
    title = f"{_SIGNS[notice.topic]} *{_shown(_calm(sentence), LONGEST_TITLE)}*"
    details = _shown("\n".join(notice.lines).replace("`", "'"), LONGEST_DETAILS)
    parts = [title, f"```\n{details}\n```" if details else "", status_page or ""]
    said = [part for part in parts if part]
    return {"text": "\n".join(said), "blocks": [_block(part) for part in said]}


def _block(text: str) -> JsonValue:
    # verbatim: Slack makes no links of what only looks like one, nor calls anybody.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _calm(text: str) -> str:
    # Outside of a code block, Mattermost calls people by @name and reads Markdown.
    plain = re.sub(r"(?<!\w)@(?=\w)", "@\u200b", text).replace("](", "]\u200b(")
    return re.sub(r"[*`]", "'", plain)


def _shown(text: str, longest: int) -> str:
    """Escape as Slack demands, and cut; an escape is never cut in two."""
    cut = _escaped(text)
    if len(cut) <= longest:
        return cut
    return re.sub(r"&[a-z]*$", "", cut[: longest - 1]) + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _words(body: bytes) -> str:
    return body.decode() if _CODE.fullmatch(body) else ""
