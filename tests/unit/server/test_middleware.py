"""Who may read, and what every answer tells the browser."""

import base64
from pathlib import Path

import pytest

from aspire_gitops.server.application import application
from aspire_gitops.server.options import ServerOptions
from support.asking import ask
from support.statuses import StandIn

TOKEN = "planted-token-5e1f"
SEEN = ("/", "/metrics", "/api/status", "/nothing-here")
OPEN = ("/healthz", "/readyz")


def status_of(path: str, options: ServerOptions, **headers: str) -> int:
    return ask(application(StandIn(), StandIn(), options), "GET", path, headers=headers).status_code


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


WITH_TOKEN = ServerOptions(Path("/nowhere"), token=TOKEN)


@pytest.mark.parametrize("path", SEEN)
@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer guessed", id="another token"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param(f"Bearer {TOKEN}x", id="one letter more"),
        pytest.param(f"Token {TOKEN}", id="another scheme"),
        pytest.param(basic(TOKEN, ""), id="the token as the user"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param("Basic " + base64.b64encode(TOKEN.encode()).decode(), id="no password"),
    ],
)
def test_without_the_token_nothing_is_told(path: str, given: str) -> None:
    app = application(StandIn(), StandIn(), WITH_TOKEN)
    reply = ask(app, "GET", path, headers={"Authorization": given})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Basic ")
    assert "aspire.group" not in reply.text


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("anybody", TOKEN)])
def test_the_token_opens_the_page(given: str) -> None:
    assert status_of("/", WITH_TOKEN, Authorization=given) == 200


@pytest.mark.parametrize("path", OPEN)
def test_health_needs_no_token(path: str) -> None:
    assert status_of(path, WITH_TOKEN) == 200


def test_the_hook_needs_no_token_but_its_own_secret() -> None:
    app = application(StandIn(), StandIn(), WITH_TOKEN)
    assert ask(app, "POST", "/hooks/git").status_code == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8790", 200, id="this machine"),
        pytest.param("localhost:8790", 200, id="this machine by name"),
        pytest.param("[::1]:8790", 200, id="this machine, IPv6"),
        pytest.param("gitops.aspiredigital.group", 200, id="the public name"),
        pytest.param("rebound.example", 421, id="a name that somebody points at this machine"),
        pytest.param("127.0.0.1.evil.example", 421, id="a name that looks like this machine"),
        pytest.param("", 421, id="no name"),
    ],
)
def test_a_page_elsewhere_cannot_read_through_a_visitors_browser(host: str, status: int) -> None:
    options = ServerOptions(Path("/nowhere"), public_url="https://gitops.aspiredigital.group/")
    assert status_of("/api/status", options, Host=host) == status


@pytest.mark.parametrize("path", [*SEEN, *OPEN, "/hooks/git"])
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ],
)
def test_every_answer_has_its_manners(path: str, header: str, value: str) -> None:
    app = application(StandIn(), StandIn(), WITH_TOKEN)
    assert ask(app, "GET", path).headers[header] == value


def test_the_policy_allows_no_script_at_all() -> None:
    app = application(StandIn(), StandIn(), ServerOptions(Path("/nowhere")))
    policy = ask(app, "GET", "/").headers["content-security-policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == parts["frame-ancestors"] == "'none'"
    assert "script-src" not in parts
    assert "unsafe" not in policy
