"""Show lines of the journal, and what a walk along its chain found: for a terminal and as JSON."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Protocol

from rich.text import Text

from aspire_gitops.codec.values import document
from aspire_gitops.journal.wording import DraftLike, EntryLike, sentence, who_text
from aspire_gitops.vocabulary import moment_there, one_line, plural
from aspire_ledger.canonical import JsonValue, canonical_json, pretty_json

_STYLES = {
    "applied": "bold green",
    "rejected": "bold red",
    "drift": "yellow",
    "observed": "yellow",
    "brake": "magenta",
    "turn": "dim",
}


def line_text(line: EntryLike, zone: tzinfo | None = None) -> Text:
    """Return `2026-11-20 12:00:06 +11:00      7  updated deployment/chat in 0.42 s  …`."""
    draft = line.draft
    text = Text.assemble((moment_there(draft.at, zone), "dim"), f" {line.number:>6}  ")
    text.append(sentence(draft, zone), style=_style(draft))
    if about := who_text(draft):
        text.append(f"  {about}", style="dim")
    if draft.turn:
        text.append(f"  turn {one_line(draft.turn)}", style="dim")
    return text


def lines_text(lines: Iterable[EntryLike], zone: tzinfo | None = None) -> Iterator[Text]:
    """Yield each line's text, or that there is none."""
    line = None
    for line in lines:
        yield line_text(line, zone)
    if line is None:
        yield Text("No entries.")


def lines_jsonl(lines: Iterable[EntryLike]) -> Iterator[Text]:
    """Yield each line as JSON on one line."""
    return (Text(canonical_json(document("log-line", line_json(line)))) for line in lines)


def lines_json(lines: Iterable[EntryLike]) -> Iterator[Text]:
    """Yield one JSON document with all lines."""
    yield Text(pretty_json(document("log", {"lines": [line_json(line) for line in lines]})))


def line_json(line: EntryLike) -> dict[str, JsonValue]:
    """Return everything that a line says, and its place in the chain.

    Revision and object are the texts that the journal holds, because the hash covers them.
    """
    draft = line.draft
    return {
        "number": line.number,
        "at": draft.at.isoformat(),
        "kind": str(draft.kind),
        "turn": draft.turn,
        "revision": draft.revision,
        "commit": draft.commit,
        "author": draft.author,
        "approvers": list(draft.approvers),
        "plan": draft.plan,
        "object": draft.object,
        "body": draft.body,
        "previous": line.previous,
        "hash": line.hash,
    }


def _style(draft: DraftLike) -> str:
    status = draft.body.get("status")
    if status == "failed" or draft.body.get("standing") == "stalled":
        return "red"
    return _STYLES.get(str(draft.kind), "")


class ChainVerdictLike(Protocol):
    """What was found; see `journal.chain`."""

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
    "missing": "it is missing, but later ones exist",
    "out of order": "it does not follow the one before it",
    "unreadable": "it cannot be read",
}


def verdict_text(verdict: ChainVerdictLike) -> Text:
    """Return the verdict in a few lines, ending with a newline."""
    proved = plural(verdict.entries, "entry")
    if verdict.fault:
        text = Text(f"Broken: {_fault(verdict)}.\n", style="bold red")
        text.append(
            f"{proved} before it {'is' if verdict.entries == 1 else 'are'} proved. Nothing after it is; see docs/operate/journal.md.\n"
        )
        return text
    if verdict.holds_head is False:
        text = Text("Broken: the journal does not hold the hash that you gave.\n", style="bold red")
        return text.append(
            f"What is left is whole: {proved}, ending with {verdict.head}. The rest was cut.\n"
        )
    text = Text(f"Whole: {proved}, each on the hash of the one before.\n", style="green")
    return text.append(f"Head: {verdict.head}\n")


def verdict_json(verdict: ChainVerdictLike) -> dict[str, JsonValue]:
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


def _fault(verdict: ChainVerdictLike) -> str:
    why = _FAULTS.get(str(verdict.fault), str(verdict.fault))
    where = f"entry {verdict.broken}, {why}" if verdict.broken else "the file"
    return f"{where} ({one_line(verdict.detail)})" if verdict.detail else where
