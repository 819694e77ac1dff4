"""The controller as a process, beside a real gateway: what people push is what answers.

Each test has names of its own on one gateway. Who answered is what the stand-in
provider says, never what the controller says.
"""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aspire_gitops.controller.holds import hold_draft
from aspire_gitops.journal import open_journal
from aspire_gitops.sandbox import Sandbox, SandboxOptions, kill_proxy, postgres, restart
from aspire_gitops.sandbox.cache import POSTGRES, StateFolder
from aspire_gitops.sandbox.processes import stop
from aspire_gitops.status.value import Hold, HoldKind
from support.daemons import PLANTED, Site, running, site_in, tell_of_push, until
from support.folders import alias
from support.sandbox_admin import Admin, admin_of, good
from support.sandboxes import fresh_sandbox

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Sandbox]:
    with fresh_sandbox(SandboxOptions(upstream=True)) as sandbox:
        yield sandbox


@pytest.fixture
def admin(gateway: Sandbox) -> Iterator[Admin]:
    with admin_of(gateway) as admin:
        yield admin


@pytest.fixture
def site(gateway: Sandbox, tmp_path: Path) -> Iterator[Site]:
    """A site at rest: its alias is answered by the east."""
    assert gateway.upstream_url
    made = site_in(
        tmp_path,
        gateway_url=gateway.base_url,
        admin_key=gateway.master_key,
        upstream_url=gateway.upstream_url,
    )
    made.aimed("east")
    with running(made.daemon):
        until(lambda: made.status().standing == "ready")
        yield made


# ── from a commit to what answers ───────────────────────────────────────────


def test_a_push_goes_live_by_the_next_look(site: Site) -> None:
    assert site.answers() == "east"
    site.aimed("west")
    until(lambda: site.answers() == "west")


def test_a_push_goes_live_by_the_webhook(site: Site) -> None:
    url = site.daemon.url()
    assert url
    site.aimed("west")
    assert tell_of_push(url, secret="not-the-secret") == 401
    assert tell_of_push(url) == 202
    until(lambda: site.answers() == "west")
    until(lambda: any("webhook" in turn.causes and turn.counts for turn in site.status().turns))


def test_a_bad_commit_leaves_the_last_good_one_serving(site: Site, admin: Admin) -> None:
    site.aim("west")
    site.origin.write("alias/broken.yaml", "kind: Alias\nname: broken\ntarget: {provider: none}\n")
    bad = site.origin.push("Break the folder")
    turn = site.daemon.reconcile()
    assert (turn.standing, turn.wanted and turn.wanted.commit) == ("stalled", bad)
    assert [one.place for one in turn.diagnostics if "broken.yaml" in one.place]
    move_by_hand(site, admin, "west")
    until(lambda: site.answers() == "east", within_s=15)
    assert site.status().standing == "stalled"
    (site.origin.work.path / "gateway.d" / "alias" / "broken.yaml").unlink()
    site.origin.push("Mend the folder")
    assert site.daemon.reconcile().standing == "ready"
    assert site.answers() == "west"


# ── hands ───────────────────────────────────────────────────────────────────


def test_a_hand_on_the_gateway_is_found_healed_and_told(site: Site, admin: Admin) -> None:
    key, before = site.delivered.read_text().strip(), datetime.now(UTC)
    move_by_hand(site, admin, "west")
    admin.post("/key/update", {"key": key, "rpm_limit": 7})
    assert site.answers() == "west"
    until(lambda: site.answers() == "east", within_s=site.daemon.interval_s * 2 + 5)
    until(lambda: admin.key_row(key)["rpm_limit"] is None, within_s=15)
    until(lambda: len(logged(site, "drift")) == 2)
    drift = {entry["object"]: entry["body"] for entry in logged(site, "drift")}
    told = drift[f"key/shop-{site.name}.main"]
    assert (told["fields"], told["answer"]) == (["rpm_limit"], "healed")
    assert told["by"] is None, "of a change LiteLLM says when, and not by whom"
    assert before <= datetime.fromisoformat(told["since"]) <= datetime.now(UTC)
    moved = drift[f"deployment/{site.alias}"]
    assert moved["answer"] == "healed"
    assert "litellm_params.api_base" in moved["fields"]


def test_what_is_not_ours_is_listed_and_never_touched(site: Site, admin: Admin) -> None:
    theirs = f"theirs-{site.name}"
    admin.new_model(theirs, api_base=f"{site.upstream_url}/theirs/v1")
    before = deployment(admin, theirs)
    site.applied("west")
    move_by_hand(site, admin, "east")
    assert site.daemon.reconcile().drift == 1
    assert site.answers() == "west"
    assert any(theirs in name for name in site.status().foreign)
    assert deployment(admin, theirs) == before


# ── holds ──────────────────────────────────────────────────────────────────


def test_a_freeze_stops_writes_shows_everywhere_and_ends_by_itself(site: Site) -> None:
    done = site.daemon.run("freeze", "--for", "2m", "--reason", "maintenance", "--owner", "ada")
    assert done.returncode == 0, done.stderr
    commit = site.aimed("west")
    turn = site.daemon.reconcile()
    assert turn.planned == 1, "what waits is planned"
    assert turn.counts == {}
    status = site.status()
    assert [(hold.kind, hold.owner) for hold in status.brakes] == [("freeze", "ada")]
    assert status.pending
    assert status.pending.revision.commit == commit
    assert "Frozen by ada" in shown(site, "/")
    assert 'brake_active{brake="freeze"} 1' in shown(site, "/metrics")
    assert "frozen by ada" in shown(site, "/api/status")
    assert "maintenance" in site.daemon.run("status").stdout.decode()
    assert site.answers() == "east"
    frozen_for(site, timedelta(seconds=2))  # a second freeze takes the place of the first
    until(lambda: site.answers() == "west", within_s=20)
    until(lambda: site.status().brakes == ())


def test_a_suspension_holds_until_somebody_resumes(site: Site) -> None:
    assert site.daemon.run("suspend", "--reason", "moving house").returncode == 0
    site.aimed("west")
    assert site.daemon.reconcile().counts == {}
    assert site.answers() == "east"
    assert site.daemon.run("resume").returncode == 0
    assert site.answers() == "west", "the command returns when the controller has seen it"


def test_a_revert_goes_forward_to_an_older_revision_and_holds_it(site: Site) -> None:
    older = site.origin.work.head
    newer = site.applied("west").applied
    done = revert(site, older)
    assert done.returncode == 0, done.stderr
    assert site.answers() == "east"
    site.daemon.reconcile()
    assert site.answers() == "east", "it is held, though the branch says otherwise"
    status = site.status()
    assert [hold.kind for hold in status.brakes] == ["revert"]
    assert status.applied
    assert status.applied.commit == older
    plans = [e for e in logged(site, "plan") if e["commit"] == older]
    assert [change["action"] for change in plans[0]["body"]["changes"]] == ["update"]
    assert site.daemon.run("resume").returncode == 0
    assert site.answers() == "west"
    assert site.status().applied == newer


# ── bad days ────────────────────────────────────────────────────────────────


def test_a_proxy_that_dies_and_comes_back_in_the_middle_of_turns(
    site: Site, gateway: Sandbox, admin: Admin
) -> None:
    before = rows_of(admin, site)
    declare_many(site, 6)
    site.aimed("west")
    tell_of_push(str(site.daemon.url()))
    until(lambda: "applying" in (site.status().at_work or ""), every_s=0.005)
    kill_proxy(gateway)
    until(lambda: site.status().standing == "waiting")
    assert site.status().reason
    restart(gateway)
    assert site.daemon.reconcile().standing == "ready", "and nobody had to fix anything"
    assert site.answers() == "west"
    assert rows_of(admin, site) == sorted([*before, *(f"many{n}-{site.name}" for n in range(6))])
    assert site.daemon.run("log", "verify").returncode == 0


def test_a_database_that_goes_away_behind_the_gateway_causes_no_wrong_write(
    site: Site, gateway: Sandbox, admin: Admin
) -> None:
    before = rows_of(admin, site)
    with no_database(gateway):
        site.aimed("west")
        turn = site.daemon.reconcile()
        assert turn.standing == "waiting", turn
        assert turn.counts == {}
        assert site.daemon.reconcile().standing == "waiting"
    until(lambda: site.status().standing == "ready", within_s=60)
    assert site.answers() == "west"
    assert rows_of(admin, site) == before
    did = [(e["object"], e["body"]["action"], e["body"]["status"]) for e in logged(site, "result")]
    assert did[0] == (f"deployment/{site.alias}", "update", "applied")
    assert [action for _, action, _ in did[1:]] == ["create"] * 4, "newest first, no other write"


def test_a_wrong_admin_key_stalls_with_a_way_out_and_the_page_is_there(site: Site) -> None:
    site.daemon.stop()
    wrong = f"{site.daemon.variables['ASPIRE_GITOPS_ADMIN_KEY']}x"
    site.daemon.variables = {**site.daemon.variables, "ASPIRE_GITOPS_ADMIN_KEY": wrong}
    with running(site.daemon):
        turn = site.daemon.reconcile()
        assert (turn.standing, bool(turn.help)) == ("stalled", True), turn
        assert turn.look_again_s > 500, "no commit can fix it, so it is looked at slowly"
        assert "key" in shown(site, "/").lower()
        assert site.answers() == "east"
        assert wrong not in site.daemon.log.read_text()


def test_sigterm_in_the_middle_of_an_apply_finishes_the_change_in_hand(
    site: Site, admin: Admin
) -> None:
    declare_many(site, 12)
    site.origin.push("Add a dozen")
    tell_of_push(str(site.daemon.url()))
    until(lambda: "applying" in (site.status().at_work or ""), every_s=0.005)
    asked = time.monotonic()
    assert site.daemon.stop() == 0
    assert time.monotonic() - asked < 8
    done = [e for e in logged(site, "result") if e["body"]["status"] == "applied"]
    made = {name for name in rows_of(admin, site) if name.startswith("many")}
    assert made == {
        str(e["object"]).removeprefix("deployment/") for e in done if "/many" in e["object"]
    }
    assert len(made) < 12, "no other change was begun"
    with running(site.daemon):
        assert site.daemon.reconcile().standing == "ready"
    assert len(rows_of(admin, site)) == 13


def test_nothing_that_the_controller_leaves_behind_shows_a_secret(site: Site) -> None:
    site.applied("west")
    places = [path for path in site.daemon.state_dir.rglob("*") if path.is_file()]
    left = b"".join(path.read_bytes() for path in [*places, site.daemon.log])
    for secret in (
        PLANTED,
        site.daemon.variables["ASPIRE_GITOPS_ADMIN_KEY"],
        site.delivered.read_text().strip(),
    ):
        assert secret.encode() not in left
        assert secret not in shown(site, "/api/status") + shown(site, "/") + shown(site, "/metrics")


# ── what the tests share ────────────────────────────────────────────────────


def move_by_hand(site: Site, admin: Admin, side: str) -> None:
    row = next(row for row in deployments(admin) if row["model_name"] == site.alias)
    params = {"api_base": f"{site.upstream_url}/{side}/v1"}
    body = {"litellm_params": params}
    good(admin.send("PATCH", f"/model/{row['model_info']['id']}/update", body))


def deployments(admin: Admin) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = admin.get("/v1/model/info")["data"]
    return rows


def deployment(admin: Admin, name: str) -> dict[str, Any]:
    return next(row for row in deployments(admin) if row["model_name"] == name)


def rows_of(admin: Admin, site: Site) -> list[str]:
    """Return the alias of every deployment of this site: a name that comes twice is there twice."""
    names = (str(row["model_name"]) for row in deployments(admin))
    return sorted(name for name in names if name.endswith(f"-{site.name}") and "theirs" not in name)


def declare_many(site: Site, count: int) -> None:
    for number in range(count):
        site.origin.declare(alias(f"many{number}-{site.name}", site.provider("east")))


def logged(site: Site, kind: str) -> list[dict[str, Any]]:
    """Return the entries of one kind, newest first, as `aspire-gitops log` gives them."""
    done = site.daemon.run("log", "--kind", kind, "--format", "json")
    assert done.returncode == 0, done.stderr
    entries: list[dict[str, Any]] = json.loads(done.stdout)["lines"]
    return entries


def shown(site: Site, path: str) -> str:
    return httpx.get(f"{site.daemon.url()}{path}", trust_env=False).text


def revert(site: Site, commit: str) -> "subprocess.CompletedProcess[bytes]":
    words = ("revert", "--to", commit[:7], "--reason", "the new one is slow", "--yes")
    return site.daemon.run(*words, "--repository", str(site.daemon.repository))


def frozen_for(site: Site, span: timedelta) -> None:
    """Freeze for less than the minute that the command line allows."""
    now = datetime.now(UTC)
    with open_journal(None, site.daemon.state_dir) as journal:
        journal.append(hold_draft(Hold(HoldKind.FREEZE, "ada", "maintenance", now, now + span)))


@contextmanager
def no_database(gateway: Sandbox) -> Iterator[None]:
    """Stop the gateway's PostgreSQL, and start it again on the same data and port."""
    with StateFolder(gateway.state_dir).locked() as folder:
        state = folder.read()
        assert state
        stop(state.processes[POSTGRES], signal.SIGINT)
        try:
            yield
        finally:
            port, log = state.ports[POSTGRES], folder.log(POSTGRES)
            state.processes[POSTGRES] = postgres.start(folder.data, log, port)
            folder.write(state)
