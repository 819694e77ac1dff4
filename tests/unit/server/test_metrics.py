"""What Prometheus is told, and that the documentation has exactly that."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.status.value import ProbeRow, ProbesReport, Standing, Status
from support.statuses import (
    FREEZE,
    fresh,
    frozen,
    hostile,
    ready,
    stalled,
    standby,
    swap_plan,
    turn,
)

PAGE = Path(__file__).parents[3] / "docs" / "operate" / "status.md"


def families(metrics: Metrics, status: Status) -> dict[str, Metric]:
    text = metrics.text(status).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(metrics: Metrics, now: Status, name: str, /, **labels: str) -> float:
    found = [
        sample.value
        for family in families(metrics, now).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert len(found) == 1, f"{name}{labels}: {len(found)} samples"
    return found[0]


def set_back(status: Status) -> Status:
    return replace(status, at=status.at - timedelta(days=1))


@pytest.mark.parametrize(
    ("status", "name", "labels", "expected"),
    [
        pytest.param(ready(), "standing", {"standing": "ready"}, 1, id="ready"),
        pytest.param(ready(), "standing", {"standing": "stalled"}, 0, id="ready is not stalled"),
        pytest.param(standby(), "role", {"role": "standby"}, 1, id="standby"),
        pytest.param(frozen(), "brake_active", {"brake": "freeze"}, 1, id="frozen"),
        pytest.param(frozen(), "brake_active", {"brake": "suspend"}, 0, id="not suspended"),
        pytest.param(fresh(), "at_work", {}, 1, id="at work"),
        pytest.param(ready(), "behind", {}, 0, id="up to date"),
        pytest.param(stalled(), "behind", {}, 1, id="git is ahead"),
        pytest.param(ready(), "last_success_age_seconds", {}, 24, id="age of the last success"),
        pytest.param(fresh(), "last_success_age_seconds", {}, 1, id="no success yet: since start"),
        pytest.param(fresh(), "last_success_timestamp_seconds", {}, 0, id="no success yet"),
        pytest.param(stalled(), "drift_objects", {"answer": "healed"}, 1, id="healed drift"),
        pytest.param(stalled(), "drift_objects", {"answer": "failed"}, 0, id="no failed healing"),
        pytest.param(stalled(), "pending_changes", {}, 5, id="a plan waits"),
        pytest.param(stalled(), "pending_refusals", {}, 1, id="it is refused"),
        pytest.param(stalled(), "fights", {}, 1, id="a flapping field"),
        pytest.param(ready(), "foreign_objects", {}, 2, id="foreign objects"),
        pytest.param(stalled(), "live_fallbacks", {}, 1, id="a fallback set by hand"),
        pytest.param(stalled(), "aliases", {}, 5, id="aliases"),
        pytest.param(stalled(), "live_aliases", {}, 4, id="one of them is not live"),
        pytest.param(ready(), "journal_entries", {}, 4812, id="journal"),
        pytest.param(ready(), "journal_bytes", {}, ready().journal.bytes, id="size of the journal"),  # type: ignore[union-attr]
        pytest.param(set_back(ready()), "last_success_age_seconds", {}, 0, id="clock set back"),
        pytest.param(replace(ready(), journal=None), "journal_up", {}, 0, id="no journal"),
        pytest.param(replace(ready(), untold=3), "untold_notices", {}, 3, id="untold notices"),
    ],
)  # fmt: skip
def test_the_status_is_read_at_the_scrape(
    status: Status, name: str, labels: dict[str, str], expected: float
) -> None:
    assert value(Metrics(), status, f"aspire_gitops_{name}", **labels) == expected


def test_the_applied_revision_is_told() -> None:
    labels = {"reference": "main", "commit": "4f2c9d1a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d1e"}
    assert value(Metrics(), ready(), "aspire_gitops_applied_revision_info", **labels) == 1


def test_turns_are_counted_by_how_they_ended() -> None:
    metrics = Metrics()
    for standing in (Standing.READY, Standing.READY, Standing.STALLED):
        metrics.turned(turn(standing=standing))
    counted = [
        value(metrics, ready(), "aspire_gitops_turns_total", standing=standing)
        for standing in Standing
    ]
    assert counted == [2, 0, 1]


def test_changes_are_counted_when_they_were_carried_out() -> None:
    metrics = Metrics()
    metrics.turned(turn(plan=swap_plan(), counts={"applied": 4, "failed": 1}))
    metrics.turned(turn(plan=swap_plan(), holds=(FREEZE,)))  # carried out nothing
    assert value(metrics, ready(), "aspire_gitops_changes_total", result="applied") == 4
    planned = {"kind": "key", "action": "create"}
    assert value(metrics, ready(), "aspire_gitops_planned_changes_total", **planned) == 1


def test_the_seconds_of_a_turn_are_split() -> None:
    metrics = Metrics()
    metrics.turned(turn(own_s=0.25, gateway_s=2.0, source_s=0.5))
    spent = [
        value(metrics, ready(), "aspire_gitops_turn_seconds_total", spent_on=part)
        for part in ("own", "gateway", "source")
    ]
    assert spent == [0.25, 2.0, 0.5]


def test_calls_to_the_gateway_are_timed() -> None:
    metrics = Metrics()
    metrics.called("PATCH", "/model/{id}/update", 200, 0.3)
    metrics.called("PATCH", "/model/{id}/update", None, 30.0)
    labels = {"method": "PATCH", "route": "/model/{id}/update", "status": "none"}
    assert value(metrics, ready(), "aspire_gitops_gateway_call_seconds_sum", **labels) == 30


def test_a_counter_is_there_before_its_first_event() -> None:
    """Otherwise rate() would miss the first failure."""
    assert value(Metrics(), ready(), "aspire_gitops_changes_total", result="failed") == 0


def test_two_controllers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.turned(turn())
    assert value(other, ready(), "aspire_gitops_turns_total", standing="ready") == 0
    assert not [f for f in REGISTRY.collect() if f.name.startswith("aspire_gitops")]


@given(st.text(max_size=30))
def test_no_text_of_others_breaks_the_scrape(text: str) -> None:
    metrics = Metrics()
    metrics.turned(turn(counts={text: 1}))
    metrics.called(text, text, 200, 0.1)
    lines = metrics.text(hostile(text)).decode().splitlines()
    assert all(re.match(r"# (HELP|TYPE) |[a-z_]+(\{.*\})? \S+$", line) for line in lines)


def test_without_a_ledger_no_name_of_an_object_an_app_or_a_person_is_a_label() -> None:
    metrics = Metrics()
    metrics.turned(turn(plan=swap_plan(), counts={"applied": 5}))
    text = metrics.text(replace(stalled(), spend=None, calls=None)).decode()
    assert not [name for name in ("postiz", "qwen-vision", "sam.lee", "Okafor") if name in text]


def test_with_a_ledger_the_names_of_people_and_keys_are_no_labels() -> None:
    text = Metrics().text(stalled()).decode()
    assert not [name for name in ("postiz.main", "sam.lee", "Okafor", "chatcmpl") if name in text]


def documented() -> Iterator[tuple[str, str, str, str]]:
    row = re.compile(r"^\| `(aspire_gitops_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)
    yield from row.findall(PAGE.read_text(encoding="utf-8"))


def told() -> Iterator[tuple[str, str, str, str]]:
    metrics = Metrics()
    metrics.turned(turn(plan=swap_plan(), counts={"applied": 5}))
    metrics.called("GET", "/key/list", 200, 0.1)
    metrics.answered("/", 200)
    probed = ProbesReport((ProbeRow("chat", "works", works=True),), 1, 500)
    for family in families(metrics, replace(stalled(), probes=probed)).values():
        if not family.name.startswith("aspire_gitops_"):
            continue
        suffix = "_total" if family.type == "counter" else ""
        labels = {label for sample in family.samples for label in sample.labels if label != "le"}
        shown = ", ".join(f"`{label}`" for label in sorted(labels))
        yield family.name + suffix, family.type, shown, family.documentation


def test_the_documentation_lists_exactly_these() -> None:
    assert sorted(documented()) == sorted(told())
