"""A probe and its line in the ledger: found, late, missing, or nobody to ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aspire_gitops.compiling import compile_catalog
from aspire_gitops.probing import (
    Answer,
    Booked,
    Finding,
    Probe,
    Prober,
    Verdict,
    targets,
)
from aspire_gitops.probing.report import ProbeReport, report_json, report_text
from aspire_gitops.state import GatewayObject, Kind, Mark, ObjectKey, Snapshot
from aspire_gitops.vocabulary import LedgerUnavailable
from support.catalogs import GATEWAY, TODAY, alias, catalog_of, provider
from support.probes import BOOKED, EXPECTED, GOOD, PROBE


@dataclass
class Gateway:
    answer: Answer = GOOD
    calls: list[Probe] = field(default_factory=list)

    async def call(self, probe: Probe) -> Answer:
        self.calls.append(probe)
        return self.answer


@dataclass
class Books:
    """Has the line after so many looks; `away` is raised by every question."""

    looks: int = 0
    booked: Booked = BOOKED
    away: LedgerUnavailable | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def newest_line(self) -> int:
        if self.away:
            raise self.away
        return 41

    async def probes_on(self, day: date) -> int:
        raise AssertionError(day)

    async def probes_booked(self, alias: str, *, after: int) -> Sequence[Booked]:
        self.asked.append((alias, after))
        return [self.booked] if len(self.asked) > self.looks else []


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


def probed(gateway: Gateway, books: Books | None, *, within_s: float = 5.0) -> Finding:
    prober = Prober(gateway, books, booked_within_s=within_s, pause=_at_once)
    return asyncio.run(prober.probe(PROBE, EXPECTED))


def test_a_line_that_comes_late_is_waited_for() -> None:
    books = Books(looks=4)
    assert probed(Gateway(), books).verdict is Verdict.WORKS
    assert books.asked == [("qwen-chat", 41)] * 5


def test_an_answer_that_is_never_booked_is_not_counted() -> None:
    assert probed(Gateway(), Books(looks=10**9), within_s=0.05).verdict is Verdict.NOT_COUNTED


def test_a_call_that_failed_waits_for_no_line() -> None:
    books = Books()
    assert probed(Gateway(Answer(None, 1.0)), books).verdict is Verdict.GATEWAY_AWAY
    assert books.asked == []


def test_a_ledger_that_is_away_leaves_the_headers_and_says_so() -> None:
    found = probed(Gateway(), Books(away=LedgerUnavailable("the ledger does not answer")))
    assert (found.verdict, found.by_ledger) == (Verdict.WORKS, False)
    assert "headers alone: the ledger does not answer" in found.told


def test_an_alias_without_a_deployment_of_ours_is_not_called() -> None:
    gateway = Gateway()
    prober = Prober(gateway, None)
    found = asyncio.run(prober.probe(PROBE, replace(EXPECTED, deployments=frozenset())))
    assert (found.verdict, gateway.calls) == (Verdict.NOT_LIVE, [])


def test_what_must_answer_is_what_git_says_and_what_is_ours() -> None:
    catalog = catalog_of([GATEWAY, provider(), alias(), alias(name="quiet", probe="off")])
    compiled = compile_catalog(catalog, today=TODAY)

    def row(address: str, owner: str) -> GatewayObject:
        key = ObjectKey(Kind.DEPLOYMENT, "qwen-chat")
        mark = Mark(owner, "qwen-chat", frozenset(), "", "")
        return GatewayObject(key, "qwen-chat", {}, mark, address)

    rows = (row("gw.qwen-chat.3", "aspire-gitops"), row("gw.qwen-chat.9", "somebody-else"))
    snapshot = Snapshot("http://gateway.test", None, datetime.now(UTC), rows)
    found = targets(catalog, compiled, snapshot, "aspire-gitops")
    assert list(found) == ["qwen-chat"]
    expected = found["qwen-chat"].expected
    assert expected.deployments == {"gw.qwen-chat.3"}
    assert (expected.vendor, expected.model) == ("cloud-first.ai", "openai/qwen3-max")


def report(*findings: Finding) -> ProbeReport:
    return ProbeReport("test", findings, {one.alias: 3600.0 for one in findings})


def test_a_month_costs_the_mean_call_at_the_interval() -> None:
    one = Finding("chat", "plain", Verdict.WORKS, aud=Decimal("0.001"), by_ledger=True)
    two = replace(one, variant="image", aud=Decimal("0.003"))
    assert report(one, two).aud_per_month == Decimal("1.440")
    assert report(one, two).aud == Decimal("0.004")


def test_a_run_without_costs_says_none() -> None:
    found = report(Finding("chat", "plain", Verdict.WORKS))
    assert (found.aud, found.aud_per_month) == (None, None)
    assert "what was booked is not known" in report_text(found).plain
    assert "AUD" not in report_text(found).plain


def test_the_text_says_what_is_broken_and_what_to_do() -> None:
    found = report(
        Finding("chat", "plain", Verdict.WORKS, seconds=0.5, aud=Decimal("0.0002"), by_ledger=True),
        Finding("ocr", "plain", Verdict.MODEL_UNKNOWN, "acme does not know x\x1b[2J", seconds=0.1),
        Finding("away", "plain", Verdict.OVER_BUDGET, "the gateway refuses it"),
    )
    text = report_text(found).plain
    assert "✗ ocr   plain     model unknown" in text
    assert "\x1b" not in text + report_json(found)
    assert "help: correct `target.model`" in text
    assert "3 probes of 3 aliases: 1 broken, 1 not known" in text
    assert not found.all_work


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_but_the_good_one_has_help(verdict: Verdict) -> None:
    assert bool(Finding("a", "plain", verdict).help) is (verdict is not Verdict.WORKS)
