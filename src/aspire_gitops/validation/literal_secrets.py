"""Find secrets written into a file, and never repeat one.

One compiled expression finds known shapes of keys; long pieces of text that look
random count too. Works on the text, so it covers comments and files that do not
parse. `masked` hides the same things in anything that is shown.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from aspire_gitops.vocabulary import Diagnostic, Rule, Span
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
    found = list(_known(text)) if _HINT.search(text) else []
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        if _looks_random(piece[0]) and not _is_digest(text, start, end):
            start, end = _widened(text, start, end)
            if not any(other.start < end and start < other.end for other in found):
                found.append(FoundSecret("random text, like a key or password", start, end))
    return sorted(found, key=lambda item: item.start)


def masked(text: str) -> str:
    """Return the text with a `*` for each character of a secret: places stay where they are."""
    for item in find(text):
        hidden = "".join(c if c == "\n" else "*" for c in text[item.start : item.end])
        text = text[: item.start] + hidden + text[item.end :]
    return text


@dataclass(frozen=True, slots=True)
class Hidden:
    """The part of one line that must not be shown. Columns count from 1; `end` is exclusive."""

    line: int
    start: int
    end: int


def hidden_parts(text: str, found: Sequence[FoundSecret]) -> Iterator[Hidden]:
    """Yield the place of each secret, line by line."""
    for item in found:
        line = text.count("\n", 0, item.start) + 1
        column = item.start - text.rfind("\n", 0, item.start)
        for piece in text[item.start : item.end].split("\n"):
            yield Hidden(line, column, column + len(piece))
            line, column = line + 1, 1


def diagnose(
    path: str, text: str, found: Sequence[FoundSecret], *, first_line: int = 1
) -> Iterator[Diagnostic]:
    """Yield AG304 for each secret in a text that starts at `first_line` of the file."""
    lines = text.split("\n")
    for item in found:
        place = next(hidden_parts(text, [item]))
        line = lines[place.line - 1]
        snippet = masked(line[: place.start - 1] + "*" * (place.end - place.start)) + masked(
            line[place.end - 1 :]
        )
        span = Span(path, place.line + first_line - 1, place.start, place.end, snippet)
        message = f"{item.what}, {item.end - item.start} characters long"
        yield LITERAL_SECRET.at(span, message, help=_HELP)


def without_secrets(item: Diagnostic, hidden: Collection[Hidden] = ()) -> Diagnostic:
    """Return the same diagnostic, with `*` for the `hidden` parts and anything that looks like a secret."""
    snippet = item.span.snippet
    for part in hidden:
        if part.line == item.span.line:
            kept = max(0, min(part.end, len(snippet) + 1) - part.start)
            snippet = snippet[: part.start - 1] + "*" * kept + snippet[part.end - 1 :]
    return replace(
        item,
        span=replace(item.span, snippet=masked(snippet)),
        message=masked(item.message),
        help=masked(item.help) if item.help else None,
    )


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
