"""The status as gauges, read at the moment of the scrape. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from aspire_gitops.spend import Verdict
from aspire_gitops.spend.calls import CallReport
from aspire_gitops.status.value import (
    Answer,
    DowntimeReport,
    HoldKind,
    ProbesReport,
    Role,
    SpendReport,
    Standing,
    Status,
    TroubleKind,
)
from aspire_gitops.vocabulary import Revision, one_line
from aspire_gitops.witness import Settings, SettingsReport, Trust

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


def status_gauges(status: Status) -> Iterator[Metric]:
    """Yield a family for each thing that can be read off the status. Labels are bounded."""
    yield from _who(status)
    yield from _how(status)
    yield from _times(status)
    yield from _found(status)
    yield from _journal(status)
    yield from _downtime(status.downtime)
    yield from _settings(status.settings)
    if status.probes:
        yield from _probes(status.probes)
    if status.spend:
        yield from _spend(status.spend)
    if status.calls:
        yield from call_gauges(status.calls)


def _who(status: Status) -> Iterator[Metric]:
    yield _info(
        "build",
        "The controller, and the gateway that it keeps.",
        version=status.version,
        gateway=status.gateway_name or "",
        litellm_version=status.litellm_version or "",
    )
    applied = status.applied
    yield _info(
        "applied_revision",
        "The revision that was last applied whole.",
        reference=applied.reference if applied else "",
        commit=(applied.commit or "") if applied else "",
    )
    wanted = status.in_git or status.wanted
    yield _info(
        "wanted_revision",
        "The revision that git has now.",
        reference=wanted.reference if wanted else "",
        commit=(wanted.commit or "") if wanted else "",
    )


def _how(status: Status) -> Iterator[Metric]:
    yield _one_of("role", "1 for the role that this controller has.", Role, status.role)
    yield _one_of("standing", "1 for how the last turn ended.", Standing, status.standing)
    holds = {hold.kind for hold in status.holds}
    yield _one_of("brake_active", "1 while this hold is in force.", HoldKind, *holds, label="brake")
    at_work = status.at_work is not None
    yield _gauge("at_work", "1 during a turn, 0 between turns.", float(at_work))
    behind = _commit(status.in_git or status.wanted) != _commit(status.applied)
    yield _gauge("behind", "1 while git is ahead of what was applied.", float(behind))


def _times(status: Status) -> Iterator[Metric]:
    success, start = status.last_success_at, status.started_at
    yield _gauge("start_time_seconds", "When the controller started, Unix time.", _unix(start))
    yield _gauge(
        "last_success_timestamp_seconds",
        "When a turn last ended ready, Unix time; 0 for never.",
        _unix(success) if success else 0.0,
    )
    yield _gauge(
        "last_success_age_seconds",
        "Seconds since then, or since the start if there was none.",
        max(0.0, (status.at - (success or start)).total_seconds()),  # clocks are set back
    )


def _found(status: Status) -> Iterator[Metric]:
    drift = GaugeMetricFamily(
        _PREFIX + "drift_objects",
        "Objects that differed from git in the last turn, by what was done about it.",
        labels=["answer"],
    )
    for answer in Answer:
        count = sum(drifted.answer is answer for drifted in status.drift)
        drift.add_metric([answer.value], count)
    yield drift
    troubles = GaugeMetricFamily(
        _PREFIX + "troubles", "What a person has to end, by what it is.", labels=["kind"]
    )
    for kind in TroubleKind:
        troubles.add_metric([kind.value], sum(one.kind is kind for one in status.troubles))
    yield troubles
    answers = status.silent_since is None and status.seen_at is not None
    yield _gauge(
        "gateway_up", "1 while the gateway answers, as the controller saw it.", float(answers)
    )
    pending, refusals = status.pending, status.pending.refusals if status.pending else ()
    changes = len(pending.changes) if pending else 0
    yield _gauge("pending_changes", "Changes of the plan that waits.", changes)
    yield _gauge("pending_refusals", "Reasons why that plan is refused.", len(refusals))
    yield _gauge("fights", "Fields that somebody keeps changing back.", len(status.flapping))
    yield _gauge("foreign_objects", "Objects without our mark.", len(status.unmanaged))
    yield _gauge("live_fallbacks", "Fallbacks set by hand.", len(status.fallbacks))
    aliases = sum(alias.live for alias in status.aliases)
    yield _gauge("aliases", "Aliases that git declares.", len(status.aliases))
    yield _gauge("live_aliases", "Aliases that are live as git says.", aliases)
    yield _gauge("apps", "Apps that git declares.", len(status.apps))
    yield _gauge("untold_notices", "Notices that could not be delivered yet.", status.untold)


def _journal(status: Status) -> Iterator[Metric]:
    journal = status.journal
    yield _gauge("journal_up", "1 while the journal can be read.", float(journal is not None))
    if journal:
        yield _gauge("journal_entries", "Lines in the journal.", journal.entries)
        yield _gauge("journal_bytes", "Size of the journal.", journal.bytes)


def _settings(report: SettingsReport | None) -> Iterator[Metric]:
    if report:
        yield _one_of(
            "settings", "1 for what is known of the gateway's settings.", Settings, report.state
        )
        family = GaugeMetricFamily(
            _PREFIX + "gateway_processes",
            "Processes of the gateway, by what is known of each.",
            labels=["trust"],
        )
        for trust in Trust:
            count = sum(one.trust is trust for one in report.processes)
            family.add_metric([trust.value], count)
        yield family


def _downtime(report: DowntimeReport | None) -> Iterator[Metric]:
    if report:
        yield _gauge(
            "gateway_downtime_seconds",
            "Seconds of this month in which the gateway did not answer, as the controller saw it.",
            report.downtime.seconds,
        )
        yield _gauge(
            "gateway_downtime_allowed_seconds",
            "Seconds of downtime a month that the Gateway promises not to exceed.",
            report.allowed_s,
        )


def _probes(report: ProbesReport) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        _PREFIX + "alias_works",
        "1 if the last probes of an alias were answered as git says, 0 if not. Absent if unknown.",
        labels=["alias"],
    )
    for row in report.rows:  # names of reviewed files
        if row.works is not None:
            family.add_metric([one_line(row.alias)], float(row.works))
    yield family
    yield _gauge("probe_calls_today", "Probes made today, all aliases.", report.calls_today)
    yield _gauge("probe_calls_per_day", "Probes that may be made a day.", report.calls_per_day)


def _spend(report: SpendReport) -> Iterator[Metric]:
    up = report.spend is not None and not report.problem
    yield _gauge("ledger_up", "1 while the ledger answers. Absent where none is set.", float(up))
    budgets = report.spend.budgets if report.spend else ()
    spent = {row.budget: row.spent for row in budgets}
    caps = {row.budget: row.cap for row in budgets}
    ends = {
        row.budget: row.forecast.month_end[1]
        for row in budgets
        if row.forecast and row.forecast.month_end
    }
    yield _by_budget("spend_aud", "Spent this month, AUD.", spent)
    yield _by_budget("spend_cap_aud", "What may be spent this month, AUD.", caps)
    yield _by_budget(
        "spend_forecast_aud", "Spend at the end of this month at this pace, AUD.", ends
    )
    guesses = {row.budget: row.estimated for row in budgets}
    yield _by_budget(
        "estimated_aud", "Part of this month's spend for which no usage was reported, AUD.", guesses
    )
    yield _own_spend(report)


def _own_spend(report: SpendReport) -> Metric:
    family = GaugeMetricFamily(
        _PREFIX + "own_spend_unlike_keys",
        "Keys of which LiteLLM's own spend and the ledger disagree. low: its backstop is blind.",
        labels=["verdict"],
    )
    for verdict in Verdict:
        family.add_metric([verdict.value], sum(o.verdict is verdict for o in report.unlike))
    return family


def _by_budget(name: str, help_: str, amounts: Mapping[str, Decimal | None]) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, help_, labels=["budget"])
    for budget, amount in amounts.items():
        if amount is not None:
            family.add_metric([one_line(budget)], float(amount))
    return family


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, help_, value=value)


def _one_of(
    name: str,
    help_: str,
    all_: type[Role | Standing | HoldKind | Settings],
    *on: str,
    label: str = "",
) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, help_, labels=[label or name])
    for member in all_:
        family.add_metric([member.value], float(member in on))
    return family


def _info(name: str, help_: str, **labels: str) -> Metric:
    # Text that others wrote: half a character would end the scrape.
    return InfoMetricFamily(
        _PREFIX + name,
        help_,
        value={key: one_line(value) for key, value in labels.items()},
    )


def _commit(revision: Revision | None) -> str | None:
    return str(revision) if revision else None


def _unix(moment: datetime) -> float:
    return moment.timestamp()
