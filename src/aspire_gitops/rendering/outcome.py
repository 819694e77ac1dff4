"""What an apply did, change by change: for a terminal, and as JSON.

Says what it needs of an outcome as protocols: `applying` is above `rendering`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.text import Text

from aspire_gitops.codec.values import document, object_json, written_revision_json
from aspire_gitops.planning.plan import Change
from aspire_gitops.rendering.wording import SIGNS
from aspire_gitops.vocabulary.text import one_line, plural
from aspire_ledger.canonical import pretty_json

_STYLES: Mapping[str, str] = {"applied": "green", "failed": "bold red", "skipped": "yellow"}


class Result(Protocol):
    """The result of one planned change; see `applying.outcome`."""

    @property
    def change(self) -> Change: ...
    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def duration_s(self) -> float: ...


class Outcome(Protocol):
    """A result for every planned change; see `applying.outcome`."""

    @property
    def plan_id(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def results(self) -> Sequence[Result]: ...
    @property
    def ok(self) -> bool: ...


def result_line(result: Result) -> Text:
    """Return one result in one line: what was done, how it ended, how long it took."""
    change = result.change
    line = Text.assemble("  ", (f"{result.status:<8}", _STYLES[result.status]))
    line.append(f" {SIGNS[change.action]} {change.action:<8} {one_line(str(change.key))}")
    if result.status != "skipped":
        line.append(f"  {result.duration_s:.2f} s", style="dim")
    if result.message:
        line.append(f"\n           {one_line(result.message)}")
    return line


def outcome_text(outcome: Outcome) -> Text:
    """Return every result and the count, ending with a newline."""
    lines = [*map(result_line, outcome.results), Text(""), outcome_summary(outcome)]
    return Text("\n").join(lines).append("\n")


def outcome_summary(outcome: Outcome) -> Text:
    """Return the count in one line, with what to do if something failed."""
    if not outcome.results:
        return Text("Nothing to do.", style="bold")
    counted = Counter(str(result.status) for result in outcome.results)
    parts = ", ".join(f"{counted[status]} {status}" for status in _STYLES if counted[status])
    line = Text(f"{plural(len(outcome.results), 'change')}: {parts}.", style="bold")
    if not outcome.ok:
        line.append(" Mend the cause and apply again: it goes on from where it is.", style="red")
    return line


def outcome_json(outcome: Outcome) -> str:
    """Return the outcome for machines."""
    return pretty_json(
        document(
            "outcome",
            {
                "ok": outcome.ok,
                "plan": outcome.plan_id,
                "revision": written_revision_json(outcome.revision),
                "results": [
                    {
                        "action": result.change.action,
                        "object": object_json(result.change.key),
                        "status": result.status,
                        "message": result.message,
                        "seconds": round(result.duration_s, 3),
                    }
                    for result in outcome.results
                ],
            },
        )
    )
