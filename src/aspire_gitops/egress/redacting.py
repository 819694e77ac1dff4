"""Find keys by their shape, and hide them wherever a line of code is shown.

Nothing that leaves this room holds a key: spans get their snippet from
`shown_line`, and messages quote names and hosts only. Anything that looks random
is hidden too, because a wrong star costs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aspire_gitops.egress.facts import CodeRange

_LONGEST = 400
_SHAPES = {
    "anthropic": ("an Anthropic key", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    "project": ("an OpenAI key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}"),
    "router": ("an OpenRouter key", r"sk-or-v1-[0-9a-f]{32,}"),
    "langfuse": ("a Langfuse secret", r"sk-lf-[0-9a-f-]{36}"),
    "key": ("a key of a gateway or provider", r"sk-[A-Za-z0-9_-]{20,}"),
    "google": ("a Google API key", r"AIza[A-Za-z0-9_-]{35}"),
    "groq": ("a Groq key", r"gsk_[A-Za-z0-9]{30,}"),
    "xai": ("an xAI key", r"xai-[A-Za-z0-9]{40,}"),
    "perplexity": ("a Perplexity key", r"pplx-[A-Za-z0-9]{32,}"),
    "replicate": ("a Replicate token", r"r8_[A-Za-z0-9]{32,}"),
    "huggingface": ("a Hugging Face token", r"hf_[A-Za-z0-9]{30,}"),
    "nvidia": ("an NVIDIA key", r"nvapi-[A-Za-z0-9_-]{40,}"),
    "fireworks": ("a Fireworks key", r"fw_[A-Za-z0-9]{20,}"),
    "llamacloud": ("a LlamaCloud key", r"llx-[A-Za-z0-9]{30,}"),
}
_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    + "|".join(f"(?P<{name}>{shape})" for name, (_, shape) in _SHAPES.items())
    + r")(?![A-Za-z0-9_-])"
)
_STARTS = re.compile(r"sk-|AIza|gsk_|xai-|pplx-|r8_|hf_|nvapi-|fw_|llx-")
_STAND_IN = re.compile(
    r"(?i)your|example|placeholder|replace|redacted|dummy|fake|changeme|xxxx|0{6}|1234567|abcdef|"
    r"test-?key|api-?key|here|insert|not-?(?:a|needed)|\.\.\."
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
    if not _STARTS.search(text):
        return
    for match in _KEY.finditer(text):
        if not _looks_random(match[0]):
            continue
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        place = CodeRange(line, column, column + len(match[0]), line)
        yield KeyFound(_SHAPES[match.lastgroup or ""][0], place, len(match[0]))


def _looks_random(key: str) -> bool:
    body = key.split("-", 1)[-1] if "-" in key[:6] else key[4:]
    plain = re.sub(r"[^A-Za-z0-9]", "", body)
    if _STAND_IN.search(key) or len(set(plain)) < 10:
        return False
    digits = sum(character.isdigit() for character in plain)
    longest = max(map(len, re.split(r"[^A-Za-z0-9]", body)))
    # `sk-learn-0-24-compatible-estimators` is words; a key has one long piece.
    return digits >= 2 and len(plain) - digits >= 2 and longest >= 12


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
