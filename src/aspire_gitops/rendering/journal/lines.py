"""Lines of the journal: for a terminal one line each, and as JSON, whole."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from rich.text import Text

from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.journal.words import Line, Said, sentence, when_text, who_text
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
    return (Text(canonical_json(line_json(line))) for line in lines)


def lines_json(lines: Iterable[Line]) -> Iterator[Text]:
    """Yield one JSON document: a list."""
    yield Text(pretty_json([line_json(line) for line in lines]))


def line_json(line: Line) -> dict[str, JsonValue]:
    """Return everything that a line says, and its place in the chain."""
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
