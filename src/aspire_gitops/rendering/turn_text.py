"""One turn in one line, for logs and for whoever asked for the turn."""

from collections.abc import Iterator, Mapping, Sequence

from aspire_gitops.rendering.characters import one_line
from aspire_gitops.rendering.plan.words import plural, revision_text
from aspire_gitops.rendering.status.document import RevisionDocument, TurnDocument
from aspire_gitops.rendering.status.documenting import turn_document
from aspire_gitops.reporting import Turn


def turn_line(turn: Turn | TurnDocument) -> str:
    """Return `ready: … · main@sha1:4f2c9d1 · 2 applied · 1.2 s (gateway 1.0 s, git 0.1 s, own 0.04 s)`."""
    shown = turn if isinstance(turn, TurnDocument) else turn_document(turn)
    parts = [f"{shown.standing}: {one_line(shown.reason)}"]
    if shown.wanted:
        parts.append(revision_short(shown.wanted))
    parts.append(changes_text(shown))
    if shown.drift:
        parts.append(f"drift in {plural(shown.drift, 'object')}")
    parts.append(duration_text(shown))
    return " · ".join(parts)


def turn_lines(turn: TurnDocument) -> Iterator[str]:
    """Yield the turn, then every mistake and failed change, each in its line, and the way out."""
    yield turn_line(turn)
    for found in turn.diagnostics:
        yield f"  {found.place}: {found.code} {found.name}: {one_line(found.message)}"
        if found.help:
            yield f"    = help: {one_line(found.help)}"
    for failure in turn.failures:
        yield f"  failed {one_line(failure)}"
    if turn.help:
        yield f"  = help: {one_line(turn.help)}"


def runs(
    turns: Sequence[TurnDocument],
) -> tuple[tuple[TurnDocument, tuple[TurnDocument, ...]], ...]:
    """Return each turn that tells something new, with the quiet ones before it that do not."""
    found: list[tuple[TurnDocument, tuple[TurnDocument, ...]]] = []
    for turn in turns:
        if found and _tells_the_same(found[-1][0], turn):
            first, more = found.pop()
            found.append((first, (*more, turn)))
        else:
            found.append((turn, ()))
    return tuple(found)


def _tells_the_same(newer: TurnDocument, older: TurnDocument) -> bool:
    noisy = newer.counts or older.counts or newer.diagnostics or newer.failures
    return not noisy and all(
        getattr(newer, name) == getattr(older, name)
        for name in ("standing", "reason", "causes", "wanted", "applied", "plan", "drift")
    )


def changes_text(turn: TurnDocument) -> str:
    """Return `2 applied, 1 failed`, `3 planned`, or `no changes`."""
    if turn.counts:
        return counts_text(turn.counts)
    return f"{turn.planned} planned" if turn.planned else "no changes"


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts that are not zero, with their words."""
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "no changes"


def duration_text(turn: TurnDocument) -> str:
    """Return the wall time, and where it went."""
    parts = (("gateway", turn.gateway_s), ("git", turn.source_s), ("own", turn.own_s))
    spent = ", ".join(f"{name} {seconds_text(seconds)}" for name, seconds in parts)
    return f"{seconds_text(turn.duration_s)} ({spent})"


def seconds_text(seconds: float) -> str:
    """Return a duration with the digits that matter: `4 ms`, `0.31 s`, `12 s`, `3 min`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def revision_short(revision: RevisionDocument) -> str:
    """Return `main@4f2c9d1a0b3c`, or the reference alone for a folder."""
    if revision.commit is None:
        return revision.reference
    changes = "+changes" if revision.dirty else ""
    return revision_text(f"{revision.reference}@sha1:{revision.commit}{changes}")
