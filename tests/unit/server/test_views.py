"""Health, readiness and status: what a machine is told."""

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aspire_gitops.server.application import application, not_ready
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.status.document import StatusDocument
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.value import Status
from support.asking import ask
from support.statuses import STATUSES, StandIn, fresh, ready, stalled, standby, waiting

OPTIONS = ServerOptions(Path("/nowhere"))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(ready(), None, id="at rest"),
        pytest.param(waiting(), None, id="waiting: it passes by itself"),
        pytest.param(stalled(), None, id="stalled: a restart would not help"),
        pytest.param(standby(), None, id="standing by is its work"),
        pytest.param(fresh(), "no turn has ended yet", id="just started"),
        pytest.param(
            replace(ready(), journal=None),
            "the journal cannot be read, so nothing may be applied",
            id="no journal",
        ),
    ],
)
def test_readiness(status: Status, reason: str | None) -> None:
    assert not_ready(status) == reason


@pytest.mark.parametrize(
    ("controller", "health", "readiness"),
    [
        pytest.param(StandIn(), 200, 200, id="all is well"),
        pytest.param(StandIn(fresh()), 200, 503, id="just started: alive, not ready"),
        pytest.param(StandIn(moving=False), 503, 503, id="stuck"),
    ],
)
def test_liveness_and_readiness_differ(controller: StandIn, health: int, readiness: int) -> None:
    app = application(controller, controller, OPTIONS)
    assert ask(app, "GET", "/healthz").status_code == health
    assert ask(app, "GET", "/readyz").status_code == readiness


def test_a_controller_that_is_not_ready_says_why() -> None:
    app = application(StandIn(fresh()), StandIn(), OPTIONS)
    assert ask(app, "GET", "/readyz").text == "no turn has ended yet\n"


@pytest.mark.parametrize("name", STATUSES)
def test_the_status_is_json_that_reads_back(name: str) -> None:
    app = application(StandIn(STATUSES[name]), StandIn(), OPTIONS)
    reply = ask(app, "GET", "/api/status")
    assert reply.headers["content-type"] == "application/json"
    assert StatusDocument.model_validate_json(reply.content) == status_document(STATUSES[name])


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/api/status"])
def test_nothing_that_can_be_read_can_be_written(path: str) -> None:
    controller = StandIn()
    app = application(controller, controller, OPTIONS)
    assert [ask(app, m, path).status_code for m in ("POST", "PUT", "DELETE")] == [405] * 3
    assert controller.woken == []


def test_the_page_can_be_held_still() -> None:
    app = application(StandIn(), StandIn(), OPTIONS)
    assert 'http-equiv="refresh"' in ask(app, "GET", "/").text
    assert 'http-equiv="refresh"' not in ask(app, "GET", "/?refresh=off").text


def test_a_bug_is_answered_without_its_text() -> None:
    class Broken(StandIn):
        def status(self) -> Status:
            raise RuntimeError("planted-secret-in-a-bug")

    with capture_logs() as logged:
        reply = ask(application(Broken(), Broken(), OPTIONS), "GET", "/api/status")
    assert (reply.status_code, reply.headers["x-content-type-options"]) == (500, "nosniff")
    assert [line["error"] for line in logged] == ["RuntimeError"]
    assert "planted-secret-in-a-bug" not in f"{reply.text}{logged}"
