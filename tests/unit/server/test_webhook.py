"""`POST /hooks/git`: only a push to our branch, proven by the secret, wakes the controller."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.server.application import application
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.webhook import MAX_BYTES, Proofs
from support.asking import ask
from support.serving import serving
from support.statuses import StandIn

SECRET = "planted-hook-secret-71ab"
PUSH = json.dumps({"ref": "refs/heads/main", "after": "4f2c9d1"}).encode()
OTHER = json.dumps({"ref": "refs/heads/try-something"}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(body: bytes = PUSH, *, event: str = "push", secret: str = SECRET) -> dict[str, str]:
    return {
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": f"sha256={signature(body, secret)}",
        "Content-Type": "application/json",
    }


def gitlab(token: str = SECRET, event: str = "Push Hook") -> dict[str, str]:
    return {"X-Gitlab-Event": event, "X-Gitlab-Token": token}


def gitea(body: bytes = PUSH, name: str = "Gitea", secret: str = SECRET) -> dict[str, str]:
    return {f"X-{name}-Event": "push", f"X-{name}-Signature": signature(body, secret)}


def forgejo(body: bytes = PUSH) -> dict[str, str]:
    """Return what Forgejo really sends: its own headers and everybody else's."""
    return {**gitea(body, "Forgejo"), **gitea(body), **github(body)}


def post(
    headers: Mapping[str, str], body: bytes = PUSH, *, secret: str | None = SECRET
) -> tuple[int, list[str]]:
    """Return the status of the answer, and what the controller was woken by."""
    controller = StandIn()
    options = ServerOptions(Path("/nowhere"), webhook_secret=secret)
    reply = ask(
        application(controller, controller, options),
        "POST",
        "/hooks/git",
        headers={name: value.encode("latin-1") for name, value in headers.items()},
        content=body,
    )
    assert SECRET not in reply.text
    return reply.status_code, controller.woken


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(github(), id="GitHub"),
        pytest.param(gitlab(), id="GitLab"),
        pytest.param(gitea(), id="Gitea"),
        pytest.param(gitea(name="Forgejo"), id="Forgejo, its own headers alone"),
        pytest.param(forgejo(), id="Forgejo"),
    ],
)
def test_a_push_to_our_branch_wakes_the_controller(headers: Mapping[str, str]) -> None:
    assert post(headers) == (202, ["webhook"])


def test_a_push_in_a_form_wakes_it_too() -> None:
    body = urlencode({"payload": PUSH.decode()}).encode()
    headers = {**github(body), "Content-Type": "application/x-www-form-urlencoded"}
    assert post(headers, body) == (202, ["webhook"])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(github(OTHER), OTHER, id="a push to another branch"),
        pytest.param(github(event="ping"), PUSH, id="GitHub's ping"),
        pytest.param(github(event="issues"), PUSH, id="another event"),
        pytest.param(gitlab(event="Tag Push Hook"), PUSH, id="a tag"),
        pytest.param({"X-Gitlab-Token": SECRET}, PUSH, id="no event at all"),
        pytest.param(github(b"not json"), b"not json", id="no JSON"),
        pytest.param(github(b"[1]"), b"[1]", id="JSON of another shape"),
        pytest.param(github(b'{"ref": 5}'), b'{"ref": 5}', id="a branch that is a number"),
        pytest.param(github(b"\xff\xfe"), b"\xff\xfe", id="no text"),
        pytest.param(github(b""), b"", id="nothing"),
        pytest.param(
            {**github(b"a=%ff&" * 20), "Content-Type": "application/x-www-form-urlencoded"},
            b"a=%ff&" * 20,
            id="a form without a payload",
        ),
    ],
)
def test_everything_else_with_the_secret_is_answered_and_wakes_nobody(
    headers: Mapping[str, str], body: bytes
) -> None:
    assert post(headers, body) == (200, [])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-GitHub-Event": "push"}, id="no signature"),
        pytest.param(github(secret="guessed"), id="signed with another secret"),
        pytest.param(github(OTHER), id="signed for another body"),
        pytest.param({**github(), "X-Hub-Signature-256": signature(PUSH)}, id="no sha256= before it"),
        pytest.param({**github(), "X-Hub-Signature-256": ""}, id="an empty signature"),
        pytest.param({"X-GitHub-Event": "push", "X-Hub-Signature": "sha1=0"}, id="sha1 only"),
        pytest.param(gitlab("guessed"), id="GitLab with another token"),
        pytest.param(gitlab(""), id="GitLab with an empty token"),
        pytest.param(gitea(secret="guessed"), id="Gitea with another secret"),
        pytest.param({**github(), **gitlab("guessed")}, id="one good proof and one bad"),
        pytest.param({**gitlab("caf\xe9")}, id="a token that is not ASCII"),
    ],
)  # fmt: skip
def test_without_proof_nothing_happens(headers: Mapping[str, str]) -> None:
    assert post(headers) == (401, [])


@given(st.text(alphabet=st.characters(max_codepoint=255, exclude_categories=["Cc"])))
def test_no_other_text_proves_the_secret(text: str) -> None:
    headers = {"x-hub-signature-256": text, "x-gitlab-token": text}
    proofs = Proofs(headers, SECRET)
    proofs.update(PUSH)
    assert not proofs.hold()


def test_without_a_secret_the_hook_is_closed_and_says_why() -> None:
    controller = StandIn()
    app = application(controller, controller, ServerOptions(Path("/nowhere")))
    reply = ask(app, "POST", "/hooks/git", headers=github(secret=""), content=PUSH)
    assert (reply.status_code, controller.woken) == (404, [])
    assert "ASPIRE_GITOPS_WEBHOOK_SECRET" in reply.text


def test_a_replay_only_wakes_again() -> None:
    controller = StandIn()
    options = ServerOptions(Path("/nowhere"), webhook_secret=SECRET)
    app = application(controller, controller, options)
    for _ in range(2):
        ask(app, "POST", "/hooks/git", headers=github(), content=PUSH)
    assert controller.woken == ["webhook", "webhook"]


def test_a_hundred_megabytes_are_refused_unread(tmp_path: Path) -> None:
    """The answer is there although not one byte of the body was sent."""
    controller = StandIn()
    options = ServerOptions(tmp_path, "127.0.0.1:0", webhook_secret=SECRET)
    with serving(controller, options) as url, _connection(url) as connection:
        connection.sendall(
            b"POST /hooks/git HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=y\r\n"
            b"Content-Length: 104857600\r\n\r\n"
        )
        answer = _everything(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert controller.woken == []


def test_a_body_that_does_not_say_its_length_is_counted(tmp_path: Path) -> None:
    sent = 0

    def counted() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10 * MAX_BYTES // 65_536):
            sent += 65_536
            yield b"x" * 65_536

    options = ServerOptions(tmp_path, "127.0.0.1:0", webhook_secret=SECRET)
    with serving(StandIn(), options) as url, httpx.Client(trust_env=False) as client:
        try:
            status = client.post(
                f"{url}/hooks/git",
                headers=github(),
                content=counted(),
            ).status_code
        except httpx.TransportError:  # the server hung up while we were still sending
            status = 413
    assert status == 413
    assert sent < 2 * MAX_BYTES  # what fits into the kernel's buffers, not all of it


def test_the_largest_body_is_taken() -> None:
    body = json.dumps({"ref": "refs/heads/main", "pad": ""}).encode()
    body = body.replace(b'"pad": ""', b'"pad": "' + b"x" * (MAX_BYTES - len(body)) + b'"')
    assert len(body) == MAX_BYTES
    assert post(github(body), body) == (202, ["webhook"])


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "9" * 5000])
def test_a_length_that_is_no_length_is_refused(length: str) -> None:
    assert post({**github(), "Content-Length": length}) == (413, [])


def _connection(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def _everything(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received
