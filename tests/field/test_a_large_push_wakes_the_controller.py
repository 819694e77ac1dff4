"""A push of 25 MB wakes the controller like any other, and so does what each forge calls a push."""

import hashlib
import hmac
import json
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from aspire_gitops.server.application import application
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.webhook import KEPT_BYTES, MAX_BYTES
from support.asking import ask
from support.serving import serving
from support.statuses import StandIn

SECRET = "planted-hook-secret-71ab"
MAIN, OTHER = "refs/heads/main", "refs/heads/try-something"
FORM = "application/x-www-form-urlencoded"
COMMITS = [
    {"id": f"{n:040x}", "message": f'Änderung {n}: ref "{OTHER}" {{', "added": [f"a/{n}.yaml"]}
    for n in range(3000)
]


def signed(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def github(body: bytes, **more: str) -> dict[str, str]:
    return {"X-GitHub-Event": "push", "X-Hub-Signature-256": signed(body), **more}


def gitlab(event: str) -> dict[str, str]:
    return {"X-Gitlab-Event": event, "X-Gitlab-Token": SECRET}


def bitbucket(body: bytes, event: str) -> dict[str, str]:
    return {"X-Event-Key": event, "X-Hub-Signature": signed(body)}


def post(headers: Mapping[str, str], body: bytes) -> tuple[int, list[str]]:
    controller = StandIn()
    options = ServerOptions(Path("/nowhere"), webhook_secret=SECRET)
    app = application(controller, controller, options)
    reply = ask(app, "POST", "/hooks/git", headers=headers, content=body)
    return reply.status_code, controller.woken


def of_25_mb(**first: Any) -> bytes:
    body = json.dumps({**first, "commits": COMMITS}).encode()
    times = 25_000_000 // len(body) + 1
    return json.dumps({**first, "commits": COMMITS * times}).encode()


def in_pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


@pytest.mark.slow
def test_a_push_of_25_mb_wakes_the_controller_within_little_memory(tmp_path: Path) -> None:
    body = of_25_mb(ref=MAIN)
    controller = StandIn()
    options = ServerOptions(tmp_path, "127.0.0.1:0", webhook_secret=SECRET)
    with serving(controller, options) as url, httpx.Client(trust_env=False) as client:
        tracemalloc.start()
        try:
            reply = client.post(
                f"{url}/hooks/git", headers=github(body), content=in_pieces(body), timeout=60
            )
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (reply.status_code, controller.woken) == (202, ["webhook"])
    assert len(body) > 25_000_000
    assert most < 4_000_000, "of both sides"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "answer"),
    [
        pytest.param({"ref": MAIN}, (202, ["webhook"]), id="to our branch"),
        pytest.param({"ref": OTHER}, (200, []), id="to another branch"),
        pytest.param({}, (202, ["webhook"]), id="which says its branch too late to be read"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_a_large_push_is_judged_by_its_beginning(
    first: dict[str, str], answer: tuple[int, list[str]], content_type: str
) -> None:
    body = of_25_mb(**first)
    if content_type == FORM:
        body = urlencode({"payload": body.decode()}).encode()
    assert post(github(body, **{"Content-Type": content_type}), body) == answer


@pytest.mark.parametrize("cut", range(KEPT_BYTES - 6, KEPT_BYTES + 7))
def test_where_the_beginning_ends_does_not_matter(cut: int) -> None:
    """The cut falls into an escape, a letter of two bytes, a key and a value."""
    start = json.dumps({"ref": MAIN, "x": ""})[:-2].encode()
    body = start + b"y" * (cut - len(start)) + 'ä", "k\\u00e4": ["ä'.encode() + b'z"]}'
    assert post(github(body), body) == (202, ["webhook"])
    form = urlencode({"payload": body.decode()}).encode()
    assert post(github(form, **{"Content-Type": FORM}), form) == (202, ["webhook"])


@pytest.mark.parametrize("position", [0, KEPT_BYTES + 5, -1])
def test_the_signature_covers_the_part_that_is_not_kept(position: int) -> None:
    body = bytearray(json.dumps({"ref": MAIN, "commits": COMMITS}).encode())
    headers = github(bytes(body))
    body[position] ^= 1
    assert post(headers, bytes(body)) == (401, [])


def test_a_large_body_that_is_not_json_wakes_nobody() -> None:
    body = b"<html>" + b"x" * 200_000
    assert post(github(body), body) == (200, [])


@pytest.mark.slow
def test_a_body_without_end_is_refused() -> None:
    body = b'{"ref": "refs/heads/main", "pad": "' + b"x" * MAX_BYTES
    assert post(github(body), body) == (413, [])


BRANCH = {"type": "branch", "name": "main", "target": {"hash": "4f2c9d1"}}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        pytest.param(
            gitlab("System Hook"),
            {"event_name": "push", "ref": MAIN, "project": {"name": "gateway"}},
            id="GitLab's system hook of a push",
        ),
        pytest.param(
            gitlab("System Hook"),
            {
                "event_name": "repository_update",
                "changes": [{"before": "0", "after": "4", "ref": MAIN}],
                "refs": [MAIN],
            },
            id="GitLab's system hook of a repository",
        ),
        pytest.param("repo:push", {"push": {"changes": [{"new": BRANCH, "old": None}]}}, id="Bitbucket Cloud"),
        pytest.param("repo:push", {"push": {"changes": [{"new": None, "old": BRANCH}]}}, id="a branch deleted there"),
        pytest.param(
            "repo:refs_changed",
            {"changes": [{"ref": {"id": MAIN, "displayId": "main", "type": "BRANCH"}}]},
            id="Bitbucket Data Center",
        ),
    ],
)  # fmt: skip
def test_what_each_forge_calls_a_push_wakes_the_controller(
    headers: dict[str, str] | str, told: dict[str, Any]
) -> None:
    body = json.dumps(told).encode()
    sent = bitbucket(body, headers) if isinstance(headers, str) else headers
    assert post(sent, body) == (202, ["webhook"])


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        pytest.param(gitlab("System Hook"), {"event_name": "project_create"}, id="a new project"),
        pytest.param(gitlab("System Hook"), {"event_name": "push", "ref": OTHER}, id="another branch"),
        pytest.param(gitlab("System Hook"), {"event_name": "tag_push", "ref": MAIN}, id="a tag"),
        pytest.param(gitlab("System Hook"), {"object_kind": "merge_request", "changes": {}}, id="a merge request"),
        pytest.param("repo:push", {"push": {"changes": [{"new": {"type": "tag", "name": "main"}}]}}, id="a tag on Bitbucket"),
        pytest.param("repo:fork", {"push": {"changes": [{"new": BRANCH}]}}, id="a fork on Bitbucket"),
        pytest.param("diagnostics:ping", {"test": True}, id="Bitbucket's ping"),
    ],
)  # fmt: skip
def test_what_is_not_a_push_to_our_branch_wakes_nobody(
    headers: dict[str, str] | str, told: dict[str, Any]
) -> None:
    body = json.dumps(told).encode()
    sent = bitbucket(body, headers) if isinstance(headers, str) else headers
    assert post(sent, body) == (200, [])


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Hub-Signature": "sha256=0"}, id="another signature"),
        pytest.param({"X-Hub-Signature": "sha1=0"}, id="SHA-1 alone"),
        pytest.param({"X-Gogs-Signature": ""}, id="an empty one"),
        pytest.param({"X-Hub-Signature": "sha256=0", "X-Gitlab-Token": SECRET}, id="a good token beside a bad signature"),
    ],
)  # fmt: skip
def test_the_new_headers_prove_nothing_without_the_secret(headers: dict[str, str]) -> None:
    assert post({"X-Event-Key": "repo:push", **headers}, b"{}") == (401, [])
