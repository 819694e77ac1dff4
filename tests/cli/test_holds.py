"""`freeze`, `suspend`, `resume`, `revert`: what they ask for, refuse and leave in the journal."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.command_line import CommandLine, Ended
from support.daemons import Site, running, site_in
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    """A host whose controller has run and does not run now."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return CommandLine(tmp_path, {"ASPIRE_GITOPS_STATE_DIR": str(state)})


def held(shell: CommandLine) -> list[dict[str, Any]]:
    """Return what the journal says of holds, newest first."""
    entries = json.loads(shell.run("log", "--kind", "hold", "--format", "json").stdout)["lines"]
    return [entry["body"] for entry in entries]


def words(ended: Ended) -> str:
    return " ".join(ended.stderr.split())


def test_a_freeze_is_written_down_with_its_owner_reason_and_end(shell: CommandLine) -> None:
    ended = shell.run("freeze", "--for", "2h", "--reason", "maintenance", "--owner", "ada")
    assert ended.returncode == 0
    assert ended.stdout.startswith("Frozen until ")
    (entry,) = json.loads(shell.run("log", "--format", "json").stdout)["lines"]
    body = entry["body"]
    assert (body["action"], body["owner"], body["reason"]) == ("freeze", "ada", "maintenance")
    at, until = map(datetime.fromisoformat, (entry["at"], body["until"]))
    assert until - at == timedelta(hours=2)


def test_without_a_controller_it_says_who_will_see_it(shell: CommandLine) -> None:
    ended = shell.run("suspend", "--reason", "moving house")
    assert ended.returncode == 0
    assert "A controller will see it in its next turn" in words(ended)


def test_resume_names_everything_that_it_ends(shell: CommandLine) -> None:
    shell.run("suspend", "--reason", "moving house", "--owner", "ada")
    shell.run("freeze", "--for", "1d", "--reason", "maintenance", "--owner", "bob")
    ended = shell.run("resume", "--owner", "eve")
    assert ended.stdout.splitlines() == [
        "Ended the suspend of ada (moving house).",
        "Ended the freeze of bob (maintenance).",
    ]
    assert held(shell)[0] == {"action": "resume", "owner": "eve"}
    again = shell.run("resume")
    assert again.stdout == "Nothing holds the controller.\n"
    assert len(held(shell)) == 3, "what changes nothing is not written down"


def test_a_reason_of_several_lines_becomes_one(shell: CommandLine) -> None:
    shell.run("freeze", "--for", "1h", "--reason", "first\nsecond   third")
    assert held(shell)[0]["reason"] == "first second third"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(("freeze", "--reason", "x"), "--for", id="a freeze without an end"),
        pytest.param(("freeze", "--for", "2h"), "--reason", id="a freeze without a reason"),
        pytest.param(("suspend",), "--reason", id="a suspension without a reason"),
        pytest.param(("freeze", "--for", "2h", "--reason", " "), "write a sentence", id="blank"),
        pytest.param(("freeze", "--for", "2", "--reason", "x"), "write 30m, 2h or 3d", id="2 what"),
        pytest.param(("freeze", "--for", "0h", "--reason", "x"), "write 30m", id="no time at all"),
        pytest.param(("freeze", "--for", "-1h", "--reason", "x"), "write 30m", id="backwards"),
        pytest.param(("freeze", "--for", "31d", "--reason", "x"), "30 days", id="for ever"),
        pytest.param(("revert", "--to", "4f2c9d1", "--reason", "x"), "git repository", id="no git"),
    ],
)
def test_what_cannot_be_meant_holds_nothing(
    shell: CommandLine, command: tuple[str, ...], said: str
) -> None:
    ended = shell.run(*command)
    assert ended.returncode == 64
    assert said in words(ended)
    assert list((shell.folder / "state").iterdir()) == []


def test_a_host_without_a_controller_is_told_so(tmp_path: Path) -> None:
    nowhere = {"ASPIRE_GITOPS_STATE_DIR": str(tmp_path / "nowhere")}
    ended = CommandLine(tmp_path, nowhere).run("freeze", "--for", "2h", "--reason", "x")
    assert ended.returncode == 64
    assert "no controller has run with" in words(ended)
    assert not (tmp_path / "nowhere").exists()


# ── with a controller ───────────────────────────────────────────────────────


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running controller at rest, which looks only when it is asked."""
    with serving(FakeGateway()) as url:
        made = site_in(tmp_path, gateway_url=url, admin_key=ADMIN_KEY)
        made.daemon.interval_s = 3_000
        made.aimed("east")
        with running(made.daemon):
            assert made.daemon.reconcile().standing == "ready"
            yield made


@pytest.mark.slow
def test_it_holds_when_the_command_returns(site: Site) -> None:
    site.aimed("west")
    assert site.daemon.run("freeze", "--for", "1h", "--reason", "x").returncode == 0
    status = site.status()
    assert [hold.kind for hold in status.brakes] == ["freeze"]
    assert status.turns[0].causes == ("brake",)
    assert (status.turns[0].planned, status.turns[0].counts) == (1, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revision", "flags", "said"),
    [
        pytest.param("abc", ("--yes",), "seven characters", id="too short to be one"),
        pytest.param("0" * 40, ("--yes",), "was never applied", id="never applied"),
        pytest.param("HEAD", ("--yes",), "too short for a commit", id="no commit at all"),
        pytest.param("", (), "pass --yes", id="nobody to ask"),
    ],
)
def test_a_revert_that_nobody_can_mean_holds_nothing(
    site: Site, revision: str, flags: tuple[str, ...], said: str
) -> None:
    to = revision or site.origin.work.head
    repository = ("--repository", str(site.daemon.repository))
    done = site.daemon.run("revert", "--to", to, "--reason", "x", *flags, *repository)
    assert done.returncode == 64
    assert said in " ".join(done.stderr.decode().split())
    assert site.status().brakes == ()


@pytest.mark.slow
def test_a_revert_shows_its_plan_forward_from_what_is_live(site: Site) -> None:
    older = site.origin.work.head
    site.applied("west")
    repository = ("--repository", str(site.daemon.repository))
    words_ = ("revert", "--to", older[:7], "--for", "2h", "--reason", "slow", "--yes")
    done = site.daemon.run(*words_, *repository)
    assert done.returncode == 0, done.stderr
    assert f"Held at {older[:7]} until" in done.stdout.decode()
    shown = done.stderr.decode()
    assert f"gw.west-{site.name}" in shown
    assert f"gw.east-{site.name}" in shown
    assert site.status().applied
    held_at = site.status().brakes[0]
    assert (held_at.kind, held_at.reason) == ("revert", "slow")


def test_the_former_kind_of_a_hold_still_works_and_says_so(shell: CommandLine) -> None:
    shell.run("suspend", "--reason", "moving house", "--owner", "ada")
    former, now = (shell.run("log", "--kind", kind) for kind in ("brake", "hold"))
    assert former.stdout == now.stdout != ""
    assert (former.stderr, now.stderr) == ("· --kind brake is now --kind hold\n", "")
