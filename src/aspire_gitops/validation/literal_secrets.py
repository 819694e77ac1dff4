"""Find secrets written into a file, and never repeat one.

One compiled expression finds known shapes of keys; long pieces of text that look
random count too. Works on the text, so it covers comments and files that do not
parse. `masked` hides the same things in anything that is shown.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TypeAlias

from aspire_gitops.loading.places import Lines
from aspire_gitops.vocabulary import MAX_FINDINGS, Diagnostic, Rule, Span, left_out
from aspire_gitops.vocabulary.secret_shapes import ALL, BY_NAME, matcher

LITERAL_SECRET = Rule("AG304", "literal-secret")

_HELP = (
    "revoke it now: git never forgets; then say where the controller finds the new one: "
    "`credential: {env: NAME}` or `{file: /path}`"
)
_KNOWN, _HINT = matcher(ALL)
_PIECE = re.compile(r"[A-Za-z0-9+]{20,}")
_AROUND = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_DIGEST_BEFORE = re.compile(r"(?:sha1|sha256|sha512|md5|commit)[:= -]*$")
_RANDOM_CASE, _RANDOM_DIGITS = 0.4, 0.3  # changes of character class per character


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """Where a secret is in a text, and what it looks like. Never the secret."""

    what: str
    start: int
    end: int


def find(text: str) -> list[FoundSecret]:
    """Return every secret in the text, in order, none inside another."""
    known = list(_known(text)) if _HINT.search(text) else []
    random = list(_random(text, known))
    return sorted((*known, *random), key=lambda item: item.start) if random else known


def masked(text: str) -> str:
    """Return the text with a `*` for each character of a secret: places stay where they are."""
    parts, at = [], 0
    for item in find(text):
        hidden = "".join(c if c == "\n" else "*" for c in text[item.start : item.end])
        parts += [text[at : item.start], hidden]
        at = item.end
    return "".join((*parts, text[at:])) if parts else text


@dataclass(frozen=True, slots=True)
class Hidden:
    """The part of one line that must not be shown. Columns count from 1; `end` is exclusive."""

    line: int
    start: int
    end: int


HiddenParts: TypeAlias = Mapping[int, Sequence[Hidden]]
"""What must not be shown of each line, in order."""


def hidden_parts(lines: Lines, found: Sequence[FoundSecret]) -> HiddenParts:
    """Return the place of each secret, by line."""
    parts: dict[int, list[Hidden]] = {}
    for item in found:
        line, column = lines.place(item.start)
        for piece in lines.text[item.start : item.end].split("\n"):
            parts.setdefault(line, []).append(Hidden(line, column, column + len(piece)))
            line, column = line + 1, 1
    return parts


def diagnose(
    path: str, text: str, found: Sequence[FoundSecret], *, first_line: int = 1
) -> Iterator[Diagnostic]:
    """Yield AG304 for each secret in a text that starts at `first_line` of the file.

    After the first hundred AG019 says how many more there are.
    """
    if not found:
        return
    lines = Lines(text)
    hidden = hidden_parts(lines, found)
    for item in islice(found, MAX_FINDINGS):
        line, column = lines.place(item.start)
        place = next(part for part in hidden[line] if part.start == column)
        snippet = masked(_starred(lines.snippet(line, column), hidden[line]))
        span = Span(path, line + first_line - 1, place.start, place.end, snippet)
        message = f"{item.what}, {item.end - item.start} characters long"
        yield LITERAL_SECRET.at(span, message, help=_HELP)
    if len(found) > MAX_FINDINGS:
        yield left_out(Span(path), len(found) - MAX_FINDINGS)


def without_secrets(item: Diagnostic, hidden: HiddenParts | None = None) -> Diagnostic:
    """Return the same diagnostic, with `*` for the `hidden` parts and anything that looks like a secret."""
    snippet = _starred(item.span.snippet, (hidden or {}).get(item.span.line, ()))
    return replace(
        item,
        span=replace(item.span, snippet=masked(snippet)),
        message=masked(item.message),
        help=masked(item.help) if item.help else None,
    )


def _starred(snippet: str, hidden: Sequence[Hidden]) -> str:
    for part in hidden:
        if part.start > len(snippet):
            break
        kept = max(0, min(part.end, len(snippet) + 1) - part.start)
        snippet = snippet[: part.start - 1] + "*" * kept + snippet[part.end - 1 :]
    return snippet


def _random(text: str, known: Sequence[FoundSecret]) -> Iterator[FoundSecret]:
    """Yield what looks random, widened to the whole run around it, unless a known key is in there."""
    starts = [item.start for item in known]
    start = end = reported = 0
    for piece in _PIECE.finditer(text):
        if (
            piece.start() < reported
            or not _looks_random(piece[0])
            or _is_digest(text, *piece.span())
        ):
            continue
        if piece.start() >= end:  # not in the run of the piece before
            start, end = _widened(text, *piece.span())
        before = bisect_right(starts, end - 1)  # known keys that start before the run ends
        if not before or known[before - 1].end <= start:
            reported = end
            yield FoundSecret("random text, like a key or password", start, end)


def _known(text: str) -> Iterator[FoundSecret]:
    for match in _KNOWN.finditer(text):
        yield FoundSecret(BY_NAME[match.lastgroup or ""].what, match.start(), match.end())


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    while start and text[start - 1] in _AROUND:
        start -= 1
    while end < len(text) and text[end] in _AROUND:
        end += 1
    return start, end


def _is_digest(text: str, start: int, end: int) -> bool:
    return end - start in {40, 64} and bool(_DIGEST_BEFORE.search(text[max(0, start - 10) : start]))


def _looks_random(piece: str) -> bool:
    """Return whether a piece of letters and digits looks random rather than made of words."""
    digits = sum(character.isdigit() for character in piece)
    if not digits or digits == len(piece):
        return False
    if _HEX.fullmatch(piece):
        return len(set(piece)) >= 8
    classes = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in piece]
    changes = sum(before != after for before, after in pairwise(classes)) / len(piece)
    if len(set(classes)) == 3:
        return changes >= _RANDOM_CASE and len(set(piece)) >= 10
    return len(piece) >= 24 and digits >= 5 and changes >= _RANDOM_DIGITS
