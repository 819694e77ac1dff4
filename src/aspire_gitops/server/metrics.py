"""What Prometheus may ask: counted as turns end and calls return, the rest read at scrape time.

No globals: every `Metrics` has a registry of its own. Labels are few and
bounded; people are never labels, and aliases, apps and budgets only beside a
ledger, a hundred at most. docs/operate/status.md
has the table, and a test holds the two equal.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric

from aspire_gitops.server.gauges import status_gauges
from aspire_gitops.status.value import Standing, Status, Turn
from aspire_gitops.vocabulary import one_line

METRICS_TYPE = CONTENT_TYPE_LATEST
NO_ANSWER = "none"  # the status of a call that got no answer

_TURN_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_CALL_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RESULTS = ("applied", "failed", "skipped")


class Metrics:
    """Counts what happens. Not for several threads: the controller's loop owns it."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._turns = Counter(
            "aspire_gitops_turns",
            "Turns that have ended, by how they ended.",
            ["standing"],
            registry=registry,
        )
        self._turn_seconds = Histogram(
            "aspire_gitops_turn_duration_seconds",
            "Wall time of a turn.",
            buckets=_TURN_BUCKETS_S,
            registry=registry,
        )
        self._spent = Counter(
            "aspire_gitops_turn_seconds",
            "Seconds that turns took: our own processor time, waiting for the gateway or for git.",
            ["spent_on"],
            registry=registry,
        )
        self._results = Counter(
            "aspire_gitops_changes",
            "Changes carried out, by how each ended.",
            ["result"],
            registry=registry,
        )
        self._planned = Counter(
            "aspire_gitops_planned_changes",
            "Changes of the plans that were carried out, by kind of object and action.",
            ["kind", "action"],
            registry=registry,
        )
        self._calls = Histogram(
            "aspire_gitops_gateway_call_seconds",
            "Time until the gateway's admin API answered one call.",
            ["method", "route", "status"],
            buckets=_CALL_BUCKETS_S,
            registry=registry,
        )
        self._answers = Counter(
            "aspire_gitops_http_requests",
            "Requests that this server answered, by route and status.",
            ["route", "status"],
            registry=registry,
        )
        ProcessCollector(registry=registry)
        self._show_zeros()

    def turned(self, turn: Turn) -> None:
        """Count a turn that has ended."""
        self._turns.labels(turn.standing.value).inc()
        self._turn_seconds.observe(turn.duration_s)
        for part, seconds in (
            ("own", turn.own_s),
            ("gateway", turn.gateway_s),
            ("source", turn.source_s),
        ):
            self._spent.labels(part).inc(max(seconds, 0.0))
        for result, count in turn.counts.items():
            self._results.labels(one_line(result)).inc(count)
        if turn.plan and turn.counts:
            for change in turn.plan.changes:
                self._planned.labels(change.key.kind, change.action.value).inc()

    def called(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count one call to the gateway. `route` is the template, never a path with names in it."""
        shown = NO_ANSWER if status is None else str(status)
        self._calls.labels(one_line(method), one_line(route), shown).observe(seconds)

    def answered(self, route: str, status: int) -> None:
        """Count one request to this server. `route` is one of ours, or `unknown`."""
        self._answers.labels(route, str(status)).inc()

    def text(self, status: Status) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(_Scrape(self._registry, status))

    def _show_zeros(self) -> None:
        # A counter that appears with its first event hides that event from rate().
        for standing in Standing:
            self._turns.labels(standing.value)
        for result in _RESULTS:
            self._results.labels(result)
        for part in ("own", "gateway", "source"):
            self._spent.labels(part)


class _Scrape(CollectorRegistry):
    """One answer: what was counted, and the status as it is now."""

    def __init__(self, counted: CollectorRegistry, status: Status) -> None:
        super().__init__(auto_describe=False)
        self._counted = counted
        self._now = status

    def collect(self) -> Iterator[Metric]:
        for metric in self._counted.collect():
            # When a label was first seen helps nobody, and doubles the number of series.
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric
        yield from status_gauges(self._now)
