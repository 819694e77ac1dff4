"""What an apply did, change by change: for a terminal, and as JSON. Changes nothing."""

from collections import Counter
from collections.abc import Mapping

from rich.text import Text

from aspire_gitops.applying.outcome import Outcome, Result, Status
from aspire_gitops.codec.values import document, object_json, written_revision_json
from aspire_gitops.rendering.plan_wording import SIGNS
from aspire_gitops.vocabulary import one_line, plural
from aspire_ledger.canonical import pretty_json

_STYLES: Mapping[Status, str] = {
    Status.APPLIED: "green",
    Status.FAILED: "bold red",
    Status.SKIPPED: "yellow",
}


def result_line(result: Result) -> Text:
    """Return one result in one line: what was done, how it ended, how long it took."""
    change = result.change
    line = Text.assemble("  ", (f"{result.status:<8}", _STYLES[result.status]))
    line.append(f" {SIGNS[change.action]} {change.action:<8} {one_line(str(change.key))}")
    if result.status is not Status.SKIPPED:
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
        return Text("Nothing to do.", style="bold").append_text(_held(outcome))
    counted = Counter(result.status for result in outcome.results)
    parts = ", ".join(f"{counted[status]} {status}" for status in _STYLES if counted[status])
    line = Text(f"{plural(len(outcome.results), 'change')}: {parts}.", style="bold")
    if not outcome.ok:
        line.append(
            " Fix the cause and run `apply` again; it resumes where it stopped.", style="red"
        )
    return line.append_text(_held(outcome))


def _held(outcome: Outcome) -> Text:
    refused = ", ".join(one_line(f"{one.rule.code} {one.object}") for one in outcome.refusals)
    if not refused:
        return Text("")
    waiting = f", and {plural(len(outcome.held), 'change')} waits" if outcome.held else ""
    return Text(f" Held: {refused}{waiting}.", style="bold red")


def outcome_json(outcome: Outcome) -> str:
    """Return the outcome for machines."""
    return pretty_json(
        document(
            "outcome",
            {
                "ok": outcome.is_whole,
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
                "refusals": [
                    {
                        "code": one.rule.code,
                        "object": object_json(one.object),
                        "message": one.message,
                        "help": one.help,
                        "scope": one.scope,
                    }
                    for one in outcome.refusals
                ],
                "held": [
                    {
                        "action": one.change.action,
                        "object": object_json(one.change.key),
                        "waits_for": [object_json(name) for name in one.waits_for],
                    }
                    for one in outcome.held
                ],
            },
        )
    )
