"""What calls did as gauges: of the ledger's last answer, and absent where it did not tell. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from aspire_gitops.rendering.characters import one_line
from aspire_gitops.spending.calls import CallReport

_PREFIX: Final = "aspire_gitops_"
_MOST: Final = 100  # names of one metric; the rest are counted together
_OTHERS: Final = "(others)"


def call_gauges(report: CallReport) -> Iterator[Metric]:
    """Yield the families that are known. No name that a caller chose is a label."""
    if report.failures is not None:
        yield _counted(
            "failed_calls",
            "Calls of today that failed, by how.",
            "alias",
            ((row.alias, row.outcome, row.today) for row in report.failures),
        )
    if report.parameters is not None:
        yield _counted(
            "unlisted_parameters",
            "Parameters in calls of the last seven days that no reviewed file lists.",
            "app",
            ((row.app, row.outcome, row.calls) for row in report.parameters),
        )
    if report.prices is not None:
        yield GaugeMetricFamily(
            _PREFIX + "price_differences",
            "Calls of this month that we price otherwise than LiteLLM, by more than 3 %.",
            value=report.prices.calls,
        )


def _counted(name: str, help_: str, label: str, rows: Iterable[tuple[str, str, int]]) -> Metric:
    found: Counter[tuple[str, str]] = Counter()
    names: set[str] = set()
    for who, outcome, count in rows:
        shown = who if who in names or len(names) < _MOST else _OTHERS
        names.add(shown)
        found[one_line(shown), one_line(outcome)] += count
    family = GaugeMetricFamily(_PREFIX + name, help_, labels=[label, "outcome"])
    for labels, count in sorted(found.items()):
        family.add_metric(labels, count)
    return family
