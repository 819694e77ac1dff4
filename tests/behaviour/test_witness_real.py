"""Real gateways that run what git says, and those that do not: what the witness says of each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.controller.witness import Witness
from aspire_gitops.gateway.identity import Identities
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.sandbox import SandboxOptions, restart
from aspire_gitops.witness import Settings, SettingsReport, Trust
from aspire_ledger.canonical import config_digest
from support.balancer import balanced
from support.catalogs import GATEWAY, TODAY, catalog_of
from support.command_line import CommandLine
from support.gateway_clock import GatewayClock, config_with_clock
from support.ledger_real import LedgerGateway, ledger_gateway
from support.postgres_server import PostgresServer
from support.sandbox_admin import Admin, admin_of, eventually
from support.sandboxes import fresh_sandbox
from support.small_source import commit_all, write_files

pytestmark = [pytest.mark.real, pytest.mark.slow]

KEY = "sk-probe-0123456789abcdef0123456789abcdef"
PROBE = {"aspire_gitops": {"owner": "main", "name": "probe"}, "purpose": "probe"}
DECLARED = compile_catalog(catalog_of([{**GATEWAY, "ledger": {}}]), today=TODAY)
FORGED = """
INSERT INTO aspire_ledger.processes (id, started_at, heartbeat_at, config_digest, file_digest, guard)
VALUES (%s, '', to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
    %s, %s, 'on')"""


def make_probe_key(admin: Admin, value: str = KEY) -> None:
    """Make the key that the controller asks with, as it is compiled: no alias of its own is needed."""
    admin.new_key(key=value, key_alias="probe", models=["chat"], metadata=PROBE)


@dataclass(frozen=True)
class Beside:
    """Three gateways: as git says, with other settings on the same ledger, and without a guard."""

    ours: LedgerGateway
    other: LedgerGateway
    bare: str
    config: str

    def looked(
        self, *urls: str, config: str | None = None, deploying: bool = False
    ) -> SettingsReport:
        """Return what the witness says of these addresses behind one balancer."""
        with balanced(urls) as url:
            return looked(url, self.ours.url, config or self.config, deploying=deploying)

    def execute(self, statement: str, *given: str) -> None:
        with psycopg.connect(self.ours.url, autocommit=True) as server:
            server.execute(statement.encode(), given or None)

    def mine(self) -> str:
        """Return the id of our process."""
        with psycopg.connect(self.ours.url) as server:
            found = server.execute(
                "SELECT id FROM aspire_ledger.processes WHERE config_digest = %s",
                (config_digest(self.config),),
            ).fetchone()
        assert found
        return str(found[0])

    @contextmanager
    def writing_only(self, pattern: str) -> Iterator[None]:
        """Let only rows of these ids be written, as if all others' heartbeats had stopped."""
        body = f"BEGIN IF NEW.id LIKE '{pattern}' THEN RETURN NEW; END IF; RETURN NULL; END"
        self.execute(
            "CREATE OR REPLACE FUNCTION aspire_ledger.held_back() RETURNS trigger"
            f" LANGUAGE plpgsql AS $$ {body} $$"
        )
        self.execute(
            "CREATE TRIGGER held_back BEFORE INSERT ON aspire_ledger.processes"
            " FOR EACH ROW EXECUTE FUNCTION aspire_ledger.held_back()"
        )
        try:
            yield
        finally:
            self.execute("DROP TRIGGER held_back ON aspire_ledger.processes")

    @contextmanager
    def only_ours(self) -> Iterator[None]:
        """Hide the row of the other gateway, which does not serve here."""
        eventually(lambda: self.count() == 2)
        mine = self.mine()
        with self.writing_only(mine):
            self.execute("DELETE FROM aspire_ledger.processes WHERE id <> %s", mine)
            yield
        self.execute("DELETE FROM aspire_ledger.processes WHERE id LIKE 'forged%'")

    @contextmanager
    def forged(self, name: str, digest: str) -> Iterator[None]:
        """Write a row as whoever has the database's password can."""
        with self.only_ours():
            self.execute("ALTER TABLE aspire_ledger.processes DISABLE TRIGGER held_back")
            self.execute(FORGED, name, digest, digest)
            self.execute("ALTER TABLE aspire_ledger.processes ENABLE TRIGGER held_back")
            yield

    def count(self) -> int:
        with psycopg.connect(self.ours.url) as server:
            rows = server.execute("SELECT id FROM aspire_ledger.processes").fetchall()
        return len(rows)


def looked(url: str, ledger_url: str, config: str, *, deploying: bool = False) -> SettingsReport:
    compiled = replace(DECLARED, config_yaml=config)

    async def look() -> SettingsReport:
        async with LedgerReading(SecretStr(ledger_url)) as ledger:
            witness = Witness(Identities(url, SecretStr(KEY)), ledger)
            return await witness.look(compiled, deploying=deploying)

    return asyncio.run(look())


def trusts(report: SettingsReport) -> list[Trust]:
    return sorted(one.trust for one in report.processes)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    folder = tmp_path_factory.mktemp("ours")
    with ledger_gateway(folder) as ours:
        env = {"ASPIRE_LEDGER_URL": ours.url}
        elsewhere = tmp_path_factory.mktemp("other")
        with (
            ledger_gateway(elsewhere, env=env, keys_without_mark="allow") as other,
            fresh_sandbox(SandboxOptions()) as bare,
            admin_of(bare) as bare_admin,
        ):
            for admin in (ours.admin, other.admin, bare_admin):
                make_probe_key(admin)
            config = (folder / "config.yaml").read_text()
            yield Beside(ours, other, bare.base_url, config)


def test_a_gateway_that_runs_what_git_says_is_verified(beside: Beside) -> None:
    with beside.only_ours():
        report = beside.looked(beside.ours.sandbox.base_url)
    assert (report.state, trusts(report)) == (Settings.VERIFIED, [Trust.VERIFIED])
    assert report.processes[0].litellm_release == "1.106.2"


def test_new_settings_that_are_not_live_need_a_restart(beside: Beside) -> None:
    new = beside.config.replace("Australia/", "Antarctica/", 1)
    with beside.only_ours():
        report = beside.looked(beside.ours.sandbox.base_url, config=new)
    assert (report.state, trusts(report)) == (Settings.RESTART, [Trust.OTHER])
    assert config_digest(new)[:19] in report.help


def test_one_of_two_processes_with_other_settings_is_found(beside: Beside) -> None:
    urls = (beside.ours.sandbox.base_url, beside.other.sandbox.base_url)
    report = beside.looked(*urls)
    assert (report.state, trusts(report)) == (Settings.RESTART, [Trust.OTHER, Trust.VERIFIED])
    assert "1 of 2 processes" in report.reason
    assert beside.looked(*urls, deploying=True).state is Settings.ROLLING


def test_a_gateway_that_runs_another_config_altogether_is_not_ready(beside: Beside) -> None:
    with beside.only_ours():
        alone = beside.looked(beside.bare)
        among = beside.looked(beside.ours.sandbox.base_url, beside.bare)
    assert (alone.state, among.state) == (Settings.RESTART, Settings.RESTART)
    assert Trust.UNGUARDED in trusts(alone)
    assert trusts(among) == [Trust.UNGUARDED, Trust.VERIFIED]


def test_a_row_forged_by_hand_is_never_green(beside: Beside) -> None:
    digest = config_digest(beside.config)
    url = beside.ours.sandbox.base_url
    with beside.forged("forged-1", digest):
        report = beside.looked(url)
        assert (report.state, trusts(report)) == (
            Settings.UNKNOWN,
            [Trust.UNCONFIRMED, Trust.VERIFIED],
        )
    with beside.forged("forged-2", "sha256:other"):
        report = beside.looked(url)
        assert (report.state, trusts(report)) == (
            Settings.UNKNOWN,
            [Trust.UNCONFIRMED, Trust.VERIFIED],
        ), "and asks for no restart either"


def test_a_process_whose_heartbeat_stops_and_that_still_serves_is_not_green(beside: Beside) -> None:
    app = beside.ours.app("1.00")
    stopped = """UPDATE aspire_ledger.processes SET heartbeat_at = to_char(
        (CURRENT_TIMESTAMP - INTERVAL '10 minutes') AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
    with beside.only_ours():
        mine = beside.mine()
    with beside.writing_only("nobody"):  # the process lives on, and no heartbeat is written
        beside.execute("DELETE FROM aspire_ledger.processes WHERE id <> %s", mine)
        beside.execute(stopped)
        report = beside.looked(beside.ours.sandbox.base_url)
        assert app.chat().status_code == 200
    assert (report.state, trusts(report)) == (Settings.UNKNOWN, [Trust.SILENT])


def test_a_probe_key_that_the_gateway_does_not_know_leaves_the_settings_unverified(
    beside: Beside,
) -> None:
    async def asked() -> tuple[str, int]:
        key = SecretStr("sk-nobody-0123456789abcdef0123456789")
        found = await Identities(beside.ours.sandbox.base_url, key).ask([], thoroughly=False)
        return found.problem, found.unguarded

    assert asyncio.run(asked()) == ("the gateway does not accept the controller's own key", 0)


def test_clocks_that_are_minutes_apart_stop_no_heartbeat(tmp_path: Path) -> None:
    clock = GatewayClock(tmp_path)
    config = config_with_clock(clock, datetime.now(UTC) - timedelta(minutes=20))
    with ledger_gateway(tmp_path, config=config) as gateway:
        make_probe_key(gateway.admin)
        report = looked(gateway.sandbox.base_url, gateway.url, config.read_text())
    assert report.state is Settings.VERIFIED
    assert report.processes[0].age_s is not None
    assert 0 <= report.processes[0].age_s < 45


def test_a_ledger_that_is_away_stops_no_call_and_leaves_the_settings_unverified(
    tmp_path: Path, own_postgres: PostgresServer
) -> None:
    url = own_postgres.make_database()
    policy = {"allow_for_minutes": 5}
    with ledger_gateway(tmp_path, env={"ASPIRE_LEDGER_URL": url}, on_outage=policy) as gateway:
        make_probe_key(gateway.admin)
        app, config = gateway.app("1.00"), (tmp_path / "config.yaml").read_text()
        look = partial(looked, gateway.sandbox.base_url, url, config)
        assert (app.chat().status_code, look().state) == (200, Settings.VERIFIED)
        own_postgres.stop()
        assert [app.chat().status_code for _ in range(5)] == [200] * 5
        report = look()
        assert report.state is Settings.UNKNOWN
        assert "the ledger does not say which processes there are" in report.reason
        own_postgres.start()
        eventually(lambda: look().state is Settings.VERIFIED, within_s=60)


def test_one_turn_and_a_plan_say_that_the_gateway_needs_a_restart_until_it_had_one(
    tmp_path: Path,
) -> None:
    files = write_files(tmp_path / "git")
    gateway_yaml = files / "gateway.yaml"
    declared = gateway_yaml.read_text().replace(
        "as_of: 2026-11-20", f"as_of: {datetime.now(UTC):%Y-%m-%d}"
    )
    with_probes = declared.replace(", probes: off", "")
    gateway_yaml.write_text(f"{with_probes}ledger: {{}}\n")
    commit_all(tmp_path / "git", "Begin")
    with ledger_gateway(tmp_path) as gateway:
        sandbox = gateway.sandbox
        shell = CommandLine(
            tmp_path / "git",
            {
                "ASPIRE_GITOPS_GATEWAY_URL": sandbox.base_url,
                "ASPIRE_GITOPS_ADMIN_KEY": sandbox.master_key,
                "ASPIRE_GITOPS_LEDGER_URL": gateway.url,
                "ASPIRE_GITOPS_STATE_DIR": str(tmp_path / "state"),
                "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
                "ACME_API_KEY": "sk-acme-0001",
            },
        )
        gateway.admin.post("/model/delete", {"id": "gw.chat.1"})  # of somebody else
        turn = shell.run("reconcile", "--alone")  # which makes the key that it asks with
        assert turn.returncode == 1
        assert "is applied, restart needed: 1 of 1 process" in turn.stdout
        assert "aspire-gitops compile" in turn.stdout
        log = shell.run("log").stdout
        assert "live as a whole" not in log
        assert "settings restart needed: objects are live" in log
        assert "restart needed: 1 of 1 process" in shell.run("plan").stdout

        shell.run("compile", "-o", "../build")
        restart(sandbox, config=tmp_path / "build" / "config.yaml")
        turn = shell.run("reconcile", "--alone")
        assert turn.returncode == 0, turn.stdout
        assert "live as a whole" in shell.run("log").stdout
        assert "settings" not in shell.run("plan").stdout
