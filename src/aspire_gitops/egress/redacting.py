"""Find keys by their shape, and hide them wherever a line of code is shown.

Nothing that leaves this room holds a key: spans get their snippet from
`shown_line`, and messages quote names and hosts only. Anything that looks random
is hidden too, because a wrong star costs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from aspire_gitops.egress.facts import CodeRange
from aspire_gitops.vocabulary.secret_shapes import BY_NAME, PROVIDER_KEYS, Shape, matcher

_LONGEST = 400
_KEY, _HINT = matcher(PROVIDER_KEYS, before="(?<![A-Za-z0-9_-])", after="(?![A-Za-z0-9_-])")
# Short words count at an end of a part only: a random key may hold them anywhere.
_STAND_IN = re.compile(
    r"(?i)(?<![a-z0-9])(?:your|fake|not-?a)|(?:your|fake|here)(?![a-z0-9])|"
    r"example|placeholder|replace|redacted|dummy|changeme|x{5}|0{6}|1234567|abcdef|"
    r"test-?key|api-?key|insert|not-?needed|\.\.\."
)
_LONG = re.compile(r"[A-Za-z0-9]{20,}")
_GIVEN = re.compile(
    r"""(?ix) (?:key|token|secret|password|passwd)s? ["'\]]* \s* (?: => | := | [:=] ) \s*
    (?: \w+ \( \s* )? (["'`]) (?P<quoted>[^"'`\n]{4,}?) \1"""
)
_BARE = re.compile(
    r"""(?x) \b [A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)[A-Z0-9_]* ["']? [ ]* [:=] [ ]*
    (?P<bare> [^\s"'$%<{(#,;][^\s"'#,;)]{3,} )"""
)
_BEARER = re.compile(r"(?i)(?:bearer|x-api-key:|api-key:)[ ]+(?P<sent>[^\s\"'$<{]{4,})")
_NAMES_ONLY = re.compile(r"[A-Z][A-Z0-9_]*|[A-Za-z_]\w*(?:\.\w+)+|[a-z_]+")


@dataclass(frozen=True, slots=True)
class KeyFound:
    """Where a key is, and what it looks like. Never the key."""

    what: str
    place: CodeRange
    length: int


def keys_in(text: str) -> Iterator[KeyFound]:
    """Yield each key in a text, but no obvious placeholder like `sk-ant-your-key`."""
    if not _HINT.search(text):
        return
    line, start = 1, 0  # of the line of the key before
    for match in _KEY.finditer(text):
        shape = BY_NAME[match.lastgroup or ""]
        if not _looks_random(match[0], shape):
            continue
        line += text.count("\n", start, match.start())
        start = max(start, text.rfind("\n", start, match.start()) + 1)
        column = match.start() - start + 1
        place = CodeRange(line, column, column + len(match[0]), line)
        yield KeyFound(shape.what, place, len(match[0]))


def _looks_random(key: str, shape: Shape) -> bool:
    start = re.match(shape.start, key)
    body = key[start.end() :] if start else key
    plain = re.sub(r"[^A-Za-z0-9]", "", body)
    if _STAND_IN.search(key) or len(set(plain)) < 10:
        return False
    if shape.tells:
        return True
    digits = sum(character.isdigit() for character in plain)
    longest = max(map(len, re.split(r"[^A-Za-z0-9]", body)))
    # `sk-learn-0-24-compatible-estimators` is words; a key has one long piece.
    if longest < 12:
        return False
    has_both_cases = plain.lower() != plain != plain.upper()
    enough = digits >= 2 or (longest >= 20 and (digits == 1 or has_both_cases))
    return len(plain) - digits >= 2 and enough


@lru_cache(maxsize=8)  # thousands of findings may stand in one line
def shown_line(line: str) -> str:
    """Return a line of code with `*` for every key in it, cut when it is very long.

    Places stay where they are.
    """
    is_cut = len(line) > _LONGEST
    line = line[: 2 * _LONGEST]  # enough to know a key that the cut goes through
    hidden = bytearray(len(line))
    for match in _KEY.finditer(line):
        _hide(hidden, *match.span())
    for match in _LONG.finditer(line):
        if not (match[0].isalpha() or match[0].isdigit()):
            _hide(hidden, *match.span())
    for pattern, group in ((_GIVEN, "quoted"), (_BARE, "bare"), (_BEARER, "sent")):
        for match in pattern.finditer(line):
            if not _NAMES_ONLY.fullmatch(match[group]):
                _hide(hidden, *match.span(group))
    safe = "".join("*" if star else character for character, star in zip(line, hidden, strict=True))
    return f"{safe[:_LONGEST]}…" if is_cut else safe


def _hide(hidden: bytearray, start: int, end: int) -> None:
    hidden[start:end] = b"\1" * (end - start)
