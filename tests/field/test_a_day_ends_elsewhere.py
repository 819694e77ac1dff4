"""Rates, uplifts, Approvals and exceptions turn with the Gateway's day, wherever a process runs.

Each date in the files is DAY, and everything is asked at both ends of that day in the Gateway's
timezone and a moment beyond: by validate, plan, apply, review, egress and the controller, in
processes of three timezones. One of the days has 23 hours and one has 25.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aspire_gitops.cli import options
from aspire_gitops.status.value import Standing
from support.command_line import CommandLine, Ended
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.folders import app
from support.small_source import FILES, commit_all, write_files
from support.turns import Scene

MOMENT = timedelta(microseconds=1)
RAISED, PLAIN = 97.68, 65.12  # US dollars: 150 and 100 AUD at 0.6512


@dataclass(frozen=True)
class There:
    """One Gateway's timezone, and a day there."""

    timezone: str
    day: date

    @property
    def first(self) -> datetime:
        return self._midnight(self.day)

    @property
    def last(self) -> datetime:
        return self._midnight(self.day + timedelta(days=1)) - MOMENT

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, clock(), ZoneInfo(self.timezone)).astimezone(UTC)


PLACES = [
    pytest.param(There("Pacific/Kiritimati", date(2026, 11, 30)), id="first on earth"),
    pytest.param(There("Australia/Sydney", date(2026, 10, 4)), id="a day of 23 hours"),
    pytest.param(There("America/Los_Angeles", date(2026, 11, 1)), id="a day of 25 hours"),
]
at_each_place = pytest.mark.parametrize("there", PLACES)


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run in a process of this timezone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


in_each_process = pytest.mark.parametrize(
    "machine", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"], indirect=True
)
pytestmark = [pytest.mark.slow, at_each_place, in_each_process, pytest.mark.usefixtures("machine")]

At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the one clock of every command."""
    return lambda moment: monkeypatch.setattr(options, "now", lambda: moment)


@pytest.fixture
def fake() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def shell(tmp_path: Path, there: There, fake: FakeGateway) -> Iterator[CommandLine]:
    write_files(tmp_path)
    state(tmp_path, there)
    with serving(fake) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        yield CommandLine(tmp_path, variables)


def state(folder: Path, there: There, *, rate_of: date | None = None) -> None:
    """Write the Gateway with its timezone, and its rate of the day before or of `rate_of`."""
    rate = rate_of or there.day - timedelta(days=1)
    text = FILES["gateway.yaml"].replace("Australia/Sydney", there.timezone)
    text = text.replace("2026-11-20", str(rate)).replace("45}", "10}")
    (folder / "gateway.d" / "gateway.yaml").write_text(text)


def uplift(folder: Path, there: There) -> None:
    (folder / "gateway.d" / "budgets" / "shop.yaml").write_text(
        FILES["budgets/shop.yaml"]
        + f"uplift: {{aud: '50', reason: A campaign, owner: a@b.au, expires: {there.day}}}\n"
    )


def drop_the_last_key(folder: Path, there: There) -> None:
    """Take shop's only key away, with an Approval until the day."""
    (folder / "gateway.d" / "apps" / "shop.yaml").unlink()
    (folder / "gateway.d" / "apps" / "store.yaml").write_text(
        FILES["apps/shop.yaml"].replace("name: shop\n", "name: store\n")
    )
    (folder / "gateway.d" / "approvals").mkdir()
    (folder / "gateway.d" / "approvals" / "drop.yaml").write_text(
        "kind: Approval\nname: drop\nchange: delete-last-key\nobject: key/shop.main\n"
        f"reason: It was shut down.\nowner: a@b.au\nexpires: {there.day}\n"
    )


def codes(done: Ended) -> set[str]:
    return {item["code"] for item in json.loads(done.stdout)["diagnostics"]}


def cap(fake: FakeGateway) -> Any:
    return next(iter(fake.keys.rows.values()))["max_budget"]


# ── validate ─────────────────────────────────────────────────────────────────


def test_validate_takes_a_rate_from_its_day_on(shell: CommandLine, there: There, at: At) -> None:
    state(shell.folder, there, rate_of=there.day)
    for moment, found in (
        (there.first - MOMENT, {"AG309"}),
        (there.first, set()),
        (there.last, set()),
    ):
        at(moment)
        assert codes(shell.run("validate", "--format", "json")) == found, moment


def test_validate_takes_a_rate_until_its_last_day_ends(
    shell: CommandLine, there: There, at: At
) -> None:
    state(shell.folder, there, rate_of=there.day - timedelta(days=10))
    for moment, found in ((there.last, set()), (there.last + MOMENT, {"AG309"})):
        at(moment)
        assert codes(shell.run("validate", "--format", "json")) == found, moment


def test_validate_says_what_ended_after_the_day(shell: CommandLine, there: There, at: At) -> None:
    uplift(shell.folder, there)
    drop_the_last_key(shell.folder, there)
    for moment, ended in (
        (there.first, set()),
        (there.last, set()),
        (there.last + MOMENT, {"AG314", "AG325"}),
    ):
        at(moment)
        found = codes(shell.run("validate", "--format", "json"))
        assert found & {"AG314", "AG325"} == ended, moment


def test_a_named_day_is_that_day_there(shell: CommandLine, there: There, at: At) -> None:
    uplift(shell.folder, there)
    at(there.last + timedelta(days=300))
    day = there.day.isoformat()
    assert codes(shell.run("validate", "--format", "json", "--today", day)) == set()
    after = (there.day + timedelta(days=1)).isoformat()
    assert codes(shell.run("validate", "--format", "json", "--today", after)) == {"AG325"}


# ── plan and apply ───────────────────────────────────────────────────────────


def test_apply_counts_an_uplift_until_its_day_ends(
    shell: CommandLine, there: There, fake: FakeGateway, at: At
) -> None:
    uplift(shell.folder, there)
    for moment, usd in (
        (there.first, RAISED),
        (there.last, RAISED),
        (there.last + MOMENT, PLAIN),
        (there.last, RAISED),
    ):
        at(moment)
        assert shell.run("apply", "--yes").returncode == 0
        assert cap(fake) == usd, moment
        assert "No changes" in shell.run("plan").stdout


def test_apply_refuses_a_rate_outside_of_its_days(
    shell: CommandLine, there: There, fake: FakeGateway, at: At
) -> None:
    state(shell.folder, there, rate_of=there.day)
    at(there.first - MOMENT)
    refused = shell.run("apply", "--yes")
    assert (refused.returncode, "AG309" in refused.stdout, fake.writes) == (1, True, [])
    at(there.first)
    assert shell.run("apply", "--yes").returncode == 0


def test_plan_and_apply_take_an_approval_until_its_day_ends(
    shell: CommandLine, there: There, fake: FakeGateway, at: At
) -> None:
    at(there.first)
    assert shell.run("apply", "--yes").returncode == 0
    drop_the_last_key(shell.folder, there)
    at(there.last + MOMENT)
    assert shell.run("plan").returncode == 1
    refused = shell.run("apply", "--yes")
    assert (refused.returncode, "delete-last-key" in refused.stderr) == (1, True)
    assert len(fake.keys.rows) == 1
    for moment in (there.first, there.last):
        at(moment)
        assert shell.run("plan").returncode == 0
    assert shell.run("apply", "--yes").returncode == 0
    assert [row["key_alias"] for row in fake.keys.rows.values()] == ["store.main"]


# ── review ───────────────────────────────────────────────────────────────────


def test_review_counts_an_uplift_until_its_day_ends(
    shell: CommandLine, there: There, at: At
) -> None:
    commit_all(shell.folder, "Add the gateway")
    uplift(shell.folder, there)
    for moment, usd in (
        (there.first, RAISED),
        (there.last, RAISED),
        (there.last + MOMENT, None),
    ):
        at(moment)
        review = json.loads(shell.run("review", "--base", "HEAD", "--format", "json").stdout)
        fields = [field for change in review["plan"]["changes"] for field in change["fields"]]
        after = {field["path"]: field["after"] for field in fields}.get("max_budget")
        assert after == usd, moment


def test_review_takes_a_rate_from_its_day_on_and_an_approval_until_it_ends(
    shell: CommandLine, there: There, at: At
) -> None:
    state(shell.folder, there, rate_of=there.day)
    commit_all(shell.folder, "Add the gateway")
    drop_the_last_key(shell.folder, there)
    for moment, code in (
        (there.first - MOMENT, 1),
        (there.first, 0),
        (there.last, 0),
        (there.last + MOMENT, 1),
    ):
        at(moment)
        done = shell.run("review", "--base", "HEAD", "--format", "json")
        assert done.returncode == code, (moment, done.stderr)


# ── egress ───────────────────────────────────────────────────────────────────


def test_an_exception_of_egress_counts_until_its_day_ends(
    shell: CommandLine, there: There, at: At
) -> None:
    place = shell.folder / "app"
    place.mkdir()
    (place / "a.py").write_text("import openai\nclient = openai.OpenAI()\n")
    agreed = f"{{path: a.py, code: AG601, reason: We move., owner: a@b.au, expires: {there.day}}}"
    (place / ".aspire-egress.yaml").write_text(f"exceptions:\n  - {agreed}\n")
    scan = ("egress", "scan", "--gateway-d", "gateway.d", "--jobs", "1", "app")
    for moment, code in (
        (there.first, 0),
        (there.last, 0),
        (there.last + MOMENT, 1),
    ):
        at(moment)
        assert shell.run(*scan).returncode == code, moment


# ── the controller ───────────────────────────────────────────────────────────


@pytest.fixture
def scene(tmp_path: Path, there: There, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    made = Scene(tmp_path / "repository")
    gateway = made.resources["Gateway/test"]
    gateway["timezone"] = there.timezone
    gateway["exchange"] |= {"as_of": str(there.day), "max_age_days": 10}
    return made


def turn_at(scene: Scene, moment: datetime) -> Standing:
    scene.now = moment
    return scene.turn(later_s=0).standing


def test_the_controller_takes_a_rate_from_its_day_on(scene: Scene, there: There) -> None:
    scene.commit("Begin")
    assert turn_at(scene, there.first) is Standing.READY
    assert cap(scene.fake) == PLAIN


def test_the_controller_waits_for_the_day_of_a_rate(scene: Scene, there: There) -> None:
    scene.commit("Begin")
    assert turn_at(scene, there.first - MOMENT) is Standing.STALLED
    assert scene.fake.keys.rows == {}
    # What was rejected rests for ten minutes, whatever its day says.
    assert turn_at(scene, there.first + timedelta(minutes=10)) is Standing.READY


def test_the_controller_ends_an_uplift_when_its_day_ends(scene: Scene, there: There) -> None:
    budget = scene.resources["Budget/shared"]
    scene.declare(
        {
            **budget,
            "uplift": {
                "aud": "50",
                "reason": "A campaign",
                "owner": "a@b.au",
                "expires": str(there.day),
            },
        }
    )
    scene.commit("Begin")
    for moment, usd in (
        (there.first, RAISED),
        (there.last, RAISED),
        (there.last + MOMENT, PLAIN),
        (there.last + timedelta(hours=30), PLAIN),
    ):
        assert turn_at(scene, moment) is Standing.READY
        assert cap(scene.fake) == usd, moment


def test_the_controller_ends_an_uplift_of_the_last_good_commit_too(
    scene: Scene, there: There
) -> None:
    """A bad commit in front of it must not keep a raised cap in force for ever."""
    budget = scene.resources["Budget/shared"]
    raised = {"aud": "50", "reason": "A campaign", "owner": "a@b.au", "expires": str(there.day)}
    scene.declare({**budget, "uplift": raised})
    scene.commit("Begin")
    assert turn_at(scene, there.first) is Standing.READY
    scene.declare(app("other", ["nobody"]))
    scene.commit("Break it")
    for moment, usd in ((there.last, RAISED), (there.last + MOMENT, PLAIN)):
        assert turn_at(scene, moment) is Standing.STALLED
        assert cap(scene.fake) == usd, moment
    scene.restart()
    assert turn_at(scene, there.last + timedelta(minutes=1)) is Standing.STALLED
    assert cap(scene.fake) == PLAIN
    # And a rate that grew too old meanwhile still stops nothing from being healed.
    assert turn_at(scene, there.last + timedelta(days=30)) is Standing.STALLED
    assert cap(scene.fake) == PLAIN


def test_the_controller_takes_an_approval_until_its_day_ends(scene: Scene, there: There) -> None:
    scene.commit("Begin")
    assert turn_at(scene, there.first) is Standing.READY
    scene.declare(app("store", ["chat"], {"name": "main", "deliver": "file"}))
    scene.drop("App/shop")
    scene.declare(
        {
            "kind": "Approval",
            "name": "drop",
            "change": "delete-last-key",
            "object": "key/shop.main",
            "reason": "It was shut down.",
            "owner": "a@b.au",
            "expires": str(there.day),
        }
    )
    scene.commit("Shut the shop down")
    assert turn_at(scene, there.last + MOMENT) is Standing.STALLED
    assert [row["key_alias"] for row in scene.fake.keys.rows.values()] == ["shop.main"]
    scene.restart()
    assert turn_at(scene, there.last) is Standing.READY
    assert [row["key_alias"] for row in scene.fake.keys.rows.values()] == ["store.main"]
