"""The controller's log: its start and stop, what is new, and nothing raw between its lines."""

import asyncio
import json
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from aspire_gitops.cli import options
from aspire_gitops.controller.notifier import Notifier
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.settings import LogFormat
from aspire_gitops.status.value import Standing, Turn
from aspire_gitops.vocabulary import Revision
from support.command_line import PROGRAM, CommandLine
from support.daemons import PLANTED, Site, running, site_in, until
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAIN = Revision("main", "4f2c9d1a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d1e")
QUIET = Turn(
    "t", ("interval",), AT, 0.1, Standing.READY, "the gateway matches main@4f2c9d1", wanted=MAIN,
    applied=MAIN,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _every_level() -> Iterator[None]:
    """Forget the level that a command before this test chose for the whole process."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def logged(folder: Path, *turns: Turn) -> list[dict[str, Any]]:
    notifier = Notifier(Outbox(folder, []))
    with capture_logs() as lines:
        for turn in turns:
            notifier.turned(turn)
    return [dict(line) for line in lines if line["log_level"] != "debug"]


def test_a_day_of_quiet_turns_is_a_line_an_hour(tmp_path: Path) -> None:
    day = [replace(QUIET, started_at=AT + timedelta(minutes=n)) for n in range(1440)]
    lines = logged(tmp_path, *day)
    assert len(lines) == 24
    assert {line["quiet_turns"] for line in lines[1:]} == {59}


STALLED = replace(QUIET, standing=Standing.STALLED, reason="a bad commit", wanted=None)


@pytest.mark.parametrize(
    ("then", "lines"),
    [
        pytest.param(QUIET, 1, id="the same again"),
        pytest.param(replace(QUIET, causes=("reconcile",)), 2, id="somebody asked"),
        pytest.param(replace(QUIET, causes=("interval", "webhook")), 2, id="a push beside the interval"),
        pytest.param(replace(QUIET, wanted=Revision("main", "0" * 40)), 2, id="another commit"),
        pytest.param(replace(QUIET, counts={"applied": 1}), 2, id="something was written"),
        pytest.param(STALLED, 2, id="it stalls"),
    ],
)  # fmt: skip
def test_what_is_new_is_logged(tmp_path: Path, then: Turn, lines: int) -> None:
    assert len(logged(tmp_path, QUIET, then)) == lines


def test_a_recovery_is_logged_although_the_line_was_said_before(tmp_path: Path) -> None:
    assert len(logged(tmp_path, QUIET, STALLED, QUIET)) == 3


def test_nothing_applied_is_not_the_word_none(tmp_path: Path) -> None:
    (line,) = logged(tmp_path, replace(QUIET, wanted=None, applied=None))
    assert (line["wanted"], line["applied"]) == (None, None)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Standard error of a program that logs as the daemon does."""
    said = StringIO()
    monkeypatch.setattr("sys.stderr", said)
    handlers, level = logging.root.handlers[:], logging.root.level
    logging.root.handlers[:] = []
    try:
        options.configure_logging(LogFormat.JSON, debug=False, daemon=True)
        yield said
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        structlog.reset_defaults()


def test_what_a_library_complains_about_is_one_json_line_without_its_words(
    stream: StringIO,
) -> None:
    async def forgotten() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError("planted-secret"))
        del future
        await asyncio.sleep(0)

    asyncio.run(forgotten())
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["library"], line["error"], line["level"]) == ("asyncio", "ValueError", "error")
    assert "planted-secret" not in stream.getvalue()


def test_a_warning_that_repeats_is_said_once(stream: StringIO) -> None:
    log = structlog.get_logger("x")
    for _ in range(5):
        log.warning("the lock cannot be reached", why="no route")
        log.info("leading")
    log.warning("the lock cannot be reached", why="refused")
    said = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert said.count("the lock cannot be reached") == 2
    assert said.count("leading") == 5


@pytest.mark.slow
def test_people_get_an_error_with_help_and_no_raw_retries(tmp_path: Path) -> None:
    line = CommandLine(
        tmp_path,
        {"ASPIRE_GITOPS_GATEWAY_URL": "http://127.0.0.1:9", "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY},
    )
    ended = line.run_process("snapshot")
    assert ended.returncode == 1
    error, help_ = ended.stderr.splitlines()
    assert "no answer from http://127.0.0.1:9" in error
    assert help_.startswith("  = help: check ASPIRE_GITOPS_GATEWAY_URL")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(FakeGateway()) as url:
        made = site_in(tmp_path, gateway_url=url, admin_key=ADMIN_KEY)
        made.aimed("east")
        yield made


@pytest.mark.slow
def test_its_start_and_stop_are_in_the_log_and_no_secret(site: Site) -> None:
    with running(site.daemon):
        site.daemon.reconcile()
        assert site.daemon.stop() == 0
    text = site.daemon.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    started, *_, stopping, stopped = lines
    assert (started["event"], stopped["event"]) == ("started", "stopped")
    assert stopping["signal"] == "SIGTERM"
    assert started["version"]
    assert started["watches"] == f"gateway.d on main of {site.origin.bare.path}"
    assert started["settings"]["interval_s"] == 5
    assert started["settings"]["admin_key"] == "**********"
    planted = (ADMIN_KEY, PLANTED, "planted-webhook-secret-4711")
    assert not [word for word in planted if word in text]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["a full disk", "a pipe that nobody reads"])
def test_a_log_that_cannot_be_written_does_not_end_the_controller(site: Site, where: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    target = os.open("/dev/full", os.O_WRONLY) if where == "a full disk" else writer
    words = ["controller", "--repository", str(site.daemon.repository), "--listen", "127.0.0.1:0"]
    with subprocess.Popen([*PROGRAM, *words], env=site.daemon._environment(), stderr=target) as one:
        try:
            until(lambda: (status := site.daemon.status()) and status.standing == "ready")
        finally:
            one.send_signal(signal.SIGTERM)
    for descriptor in {writer, target}:
        os.close(descriptor)
