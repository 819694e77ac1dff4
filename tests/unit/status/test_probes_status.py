"""What people and machines see of probes: the page, the terminal, the JSON and the metrics."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from aspire_gitops.server.gauges import status_gauges
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import ProbeRow, ProbesReport, Status
from support.statuses import NOW, STATUSES

GOOD = ProbeRow(
    "claude-sonnet", "works", works=True, at=NOW - timedelta(minutes=12), by_ledger=True
)
BAD = ProbeRow(
    "qwen-vision",
    "credential refused",
    works=False,
    told="cloud-first.ai refuses our credential for openai/qwen3-vl",
    help="renew the provider's secret",
    at=NOW - timedelta(minutes=2),
    since=NOW - timedelta(hours=1),
)
UNKNOWN = ProbeRow("whisper", "", works=None)
QUIET = next(status for status in STATUSES.values() if status.standing.value == "ready")


def status(*rows: ProbeRow) -> Status:
    return replace(QUIET, holds=(), probes=ProbesReport(rows, 41, 500))


def text(*rows: ProbeRow) -> str:
    return status_text(status_document(status(*rows))).plain


def page(*rows: ProbeRow) -> str:
    return status_page(status_document(status(*rows)))


class Shown:
    """The status as Prometheus reads it."""

    def __init__(self, found: Status) -> None:
        self.found = found

    def collect(self) -> Iterator[Metric]:
        yield from status_gauges(self.found)


def metrics(*rows: ProbeRow) -> str:
    registry = CollectorRegistry()
    registry.register(Shown(status(*rows)))
    return generate_latest(registry).decode()


def test_a_broken_alias_is_on_top_of_the_page_though_the_rows_equal_git() -> None:
    shown = page(GOOD, BAD, UNKNOWN)
    assert "<h1>Broken alias <small>calls to qwen-vision fail</small></h1>" in shown
    assert "refuses our credential for openai/qwen3-vl" in shown
    assert "Renew the provider&#39;s secret." in shown
    assert "credential refused since 02:14 UTC, probed 2 min ago" in shown


def test_an_alias_that_works_says_when_it_was_probed() -> None:
    assert "answers, probed 12 min ago" in page(GOOD)
    assert "<h1>Ready" in page(GOOD, UNKNOWN)


def test_by_headers_alone_is_said() -> None:
    assert "by headers alone" in page(replace(GOOD, by_ledger=False))


def test_the_terminal_says_the_same() -> None:
    shown = text(GOOD, BAD, UNKNOWN)
    assert "Broken alias" in shown
    assert "✗ qwen-vision  credential refused since 02:14 UTC" in shown
    assert "2 of 3 aliases known, 41 of 500 calls made today" in shown


def test_a_cap_that_is_reached_is_said() -> None:
    full = replace(QUIET, probes=ProbesReport((GOOD,), 500, 500))
    assert "no more until tomorrow" in status_text(status_document(full)).plain


def test_the_json_has_null_for_what_nobody_knows() -> None:
    document = json.loads(status_document(status(GOOD, BAD, UNKNOWN)).model_dump_json())
    assert [row["works"] for row in document["probes"]["rows"]] == [True, False, None]


def test_a_metric_is_absent_for_what_nobody_knows() -> None:
    shown = metrics(GOOD, BAD, UNKNOWN)
    assert 'aspire_gitops_alias_works{alias="claude-sonnet"} 1.0' in shown
    assert 'aspire_gitops_alias_works{alias="qwen-vision"} 0.0' in shown
    assert "whisper" not in shown.partition("aspire_gitops_alias_works")[2].partition("# HELP")[0]


def test_no_probes_no_section_in_the_terminal() -> None:
    assert "Probes" not in status_text(status_document(replace(QUIET, probes=None))).plain


def test_what_a_name_could_do_to_a_page_is_escaped() -> None:
    hostile = replace(BAD, told="<script>\x1b[2J", alias="qwen-vision")
    assert "<script>" not in page(hostile)
    assert "\x1b" not in text(hostile)
