"""What docs/operate/notifications.md promises is so."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aspire_gitops.forge import STATES
from aspire_gitops.forge.github import LONGEST_DESCRIPTION
from aspire_gitops.notify import RetryPolicy, WebhookReceiver
from aspire_gitops.notify.outbox import MOST_WAITING
from aspire_gitops.notify.slack import LONGEST_DETAILS, LONGEST_TITLE
from aspire_gitops.notify.webhook import notice_json
from aspire_gitops.notify.wording import LONGEST_LINE, MOST_LINES
from aspire_gitops.status.value import Topic
from aspire_gitops.web import TIMEOUT_S
from support.listening import Heard, listening
from support.listening_notices import notice, tell

PAGE = (Path(__file__).parents[2] / "docs" / "operate" / "notifications.md").read_text()
SECRET = SecretStr("shared")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def is_genuine(heard: Heard, body: bytes, secret: bytes = b"shared") -> bool:
    """Run the page's own example as a reader would paste it."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), "notifications.md", "exec"), names)
    headers = {name.title(): value for name, value in heard.headers.items()}
    genuine: bool = names["is_genuine"](headers, body, secret)
    return genuine


def heard(at: float) -> Heard:
    with listening() as listener:
        tell(WebhookReceiver(listener.url(), SECRET, clock=lambda: at), notice())
        return listener.heard[0]


def test_the_example_accepts_what_we_send() -> None:
    ours = heard(time.time())

    assert is_genuine(ours, ours.body)


@pytest.mark.parametrize(
    ("sent_ago_s", "added", "secret"),
    [
        pytest.param(0, b" ", b"shared", id="another body"),
        pytest.param(0, b"", b"guessed", id="another secret"),
        pytest.param(400, b"", b"shared", id="recorded and sent again"),
        pytest.param(-400, b"", b"shared", id="from the future"),
    ],
)
def test_the_example_refuses(sent_ago_s: float, added: bytes, secret: bytes) -> None:
    ours = heard(time.time() - sent_ago_s)

    assert not is_genuine(ours, ours.body + added, secret)


def test_the_example_body_has_the_names_that_we_send() -> None:
    shown = json.loads(block("json"))

    assert list(shown) == list(notice_json(notice()))
    rows = re.findall(r"^\| `([a-z]+)` \|", PAGE.partition("| name | meaning |")[2], re.MULTILINE)
    assert rows == list(shown)


def test_every_topic_has_a_row_with_its_commit_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\w+) \|$", PAGE, re.MULTILINE)

    assert dict(rows) == {topic.value: STATES.get(topic, "none") for topic in Topic}


@pytest.mark.parametrize(
    "sentence",
    [
        f"first {LONGEST_DESCRIPTION} characters of the notice's title",
        f"cut after {LONGEST_TITLE} characters and the details after {LONGEST_DETAILS:,}",
        f"within {TIMEOUT_S:g} seconds",
        f"At most {MOST_LINES} details",
        f"each at most {LONGEST_LINE} characters",
        f"after {RetryPolicy().first_s:g} s, then 4, 8, … up to {RetryPolicy().longest_s / 60:g} minutes",
        f"more than {MOST_WAITING:,} notices wait",
        f"{RetryPolicy().give_up_s / 3600:g} hours without success",
        f"for {RetryPolicy().grace_s:g} seconds at most",
    ],
)
def test_the_numbers_are_those_of_the_program(sentence: str) -> None:
    assert sentence in PAGE
