"""Two applies at once, as by two CI jobs: no app gets a dead key, and no key exists twice."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from support.catalogs import GATEWAY
from support.command_line import PROGRAM, CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.folders import alias, app, provider, write_folder

pytestmark = pytest.mark.slow


@dataclass
class Race:
    """One gateway, and two hosts that apply the same files to it at the same time."""

    folder: Path
    url: str
    admin_key: str
    owner: str
    keys: str
    apps: list[str] = field(default_factory=list)

    def declare(self, name: str) -> None:
        self.apps.append(f"{name}-{self.owner}")
        apps = [app(one, [self.alias], {"name": "main", "deliver": "file"}) for one in self.apps]
        target = {"provider": self.provider, "model": "chat-1"}
        write_folder(
            self.folder / "gateway.d",
            [
                provider(self.provider, credential={"env": "ACME_API_KEY"}),
                alias(self.alias, self.provider, target=target),
                *apps,
            ],
        )

    @property
    def alias(self) -> str:
        return f"chat-{self.owner}"

    @property
    def provider(self) -> str:
        return f"acme-{self.owner}"

    def host(self, name: str) -> CommandLine:
        root = self.folder / ("keys" if self.keys == "together" else f"keys-{name}")
        return CommandLine(
            self.folder,
            {
                "ASPIRE_GITOPS_GATEWAY_URL": self.url,
                "ASPIRE_GITOPS_ADMIN_KEY": self.admin_key,
                "ASPIRE_GITOPS_OWNER": self.owner,
                "ASPIRE_GITOPS_DELIVERY_ROOT": str(root),
                "ACME_API_KEY": "planted-provider-key",
            },
        )

    def run(self) -> list[tuple[int, str]]:
        """Apply on both hosts; returns how each ended."""
        begun = [
            subprocess.Popen(
                [*PROGRAM, "apply", "gateway.d", *self.today, "--yes"],
                cwd=self.folder,
                env=self.host(name).environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for name in ("one", "two")
        ]
        return [(process.wait(240), process.communicate()[0]) for process in begun]

    @property
    def today(self) -> tuple[str, str]:
        return "--today", str(GATEWAY["exchange"]["as_of"])

    def rows(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = httpx.get(
            f"{self.url}/key/list",
            params={"return_full_object": "true", "size": "100", "search": self.owner},
            headers={"authorization": f"Bearer {self.admin_key}"},
            timeout=60,
            trust_env=False,
        ).json()["keys"]
        return found

    def delivered(self) -> dict[Path, str]:
        """Return the hash of every delivered value, by file."""
        return {
            path: hashlib.sha256(path.read_text().strip().encode()).hexdigest()
            for path in self.folder.glob("keys*/*/*")
        }

    def check(self, ended: list[tuple[int, str]]) -> None:
        assert [code for code, _ in ended] == [0, 0], ended
        names = sorted(str(row["key_alias"]) for row in self.rows())
        assert names == sorted(f"{one}.main" for one in self.apps), ended
        live = {row["token"] for row in self.rows()}
        dead = [path for path, address in self.delivered().items() if address not in live]
        assert dead == [], ended
        assert {one.parent.name for one in self.delivered()} == set(self.apps)
        planned = self.host("one").run(
            "plan", "gateway.d", *self.today, "--detailed-exitcode", "--format", "json"
        )
        assert planned.returncode == 0, planned
        assert [w for w in json.loads(planned.stdout)["warnings"] if "cannot call" in w] == []


@pytest.fixture(params=["together", "apart"])
def keys(request: pytest.FixtureRequest) -> str:
    """Whether the two hosts have one folder of keys or two."""
    return str(request.param)


@pytest.fixture
def faked(tmp_path: Path, keys: str) -> Iterator[Race]:
    with serving(FakeGateway()) as url:
        yield Race(tmp_path, url, ADMIN_KEY, "racers", keys)


@pytest.fixture
def on_one_host(tmp_path: Path) -> Iterator[Race]:
    with serving(FakeGateway()) as url:
        yield Race(tmp_path, url, ADMIN_KEY, "racers", "together")


def test_both_end_well_and_every_app_has_the_live_key(faked: Race) -> None:
    for number in range(2):
        faked.declare(f"shop{number}")
        faked.check(faked.run())


@pytest.mark.real
def test_both_end_well_on_a_real_gateway(
    request: pytest.FixtureRequest, tmp_path: Path, keys: str
) -> None:
    sandbox = request.getfixturevalue("real_gateway")
    rounds = 13 if request.config.getoption("--matrix") == "all" else 2
    race = Race(tmp_path, sandbox.base_url, sandbox.master_key, keys, keys)
    for number in range(rounds):
        race.declare(f"shop{number}")
        race.check(race.run())


def test_a_plan_says_that_an_app_holds_a_dead_key_and_what_to_do(on_one_host: Race) -> None:
    on_one_host.declare("shop")
    on_one_host.check(on_one_host.run())
    for path in on_one_host.delivered():
        path.write_text("sk-of-an-earlier-life-0123456789\n")
    planned = on_one_host.host("one").run("plan", "gateway.d", *on_one_host.today)
    assert "its app cannot call; delete the key on the gateway" in " ".join(planned.stdout.split())


def test_a_deleted_app_leaves_its_dead_key_and_it_is_said(on_one_host: Race) -> None:
    for name in ("shop", "mail"):
        on_one_host.declare(name)
    on_one_host.check(on_one_host.run())
    gone = on_one_host.apps.pop()
    (on_one_host.folder / "gateway.d" / "apps" / f"{gone}.yaml").unlink()
    (on_one_host.folder / "gateway.d" / "approvals").mkdir()
    (on_one_host.folder / "gateway.d" / "approvals" / "gone.yaml").write_text(
        f"kind: Approval\nname: gone\nchange: delete-last-key\nobject: key/{gone}.main\n"
        f"owner: ada@example.com\nreason: It is gone.\nexpires: {on_one_host.today[1]}\n"
    )
    done = on_one_host.host("one").run("apply", "gateway.d", *on_one_host.today, "--yes")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, said
    assert f"{gone}/main holds the value of key/{gone}.main, which is deleted; remove it" in said
