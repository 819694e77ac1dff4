"""`aspire-gitops controller` as a daemon: how it starts, refuses to, tells, publishes and ends."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command_line import PROGRAM, CommandLine
from support.daemons import PLANTED, Site, running, site_in, tell_of_push, until
from support.fake_gateway import ADMIN_KEY, FakeGateway, Fault, Slow, Status, serving
from support.listening import Listener, Say, listening

NOBODY, NAMELESS = 65_534, 54_321


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def site(tmp_path: Path, fake: FakeGateway) -> Iterator[Site]:
    """A site whose first commit is pushed, and whose controller does not run yet."""
    with serving(fake) as url:
        made = site_in(tmp_path, gateway_url=url, admin_key=ADMIN_KEY)
        made.aimed("east")
        yield made


def with_variables(site: Site, **more: object) -> None:
    added = {f"ASPIRE_GITOPS_{name}": str(value) for name, value in more.items()}
    site.daemon.variables = {**site.daemon.variables, **added}


# ── starting ────────────────────────────────────────────────────────────────

COMPLETE = {
    "ASPIRE_GITOPS_GATEWAY_URL": "http://127.0.0.1:9",
    "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
    "ASPIRE_GITOPS_LISTEN": "127.0.0.1:0",
}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"ADMIN_KEY": ""}, "set ASPIRE_GITOPS_ADMIN_KEY", id="no admin key"),
        pytest.param({"GATEWAY_URL": ""}, "set ASPIRE_GITOPS_GATEWAY_URL", id="no gateway"),
        pytest.param({"ADMIN_KEY_FILE": "/nowhere"}, "unset one of them", id="two admin keys"),
        pytest.param(
            {"ADMIN_KEY": "", "ADMIN_KEY_FILE": "/nowhere"},
            "cannot be read from /nowhere",
            id="an admin key's file that is not there",
        ),
        pytest.param({"STATE_DIR": "/dev/null/x"}, "cannot be used", id="no place for its state"),
        pytest.param({"INTERVAL_S": "1"}, "ASPIRE_GITOPS_INTERVAL_S", id="too hasty"),
        pytest.param({"LISTEN": "8790"}, "ASPIRE_GITOPS_LISTEN", id="no address"),
        pytest.param(
            {"LISTEN": "0.0.0.0:0"}, "set ASPIRE_GITOPS_STATUS_TOKEN", id="open to everybody"
        ),
        pytest.param(
            {"GITHUB_TOKEN": "planted-token", "REPOSITORY": "/srv/gateway.git"},
            "unset the token",
            id="a token for GitHub, and no GitHub",
        ),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_done(
    tmp_path: Path, variables: Mapping[str, str], said: str
) -> None:
    given = {f"ASPIRE_GITOPS_{name}": value for name, value in variables.items()}
    ended = CommandLine(tmp_path, {**COMPLETE, **given}).run("controller")
    assert ended.returncode in {1, 64}
    assert said in " ".join(ended.stderr.split())
    assert "planted" not in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_an_address_that_is_taken_is_named_with_the_way_out(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = site.daemon.run("controller", "--listen", address)
    assert done.returncode == 64
    assert f"cannot listen on {address}: address already in use" in done.stderr.decode()


@pytest.mark.slow
def test_a_second_controller_with_the_same_state_folder_refuses(site: Site) -> None:
    with running(site.daemon):
        done = site.daemon.run("controller", "--listen", "127.0.0.1:0")
        assert done.returncode == 1
        assert f"pid {site.daemon.pid} on " in done.stderr.decode()
        assert "stop it first" in done.stderr.decode()
        assert site.daemon.reconcile().standing == "ready", "the first one goes on"


@pytest.mark.slow
def test_the_state_folder_is_its_owners_alone_even_if_it_was_not(site: Site) -> None:
    site.daemon.state_dir.mkdir(mode=0o755)
    with running(site.daemon):
        site.daemon.reconcile()
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (site.daemon.state_dir, site.daemon.state_dir / "controller.sock")
        }
    assert modes == {"state": 0o700, "controller.sock": 0o600}


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> "Iterator[Stranger]":
    """Somebody who is not root, with a folder of their own."""
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    folder = Path(tempfile.mkdtemp(prefix="aspire-gitops-"))
    stranger = Stranger(request.param, folder)
    try:
        if stranger.run({"PATH": os.environ["PATH"]}, "--version").returncode:
            pytest.skip("nobody but root may run this Python")
        yield stranger
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Stranger:
    user: int
    folder: Path

    @property
    def become(self) -> tuple[str, ...]:
        return ("setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups")

    def run(
        self, environment: Mapping[str, str], *words: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.become, *PROGRAM, *words],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.mark.slow
@pytest.mark.parametrize("stranger", [NOBODY], ids=["nobody"], indirect=True)
def test_a_single_turn_needs_no_root(stranger: Stranger, fake: FakeGateway) -> None:
    with serving(fake) as url:
        site = site_in(stranger.folder, gateway_url=url, admin_key=ADMIN_KEY)
        site.aimed("east")
        for path in (stranger.folder, *stranger.folder.rglob("*")):
            os.chown(path, stranger.user, stranger.user)
        environment = site.daemon._environment()
        repository = str(site.daemon.repository)
        turned = stranger.run(environment, "reconcile", "--alone", "--repository", repository)
        assert turned.returncode == 0, turned
        frozen = stranger.run(environment, "freeze", "--for", "1h", "--reason", "at night")
        assert frozen.returncode == 0, frozen
    assert {path.stat().st_uid for path in site.daemon.state_dir.rglob("*")} == {stranger.user}
    assert len(fake.deployments.rows) == 1


@pytest.mark.slow
@pytest.mark.parametrize("stranger", [NAMELESS], ids=["a user without a name"], indirect=True)
def test_the_daemon_lives_its_whole_life_without_root_or_name(
    stranger: Stranger, fake: FakeGateway
) -> None:
    with serving(fake) as url:
        site = site_in(stranger.folder, gateway_url=url, admin_key=ADMIN_KEY)
        site.aimed("east")
        for path in (stranger.folder, *stranger.folder.rglob("*")):
            os.chown(path, stranger.user, stranger.user)
        site.daemon.become = stranger.become
        with running(site.daemon):
            assert site.daemon.reconcile().standing == "ready"
            assert Path(f"/proc/{site.daemon.pid}").stat().st_uid == stranger.user
            row = next(iter(fake.deployments.rows.values()))
            row["litellm_params"]["api_base"] = "http://127.0.0.1:9/by-hand/v1"
            assert tell_of_push(str(site.daemon.url())) == 202
            until(lambda: site.daemon.reconcile().drift or "/east/" in str(row["litellm_params"]))
            assert site.daemon.run("freeze", "--for", "1h", "--reason", "at night").returncode == 0
            assert [hold.kind for hold in site.status().brakes] == ["freeze"]
            assert site.daemon.stop() == 0
        assert site.daemon.run("log", "verify").returncode == 0
    left = [*site.daemon.state_dir.rglob("*"), site.delivered]
    assert {path.stat().st_uid for path in left} == {stranger.user}
    assert "/east/" in row["litellm_params"]["api_base"], "a hand on the gateway was healed"


@pytest.mark.slow
def test_a_watched_folder_is_applied_as_soon_as_a_file_is_saved(
    site: Site, fake: FakeGateway
) -> None:
    site.daemon.folder = site.origin.work.path / "gateway.d"
    site.daemon.interval_s = 3600  # so that nothing but the file can be what woke it
    with running(site.daemon):
        until(lambda: site.status().standing == "ready")
        site.aim("west")
        until(lambda: "/west/" in str(fake.deployments.rows))
        until(lambda: "file change" in site.status().turns[0].causes)
        site.origin.write("alias/broken.yaml", "kind: Alias\nname: [\n")
        until(lambda: site.status().standing == "stalled")
        assert "/west/" in str(fake.deployments.rows), "half a file changes nothing"


# ── ending ──────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_sigterm_ends_it_at_once_while_it_rests(site: Site) -> None:
    with running(site.daemon):
        site.daemon.reconcile()
        asked = time.monotonic()
        assert site.daemon.stop() == 0
    assert time.monotonic() - asked < 5
    assert not (site.daemon.state_dir / "controller.sock").exists()


@pytest.mark.slow
def test_sigterm_waits_for_the_change_in_hand_and_begins_no_other(
    site: Site, fake: FakeGateway
) -> None:
    with running(site.daemon):
        site.daemon.reconcile()
        fake.forget()
        with fake.failing(Fault(Slow(1.5), method="PATCH", path="/model/gw")):
            site.aimed("west")
            site.daemon.send(signal.SIGHUP)
            until(lambda: any("/model/gw" in request.path for request in fake.writes))
            assert site.daemon.stop() == 0
    done = site.daemon.run("log", "--kind", "result", "--limit", "1", "--format", "json")
    (last,) = json.loads(done.stdout)["lines"]
    assert last["body"]["status"] == "applied", "it was proved and written down"


# ── telling and publishing ──────────────────────────────────────────────────


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def topics(listener: Listener) -> list[str]:
    return [str(heard.json["topic"]) for heard in listener.heard]


@pytest.mark.slow
def test_others_hear_what_begins_and_what_ends(
    site: Site, fake: FakeGateway, listener: Listener
) -> None:
    with_variables(site, NOTIFY_URL=listener.base, NOTIFY_SECRET="planted-notify-secret")
    with running(site.daemon):
        site.daemon.reconcile()
        listener.waits_for(1)
        with fake.failing(Fault(Status(400), method="PATCH", path="/model/gw")):
            site.aimed("west")
            site.daemon.reconcile()
            listener.waits_for(2)
        site.daemon.reconcile()
        listener.waits_for(3)
        row = next(iter(fake.deployments.rows.values()))
        row["litellm_params"]["api_base"] = "http://127.0.0.1:9/by-hand/v1"
        site.daemon.reconcile()
        listener.waits_for(5)
        site.daemon.run("freeze", "--for", "1h", "--reason", "at night")
        listener.waits_for(6)
    told = topics(listener)
    assert told[:2] == ["applied", "failed"]
    assert set(told) >= {"applied", "failed", "recovered", "drift", "freeze"}, told
    said = b"".join(heard.body for heard in listener.heard)
    assert PLANTED.encode() not in said
    assert ADMIN_KEY.encode() not in said


@pytest.mark.slow
def test_a_deaf_receiver_stops_no_turn_and_hears_it_later(site: Site, listener: Listener) -> None:
    listener.answers(Say(500))
    with_variables(site, NOTIFY_URL=listener.base)
    with running(site.daemon):
        assert site.daemon.reconcile().standing == "ready"
        until(lambda: site.status().untold == 1)
        listener.answers(Say(200))
        until(lambda: site.status().untold == 0)
    assert len(set(listener.ids())) == 1, "the same notice, until it was taken"


@pytest.mark.slow
def test_what_is_live_is_published_once_for_a_reviewer_without_a_key(
    site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "published.json"
    with_variables(site, PUBLISH_FILE=file, PUBLISH_BRANCH="gateway-state")
    with running(site.daemon):
        site.daemon.reconcile()
        until(lambda: file.exists() and published(site) == 1)
        before = file.read_bytes()
        site.daemon.reconcile()
        site.daemon.reconcile()
        assert (file.read_bytes(), published(site)) == (before, 1), "nothing new, nothing said"
        commit = site.aimed("west")
        site.daemon.reconcile()
        until(lambda: published(site) == 2)
    on_branch = site.origin.bare.git("show", "gateway-state:snapshot.json")
    assert json.loads(on_branch) == json.loads(file.read_bytes())
    assert json.loads(on_branch)["revision"]["commit"] == commit
    assert PLANTED not in on_branch
    plan = without_a_key(site, file)
    assert plan.returncode == 0, plan.stderr
    assert json.loads(plan.stdout)["changes"] == []


def published(site: Site) -> int:
    """Return how many times the branch was written to."""
    found = site.origin.bare.git("for-each-ref", "refs/heads/gateway-state")
    return int(site.origin.bare.git("rev-list", "--count", "gateway-state")) if found else 0


def without_a_key(site: Site, snapshot: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "ASPIRE_GITOPS_OWNER": site.name}
    return subprocess.run(
        [*PROGRAM, "plan", "gateway.d", "--snapshot", str(snapshot), "--format", "json"],
        cwd=site.origin.work.path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
