"""What a run of probes found, for a terminal and as JSON. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rich.text import Text

from aspire_gitops.codec.values import document
from aspire_gitops.probing.judge import Finding, Verdict
from aspire_gitops.resources import PROBE_APP
from aspire_gitops.spend import plain
from aspire_gitops.vocabulary import one_line, plural
from aspire_ledger.canonical import JsonValue, pretty_json

_MONTH_S: Final = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """One run. `every_s` are the seconds between two probes of each alias, by the files."""

    gateway: str
    findings: tuple[Finding, ...]
    every_s: Mapping[str, float]

    @property
    def aud(self) -> Decimal | None:
        """What the run cost, as far as it is known; None where no ledger told anything."""
        known = [one.aud for one in self.findings if one.aud is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def aud_per_month(self) -> Decimal | None:
        """What probes cost in thirty days at the intervals of the files, by what these cost."""
        found: dict[str, list[Decimal]] = {}
        for one in self.findings:
            if one.aud is not None:
                found.setdefault(one.alias, []).append(one.aud)
        if not found:
            return None
        return sum((self._monthly(alias, costs) for alias, costs in found.items()), Decimal(0))

    @property
    def red(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.verdict.is_red)

    @property
    def all_work(self) -> bool:
        return all(one.verdict is Verdict.WORKS for one in self.findings)

    def _monthly(self, alias: str, costs: Sequence[Decimal]) -> Decimal:
        # The calls of an alias are made in turns, so one of them costs their mean.
        calls = Decimal(_MONTH_S / self.every_s[alias])
        return sum(costs, Decimal(0)) / len(costs) * calls


def report_text(report: ProbeReport) -> Text:
    """Return a line for each probe, what to do about those that failed, and the cost."""
    text = Text()
    width = max((len(one.alias) for one in report.findings), default=0)
    for one in report.findings:
        tone = (
            "green" if one.verdict is Verdict.WORKS else "red" if one.verdict.is_red else "yellow"
        )
        mark = {"green": "✓", "red": "✗", "yellow": "?"}[tone]
        cost = f"{plain(_rounded(one.aud))} AUD" if one.aud is not None else ""
        text.append(f"{mark} {one.alias:<{width}}  {one.variant:<8}  ", style=tone)
        text.append(f"{one.verdict.value:<21} {one.seconds:6.1f} s  {cost}".rstrip() + "\n")
        if one.told:
            text.append(f"    {one_line(one.told)}\n")
        if one.help:
            text.append(f"    help: {one.help}\n", style="dim")
    return text.append("\n").append("\n".join(_closing(report)) + "\n")


def _closing(report: ProbeReport) -> Iterator[str]:
    aliases = {one.alias for one in report.findings}
    broken = {one.alias for one in report.red}
    probed = f"{plural(len(report.findings), 'probe')} of {_aliases(len(aliases))}"
    unknown = {one.alias for one in report.findings if one.verdict is not Verdict.WORKS} - broken
    state = f"{len(broken)} broken" if broken else "none is broken"
    yield f"{probed}: {state}" + (f", {len(unknown)} not known" if unknown else "")
    if report.aud is not None and report.aud_per_month is not None:
        yield (
            f"cost: {plain(_rounded(report.aud))} AUD, booked under the app {PROBE_APP};"
            f" at the intervals of the files about {report.aud_per_month:.2f} AUD a month"
        )
    if any(not one.by_ledger for one in report.findings if one.verdict is Verdict.WORKS):
        yield "judged by headers alone where no ledger was asked: what was booked is not known"


def report_json(report: ProbeReport) -> str:
    """Return the run for programs."""
    rows: list[JsonValue] = [
        {
            "alias": one.alias,
            "variant": one.variant,
            "verdict": one.verdict.value,
            "works": one.verdict is Verdict.WORKS,
            "told": one_line(one.told),
            "help": one.help,
            "seconds": round(one.seconds, 3),
            "aud": None if one.aud is None else plain(one.aud),
            "by_ledger": one.by_ledger,
        }
        for one in report.findings
    ]
    month = report.aud_per_month
    content: Mapping[str, JsonValue] = {
        "gateway": report.gateway,
        "all_work": report.all_work,
        "aud": None if report.aud is None else plain(report.aud),
        "aud_per_month": None if month is None else f"{month:.4f}",
        "findings": rows,
    }
    return pretty_json(document("probes", content))


REPORT_FORMATS: Mapping[str, Callable[[ProbeReport], Text | str]] = {
    "text": report_text,
    "json": report_json,
}


def _aliases(count: int) -> str:
    return "1 alias" if count == 1 else f"{count} aliases"


def _rounded(amount: Decimal) -> Decimal:
    return round(amount, 6)
