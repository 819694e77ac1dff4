"""Show lines of the journal, and what a walk along its chain found: for a terminal and as JSON."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Protocol

from rich.text import Text

from aspire_gitops.codec.values import document
from aspire_gitops.journal.wording import Line, Said, sentence, when_text, who_text
from aspire_gitops.vocabulary.text import one_line, plural
from aspire_ledger.canonical import JsonValue, canonical_json, pretty_json

_STYLES = {
    "applied": "bold green",
    "rejected": "bold red",
    "drift": "yellow",
    "observed": "yellow",
    "brake": "magenta",
    "turn": "dim",
}


def line_text(line: Line, zone: tzinfo | None = None) -> Text:
    """Return `2026-11-20 12:00:06 +11:00      7  updated deployment/chat in 0.42 s  …`."""
    said = line.draft
    text = Text.assemble((when_text(said.at, zone), "dim"), f" {line.number:>6}  ")
    text.append(sentence(said), style=_style(said))
    if about := who_text(said):
        text.append(f"  {about}", style="dim")
    if said.turn:
        text.append(f"  turn {one_line(said.turn)}", style="dim")
    return text


def lines_text(lines: Iterable[Line], zone: tzinfo | None = None) -> Iterator[Text]:
    """Yield each line's text, or that there is none."""
    line = None
    for line in lines:
        yield line_text(line, zone)
    if line is None:
        yield Text("No entries.")


def lines_jsonl(lines: Iterable[Line]) -> Iterator[Text]:
    """Yield each line as JSON on one line."""
    return (Text(canonical_json(document("log-line", line_json(line)))) for line in lines)


def lines_json(lines: Iterable[Line]) -> Iterator[Text]:
    """Yield one JSON document with all lines."""
    yield Text(pretty_json(document("log", {"lines": [line_json(line) for line in lines]})))


def line_json(line: Line) -> dict[str, JsonValue]:
    """Return everything that a line says, and its place in the chain.

    Revision and object are the texts that the journal holds, because the hash covers them.
    """
    said = line.draft
    return {
        "number": line.number,
        "at": said.at.isoformat(),
        "kind": str(said.kind),
        "turn": said.turn,
        "revision": said.revision,
        "commit": said.commit,
        "author": said.author,
        "approvers": list(said.approvers),
        "plan": said.plan,
        "object": said.object,
        "body": said.body,
        "previous": line.previous,
        "hash": line.hash,
    }


def _style(said: Said) -> str:
    status = said.body.get("status")
    if status == "failed" or said.body.get("standing") == "stalled":
        return "red"
    return _STYLES.get(str(said.kind), "")


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
    content: dict[str, JsonValue] = {
        "ok": verdict.ok,
        "entries": verdict.entries,
        "head": verdict.head,
        "broken": verdict.broken,
        "fault": None if verdict.fault is None else str(verdict.fault),
        "detail": verdict.detail,
        "holds_head": verdict.holds_head,
    }
    return document("log-verdict", content)


def _fault(verdict: Verdict) -> str:
    why = _FAULTS.get(str(verdict.fault), str(verdict.fault))
    where = f"entry {verdict.broken}, {why}" if verdict.broken else "the file"
    return f"{where} ({one_line(verdict.detail)})" if verdict.detail else where
