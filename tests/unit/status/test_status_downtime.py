"""Downtime beside its allowance: on the page, in the terminal, in the metrics; absent if unknown."""

from dataclasses import replace
from datetime import date

import pytest

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import DowntimeReport, Status
from aspire_gitops.usage import Downtime
from support.statuses import ready

UNKNOWN = replace(ready(), downtime=None)


def having(seconds: float) -> Status:
    report = DowntimeReport(Downtime("2026-11", seconds, date(2026, 11, 3)), 3600)
    return replace(ready(), downtime=report)


def terminal(status: Status) -> str:
    return status_text(status_document(status)).plain


def page(status: Status) -> str:
    return status_page(status_document(status))


def metrics(status: Status) -> list[str]:
    return [line for line in Metrics().text(status).decode().splitlines() if "_downtime_" in line]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        pytest.param(0, "never in November 2026", id="none"),
        pytest.param(61.4, "for 61 s in November 2026", id="seconds"),
        pytest.param(754.2, "for 12 min 34 s in November 2026", id="minutes"),
        pytest.param(7200, "for 120 min in November 2026", id="too much"),
    ],
)
def test_page_and_terminal_say_how_long(seconds: float, said: str) -> None:
    whole = f"{said}, as the controller saw it since 3 Nov; 60 min are allowed"
    assert f"gateway down: {whole}" in terminal(having(seconds))
    assert whole in page(having(seconds))


def test_more_than_is_allowed_is_marked() -> None:
    assert ['<span class="no">≠ for' in page(having(s)) for s in (3600, 3601)] == [False, True]


def test_the_document_holds_seconds() -> None:
    found = status_document(having(61.44)).downtime
    assert found is not None
    assert (found.seconds, found.allowed_s, found.month) == (61.4, 3600, "2026-11")


def test_the_metrics_hold_both() -> None:
    assert [line for line in metrics(having(61.5)) if not line.startswith("#")] == [
        "aspire_gitops_gateway_downtime_seconds 61.5",
        "aspire_gitops_gateway_downtime_allowed_seconds 3600.0",
    ]


def test_what_is_not_known_is_not_said() -> None:
    assert "gateway down" not in terminal(UNKNOWN)
    assert "Gateway down" not in page(UNKNOWN)
    assert metrics(UNKNOWN) == []
