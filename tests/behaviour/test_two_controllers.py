"""Two controllers on one PostgreSQL: one works, the other takes over, and never both.

The gateway is the fake one, because it tells who wrote: each controller has an
admin key of its own.
"""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.journal.advisory_lock import AdvisoryLock
from aspire_gitops.status.document import StatusDocument
from support.daemons import Site, running, site_in, until
from support.fake_gateway import FakeGateway, Fault, Request, Slow, Status, serving
from support.fake_gateway.wire import Answer, Route
from support.folders import alias
from support.soak.daemon import Daemon

pytestmark = pytest.mark.slow

KEYS = {"sk-of-the-first-0123456789": "first", "sk-of-the-second-012345678": "second"}
_LOCKED = "FROM pg_locks WHERE locktype = 'advisory' AND granted"


class KnowsWho(FakeGateway):
    """Lets both controllers in."""

    def _authorised(self, route: Route, request: Request, values: dict[str, str]) -> Answer:
        if request.authorization.removeprefix("Bearer ") in KEYS:
            request = replace(request, authorization=f"Bearer {self.admin_key}")
        return super()._authorised(route, request, values)

    def writers(self) -> list[str]:
        """Return who sent each write since the last `forget`."""
        return [KEYS[request.authorization.removeprefix("Bearer ")] for request in self.writes]


@dataclass
class Pair:
    """Two controllers of one site. `first` started first, so it leads."""

    site: Site
    first: Daemon
    second: Daemon
    fake: KnowsWho
    database_url: str

    def push(self, side: str) -> str:
        return self.site.aimed(side)

    def side(self) -> str:
        """Return where the gateway's router sends the alias."""
        rows = self.fake.deployments.rows.values()
        row = next(row for row in rows if row["model_name"] == self.site.alias)
        return "east" if "/east/" in row["litellm_params"]["api_base"] else "west"

    def drop_the_lock(self) -> None:
        """End the connection that holds the lock, as a network would."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) {_LOCKED}".encode())

    def is_locked_by(self, daemon: Daemon) -> bool:
        holder = self.lock().holder()
        return holder is not None and f"pid {daemon.pid} " in f"{holder} "

    def lock(self) -> AdvisoryLock:
        """Return the lock that both want, for somebody who does not hold it."""
        return AdvisoryLock(self.database_url, f"writer of {self.site.gateway_url}")


@pytest.fixture
def pair(tmp_path: Path, own_database_url: str) -> Iterator[Pair]:
    """Two controllers at rest; the first leads."""
    fake = KnowsWho()
    with serving(fake) as url, ExitStack() as stack:
        key, other_key = KEYS
        site = site_in(
            tmp_path, gateway_url=url, admin_key=key, ASPIRE_GITOPS_DATABASE_URL=own_database_url
        )
        first, second = site.daemon, a_second(site.daemon, other_key)
        pair = Pair(site, first, second, fake, own_database_url)
        pair.push("east")
        stack.enter_context(running(first))
        until(lambda: status(first).standing == "ready")
        stack.enter_context(running(second))
        until(lambda: "standing by" in status(second).reason)
        fake.forget()
        yield pair


def a_second(daemon: Daemon, admin_key: str) -> Daemon:
    """Return a controller on another host: only the database and the remote are shared."""
    folder = daemon.state_dir.parent / "second"
    folder.mkdir()
    return replace(
        daemon,
        state_dir=folder / "state",
        log=folder / "controller.log",
        variables={**daemon.variables, "ASPIRE_GITOPS_ADMIN_KEY": admin_key},
    )


def status(daemon: Daemon) -> StatusDocument:
    found = daemon.status()
    assert found, daemon.last_words()
    return found


# ── one leads ───────────────────────────────────────────────────────────────


def test_one_leads_and_the_other_stands_by_ready(pair: Pair) -> None:
    pair.push("west")
    until(lambda: pair.side() == "west")
    assert [status(one).role for one in (pair.first, pair.second)] == ["leader", "standby"]
    assert f"pid {pair.first.pid} " in status(pair.second).reason
    assert status(pair.second).turns == ()
    assert set(pair.fake.writers()) == {"first"}


def test_a_freeze_asked_for_on_either_host_holds_on_both(pair: Pair) -> None:
    done = pair.second.run("freeze", "--for", "1h", "--reason", "maintenance", "--owner", "ada")
    assert done.returncode == 0, done.stderr
    assert "a controller will see it in its next turn" in done.stderr.decode().lower()
    pair.push("west")
    assert pair.first.reconcile().counts == {}
    pair.first.kill()
    until(lambda: status(pair.second).role == "leader", within_s=15)
    assert pair.second.reconcile().counts == {}
    assert [hold.owner for hold in status(pair.second).brakes] == ["ada"]
    assert pair.fake.writers() == []


# ── taking over ─────────────────────────────────────────────────────────────


def test_when_the_leader_is_killed_the_other_takes_over(pair: Pair) -> None:
    pair.first.kill()
    killed = time.monotonic()
    pair.push("west")
    until(lambda: pair.side() == "west", within_s=15)
    print(f"taken over in {time.monotonic() - killed:.1f} s")  # noqa: T201  # for `pytest -s`
    assert set(pair.fake.writers()) == {"second"}
    assert status(pair.second).role == "leader"
    done = pair.second.run("log", "--kind", "applied", "--format", "json")
    assert len(json.loads(done.stdout)["lines"]) == 2, "one journal, which knows what the first did"
    assert pair.second.run("log", "verify").returncode == 0


def test_when_the_leader_is_stopped_the_other_takes_over(pair: Pair) -> None:
    assert pair.first.stop() == 0
    pair.push("west")
    until(lambda: pair.side() == "west", within_s=15)
    assert set(pair.fake.writers()) == {"second"}


def test_a_rejection_is_remembered_by_the_one_that_takes_over(pair: Pair) -> None:
    no = Status(400, b'{"error": {"message": "no such thing", "type": "auth_error"}}')
    with pair.fake.failing(Fault(no, path=r"/model/gw\..*/update")):
        pair.push("west")
        until(lambda: status(pair.first).standing == "stalled")
    pair.first.kill()
    pair.fake.forget()
    until(lambda: status(pair.second).turns, within_s=15)
    taken_over = status(pair.second)
    assert taken_over.standing == "stalled"
    assert "no such thing" in taken_over.reason
    assert pair.fake.writers() == [], "it rests, whoever leads"
    assert pair.second.reconcile().standing == "ready", "until a person asks for another try"
    assert pair.side() == "west"


def test_a_leader_that_was_paused_writes_nothing_after_the_other_took_over(pair: Pair) -> None:
    many = [f"many{number}" for number in range(6)]
    pair.site.origin.declare(*(alias(name, pair.site.provider("east")) for name in many))
    with writes_taking(pair.fake, 0.4):
        pair.push("west")
        pause_in_its_third_change(pair)
        pair.drop_the_lock()
        until(lambda: pair.is_locked_by(pair.second), within_s=15)
    pair.fake.forget()
    pair.first.send(signal.SIGCONT)
    until(lambda: status(pair.first).role == "standby", within_s=15)
    until(lambda: status(pair.second).standing == "ready", within_s=30)
    assert set(pair.fake.writers()) == {"second"}
    assert pair.side() == "west"
    names = [str(row["model_name"]) for row in pair.fake.deployments.rows.values()]
    assert sorted(names) == sorted([*many, pair.site.alias]), "and nothing is there twice"
    assert pair.second.run("log", "verify").returncode == 0


def test_what_was_so_a_moment_ago_is_no_leave_to_write(pair: Pair) -> None:
    """A lock that was lost within the last second is lost: each change asks for it anew."""
    pair.second.kill()
    pair.site.origin.declare(*(alias(f"many{n}", pair.site.provider("east")) for n in range(6)))
    rival = pair.lock()
    try:
        with writes_taking(pair.fake, 0.4):
            pair.push("west")
            pause_in_its_third_change(pair)
            pair.drop_the_lock()
            until(rival.try_acquire, every_s=0.01)
            pair.fake.forget()
            pair.first.send(signal.SIGCONT)
            until(lambda: status(pair.first).role == "standby")
        assert pair.fake.writers() == []
    finally:
        rival.release()


def test_a_database_that_cannot_be_reached_leaves_the_gateway_alone(pair: Pair) -> None:
    gone = pair.database_url.rpartition("/")[0] + "/nowhere"
    pair.first.stop()
    pair.second.stop()
    pair.first.variables = {**pair.first.variables, "ASPIRE_GITOPS_DATABASE_URL": gone}
    with running(pair.first):
        until(lambda: status(pair.first).role == "standby")
        pair.push("west")
        assert pair.fake.reads == []
        assert "planted" not in pair.first.log.read_text()


def pause_in_its_third_change(pair: Pair) -> None:
    until(lambda: "applying: 2 of" in (status(pair.first).at_work or ""), every_s=0.01)
    time.sleep(0.1)  # the third is asked for, and takes longer
    pair.first.send(signal.SIGSTOP)


@contextmanager
def writes_taking(fake: FakeGateway, seconds: float) -> Iterator[None]:
    slow = [Fault(Slow(seconds), method=method) for method in ("POST", "PATCH", "DELETE")]
    with fake.failing(*slow):
        yield
