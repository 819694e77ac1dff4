"""What a walk along the journal's chain found: for people, and as JSON."""

from typing import Protocol

from rich.text import Text

from aspire_gitops.canonical import JsonValue
from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.plan.words import plural


class Verdict(Protocol):
    """What was found; see `journal.verifying`."""

    @property
    def ok(self) -> bool: ...
    @property
    def entries(self) -> int: ...
    @property
    def head(self) -> str: ...
    @property
    def broken(self) -> int | None: ...
    @property
    def fault(self) -> str | None: ...
    @property
    def detail(self) -> str: ...
    @property
    def holds_head(self) -> bool | None: ...


_FAULTS = {
    "changed": "it was changed after it was written",
    "missing": "it is missing, and later ones are there",
    "out of order": "it does not follow the one before it",
    "unreadable": "it cannot be read",
}


def verdict_text(verdict: Verdict) -> Text:
    """Return the verdict in a few lines, ending with a newline."""
    proved = plural(verdict.entries, "entry").replace("entrys", "entries")
    if verdict.fault:
        text = Text(f"Broken: {_fault(verdict)}.\n", style="bold red")
        text.append(
            f"{proved} before it are proved. Nothing after it is; see docs/operate/journal.md.\n"
        )
        return text
    if verdict.holds_head is False:
        text = Text("Broken: the journal does not hold the hash that you gave.\n", style="bold red")
        return text.append(f"{proved} are whole, and end with {verdict.head}: the rest was cut.\n")
    text = Text(f"Whole: {proved}, each on the hash of the one before.\n", style="green")
    return text.append(f"Head: {verdict.head}\n")


def verdict_json(verdict: Verdict) -> dict[str, JsonValue]:
    """Return the verdict for machines."""
    return {
        "ok": verdict.ok,
        "entries": verdict.entries,
        "head": verdict.head,
        "broken": verdict.broken,
        "fault": None if verdict.fault is None else str(verdict.fault),
        "detail": verdict.detail,
        "holds_head": verdict.holds_head,
    }


def _fault(verdict: Verdict) -> str:
    why = _FAULTS.get(str(verdict.fault), str(verdict.fault))
    where = f"entry {verdict.broken}, {why}" if verdict.broken else "the file"
    return f"{where} ({one_line(verdict.detail)})" if verdict.detail else where
