"""One moment, read in the Gateway's timezone, decides on every date in a file."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.cli import options
from aspire_gitops.controller.git_reader import CompiledRevision, Compiler
from aspire_gitops.pipeline.catalog import AsOf, Checked, check_tree
from aspire_gitops.pipeline.change import sides
from aspire_gitops.pipeline.plan import compile_checked
from aspire_gitops.sources.git import Comparison
from aspire_gitops.state import Compiled, Kind, ObjectKey
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree
from support.command_line import CommandLine
from support.small_source import FILES, write_files

ONE_IN_SYDNEY = datetime(2026, 11, 29, 14, tzinfo=UTC)  # 1:00 on 30 November, with summer time
BEFORE_MIDNIGHT = datetime(2026, 11, 30, 12, 59, 59, tzinfo=UTC)
MIDNIGHT = BEFORE_MIDNIGHT + timedelta(seconds=1)
KEY = ObjectKey(Kind.KEY, "shop.main")
LAST_DAY = {
    "budgets/shop.yaml": """\
kind: Budget
name: shop
monthly_aud: "100"
uplift: {aud: "50", reason: A campaign, owner: platform@example.com, expires: 2026-11-30}
""",
    "approvals/chat.yaml": """\
kind: Approval
name: chat
change: delete
object: deployment/chat
reason: Nobody calls it.
owner: platform@example.com
expires: 2026-11-30
""",
    "apps/shop.yaml": FILES["apps/shop.yaml"]
    + "unknown_parameters: {action: report, until: 2026-11-30}\n",
}
TIMEZONES = [
    "UTC",
    "Australia/Sydney",
    "America/Los_Angeles",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
]


@contextmanager
def machine_in(timezone: str) -> Iterator[None]:
    """Run in a process whose TZ is this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", timezone)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def runner_in_utc() -> Iterator[None]:
    with machine_in("UTC"):
        yield


def gateway(timezone: str = "Australia/Sydney", *, as_of: str = "2026-11-20") -> str:
    text = FILES["gateway.yaml"].replace("Australia/Sydney", timezone)
    return text.replace("2026-11-20", as_of).replace(
        "unpriced_aliases: forbid", "unpriced_aliases: forbid, unknown_parameters: apps_may_report"
    )


def tree(**changes: str) -> SourceTree:
    """Return the small folder with some files in the places of its own."""
    texts = {**FILES, "gateway.yaml": gateway(), **changes}
    files = (SourceFile(f"gateway.d/{path}", text.encode()) for path, text in texts.items())
    return SourceTree(Revision("main", commit="4f2c9d1" + "0" * 33), tuple(files))


def checked(now: datetime, files: Mapping[str, str] = LAST_DAY) -> Checked:
    return check_tree(tree(**files), AsOf(now))


def codes(found: Checked) -> list[str]:
    return [item.rule.code for item in found.diagnostics]


def usd_cap(compiled: Compiled) -> object:
    return compiled.objects[KEY].fields["max_budget"]


# ── each kind of date ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param(ONE_IN_SYDNEY, [], id="its own day in Sydney"),
        pytest.param(ONE_IN_SYDNEY - timedelta(hours=2), ["AG309"], id="the evening before"),
    ],
)
def test_a_rate_of_today_is_of_the_gateways_today(now: datetime, found: list[str]) -> None:
    assert codes(checked(now, {"gateway.yaml": gateway(as_of="2026-11-30")})) == found


def test_an_uplift_ends_at_midnight_in_sydney() -> None:
    last, over = (compile_checked(checked(now)) for now in (BEFORE_MIDNIGHT, MIDNIGHT))
    assert (usd_cap(last), usd_cap(over)) == (97.68, 65.12)


def test_an_approval_ends_at_midnight_in_sydney() -> None:
    last, over = (compile_checked(checked(now)) for now in (BEFORE_MIDNIGHT, MIDNIGHT))
    assert ([one.object.name for one in last.approvals], over.approvals) == (["chat"], ())


def test_what_ended_is_said_from_midnight_in_sydney_on() -> None:
    last, over = (set(codes(checked(now))) for now in (BEFORE_MIDNIGHT, MIDNIGHT))
    assert (over - last, last - over) == ({"AG314", "AG325", "AG340"}, set())


@pytest.mark.parametrize(
    ("now", "returncode"),
    [
        pytest.param(BEFORE_MIDNIGHT, 0, id="its last second"),
        pytest.param(MIDNIGHT, 1, id="midnight in Sydney"),
    ],
)
def test_an_exception_of_egress_ends_at_midnight_in_sydney(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime, returncode: int
) -> None:
    write_files(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a.py").write_text("import openai\nclient = openai.OpenAI()\n")
    agreed = "{path: a.py, code: AG601, reason: We move., owner: a@b.au, expires: 2026-11-30}"
    (tmp_path / "app/.aspire-egress.yaml").write_text(f"exceptions:\n  - {agreed}\n")
    monkeypatch.setattr(options, "now", lambda: now)
    scan = ("egress", "scan", "--gateway-d", "gateway.d", "--jobs", "1", "app")
    assert CommandLine(tmp_path).run(*scan).returncode == returncode


def test_a_review_judges_both_sides_by_one_moment() -> None:
    base, head = tree(**LAST_DAY), tree(**LAST_DAY, **{"gateway.yaml": gateway("UTC")})
    both = sides(Comparison(base, head), AsOf(MIDNIGHT))
    assert [usd_cap(side.compiled) for side in (both.base, both.head) if side.compiled] == [
        65.12,  # it is December in Sydney
        97.68,  # and not yet in UTC
    ]
    assert both.now.isoformat() == "2026-11-30T13:00:00+00:00"


# ── which timezone ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("files", "today"),
    [
        pytest.param({}, date(2026, 11, 30), id="the Gateway's"),
        pytest.param({"gateway.yaml": gateway("UTC")}, date(2026, 11, 29), id="another one"),
        pytest.param(
            {"gateway.yaml": gateway().replace("name: gateway", "nom: gateway")},
            date(2026, 11, 30),
            id="of a Gateway with another mistake",
        ),
        pytest.param({"gateway.yaml": gateway("Sydney")}, date(2026, 11, 29), id="unknown: UTC"),
        pytest.param({"gateway.yaml": "kind: Gateway\n"}, date(2026, 11, 29), id="none: UTC"),
        pytest.param({"gateway.yaml": "]"}, date(2026, 11, 29), id="unreadable: UTC"),
    ],
)
def test_the_day_is_that_of_the_gateways_timezone(files: Mapping[str, str], today: date) -> None:
    assert checked(ONE_IN_SYDNEY, files).today == today


def test_a_named_day_is_judged_as_of_its_end() -> None:
    found = check_tree(tree(), AsOf(MIDNIGHT, date(2026, 11, 23)))
    assert found.now.isoformat() == "2026-11-23T23:59:59.999999+11:00"


@given(
    hours=st.floats(-36, 36),
    machine=st.sampled_from(TIMEZONES),
    timezone=st.sampled_from(TIMEZONES),
)
def test_where_the_machine_stands_changes_nothing(
    hours: float, machine: str, timezone: str
) -> None:
    now = MIDNIGHT + timedelta(hours=hours)
    files = {**LAST_DAY, "gateway.yaml": gateway(timezone, as_of="2026-11-30")}
    here = checked(now, files)
    with machine_in(machine):
        there = checked(now.astimezone(), files)
    assert os.environ["TZ"] == "UTC"
    assert (there.diagnostics, there.now) == (here.diagnostics, here.now)
    if here.ok:
        assert compile_checked(there) == compile_checked(here)


# ── the controller ───────────────────────────────────────────────────────────


def test_a_controller_in_utc_compiles_anew_at_midnight_in_sydney_and_not_before() -> None:
    compiler, files = Compiler(), tree(**LAST_DAY)

    def wanted(now: datetime) -> CompiledRevision:
        return compiler.wanted(files, now)

    assert wanted(MIDNIGHT - timedelta(hours=14)) is wanted(BEFORE_MIDNIGHT)
    assert (usd_cap(wanted(BEFORE_MIDNIGHT).compiled), usd_cap(wanted(MIDNIGHT).compiled)) == (
        97.68,
        65.12,
    )


# ── the commands ─────────────────────────────────────────────────────────────

JUDGING = {
    "validate": (),
    "compile": ("-o", "build"),
    "codeowners": ("--default", "@platform", "--prefix", "."),
    "explain": ("alias", "chat"),
}


@pytest.mark.parametrize("name", JUDGING)
def test_a_command_on_a_utc_runner_takes_sydneys_own_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = write_files(tmp_path)
    (folder / "gateway.yaml").write_text(gateway(as_of="2026-11-30"))
    monkeypatch.setattr(options, "now", lambda: ONE_IN_SYDNEY)
    done = CommandLine(tmp_path).run(name, *JUDGING[name])
    assert (done.returncode, "AG309" in done.stdout) == (0, False), done.stdout + done.stderr
    monkeypatch.setattr(options, "now", lambda: ONE_IN_SYDNEY - timedelta(hours=2))
    before = CommandLine(tmp_path).run(name, *JUDGING[name])
    # CODEOWNERS does not depend on policy.
    assert before.returncode == (0 if name == "codeowners" else 1)


@pytest.mark.parametrize(
    "command",
    [
        ("validate",), ("compile",), ("plan",), ("apply",), ("review",), ("rehearse",),
        ("codeowners",), ("explain",), ("spend",), ("egress", "scan"),
    ],
)  # fmt: skip
def test_help_tells_of_today(tmp_path: Path, command: tuple[str, ...]) -> None:
    shown = " ".join(CommandLine(tmp_path).run(*command, "--help").stdout.split())
    assert "--today DATE Judge dates in the files as of the end of this day in the" in shown
