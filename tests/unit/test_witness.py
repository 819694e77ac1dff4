"""What is said of the gateway's processes, from rows that can be forged and answers that cannot."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aspire_gitops.witness import Answers, Facts, SeenProcess, Settings, Trust, judge

OURS, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def facts(process: str = "gw-1", settings: str = OURS, **more: str) -> Facts:
    made = Facts(process, settings, settings, "1.106.2", "0.1.0", "on")
    return replace(made, **more)


def row(process: str = "gw-1", settings: str = OURS, age_s: float | None = 3.0) -> SeenProcess:
    return SeenProcess(facts(process, settings), age_s)


def said(*found: Facts, unguarded: int = 0, problem: str = "") -> Answers:
    return Answers({one.process: one for one in found}, unguarded, problem, "try again")


@pytest.mark.parametrize(
    ("rows", "answers", "state", "trusts"),
    [
        pytest.param(
            [row(), row("gw-2")],
            said(facts(), facts("gw-2")),
            Settings.VERIFIED,
            {"gw-1": Trust.VERIFIED, "gw-2": Trust.VERIFIED},
            id="every process answered, and runs the compiled settings",
        ),
        pytest.param(
            [row(), row("forged")],
            said(facts()),
            Settings.UNKNOWN,
            {"gw-1": Trust.VERIFIED, "forged": Trust.UNCONFIRMED},
            id="a row that nobody answers for is not believed",
        ),
        pytest.param(
            [row(), row("gw-2", OTHER)],
            said(facts(), facts("gw-2", OTHER)),
            Settings.RESTART,
            {"gw-1": Trust.VERIFIED, "gw-2": Trust.OTHER},
            id="one of two processes runs other settings",
        ),
        pytest.param(
            [row(), row("gw-2")],
            said(facts(), facts("gw-2", OTHER)),
            Settings.RESTART,
            {"gw-1": Trust.VERIFIED, "gw-2": Trust.OTHER},
            id="its row says what is right, and its answer does not",
        ),
        pytest.param(
            [row()],
            said(facts(file=OTHER)),
            Settings.RESTART,
            {"gw-1": Trust.OTHER},
            id="the file was changed under it",
        ),
        pytest.param(
            [row()],
            said(facts(file="")),
            Settings.UNKNOWN,
            {"gw-1": Trust.UNCONFIRMED},
            id="it cannot say which file it reads",
        ),
        pytest.param(
            [row()],
            said(facts(guard="off")),
            Settings.RESTART,
            {"gw-1": Trust.OTHER},
            id="something stands in front of the guard",
        ),
        pytest.param(
            [row(age_s=300.0)],
            said(facts()),
            Settings.UNKNOWN,
            {"gw-1": Trust.SILENT},
            id="its heartbeat stopped, and it still serves",
        ),
        pytest.param(
            [row(), row("forged", OTHER)],
            said(facts()),
            Settings.UNKNOWN,
            {"gw-1": Trust.VERIFIED, "forged": Trust.UNCONFIRMED},
            id="a row with other settings, which nobody answers for",
        ),
        pytest.param(
            [row(), row("killed", OTHER, 300.0)],
            said(facts()),
            Settings.VERIFIED,
            {"gw-1": Trust.VERIFIED, "killed": Trust.GONE},
            id="one that was killed does not count",
        ),
        pytest.param(
            [row(), row("forged", OURS, -3600.0), row("strange", OURS, None)],
            said(facts()),
            Settings.UNKNOWN,
            {
                "gw-1": Trust.VERIFIED,
                "forged": Trust.UNCONFIRMED,
                "strange": Trust.UNCONFIRMED,
            },
            id="a heartbeat of the future, or of no moment",
        ),
        pytest.param(
            [row()],
            said(facts(), facts("gw-2")),
            Settings.UNKNOWN,
            {"gw-1": Trust.VERIFIED, "gw-2": Trust.UNKNOWN},
            id="one answers that the ledger does not know",
        ),
        pytest.param(
            [row()],
            said(facts(), unguarded=1),
            Settings.RESTART,
            {"gw-1": Trust.VERIFIED, "(unnamed)": Trust.UNGUARDED},
            id="one answers without the guard",
        ),
        pytest.param([], said(), Settings.UNKNOWN, {}, id="nobody has a row, and nobody answered"),
        pytest.param(
            [row()],
            said(problem="no answer"),
            Settings.UNKNOWN,
            {"gw-1": Trust.UNCONFIRMED},
            id="the gateway is away",
        ),
    ],
)
def test_what_is_said_of_the_settings(
    rows: list[SeenProcess],
    answers: Answers,
    state: Settings,
    trusts: Mapping[str, Trust],
) -> None:
    report = judge(OURS, rows, answers, deploying=False, restart="restart it")
    assert report.state is state
    assert {one.process: one.trust for one in report.processes} == trusts
    assert report.help == {Settings.RESTART: "restart it", Settings.VERIFIED: ""}.get(
        state, report.help
    )
    assert report.help or state is Settings.VERIFIED


def test_a_second_digest_during_a_declared_deployment_is_rolling() -> None:
    answers = said(facts(), facts("gw-2", OTHER))
    report = judge(OURS, [row(), row("gw-2", OTHER)], answers, deploying=True, restart="restart it")
    assert (report.state, report.help) == (Settings.ROLLING, "")


def test_which_process_runs_what_is_said() -> None:
    report = judge(OURS, [row()], said(facts(settings=OTHER)), deploying=False, restart="now")
    assert report.reason == "restart needed: 1 of 1 process: it loaded sha256:bbbbbbbbbbbb"
