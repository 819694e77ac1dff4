"""Wording of diagnostics: fields, values and types as people write them, and the closest known name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from aspire_gitops.validation.literal_secrets import masked
from aspire_gitops.vocabulary import MAX_FINDINGS

_LONGEST = 48
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}

_FEW = 200
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."


def field_name(path: tuple[str | int, ...]) -> str:
    """Write a path as `keys[0].deliver.file`."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            written += f".{shown_name(part)}" if written else shown_name(part)
    return written


def shown(value: object) -> str:
    """Write a value for a message: short, and mappings and lists by their type alone."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{shown_name(value)}"'
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return shown_name(str(value))


@lru_cache(maxsize=32)  # thousands of findings may stand below one long key
def shown_name(text: str) -> str:
    """Shorten a text for a message, after hiding secrets in it."""
    text = masked(text)  # half a secret is no longer recognised as one
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def type_words(schema: Mapping[str, Any]) -> str:
    """Return which types a schema accepts: "a whole number", "true or false, a number or text"."""
    if "anyOf" not in schema:
        return _TYPES.get(str(schema.get("type")), "something else")
    parts = list(dict.fromkeys(type_words(part) for part in schema["anyOf"]))
    if "a number" in parts and "a whole number" in parts:
        parts.remove("a whole number")
    known = [part for part in parts if part != "something else"] or ["a mapping"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} or {known[-1]}"


def closest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` most likely means, or None."""
    if len(word) > 64:
        return None
    lowered = word.lower()
    if lowered in known:
        return lowered
    if len(known) <= _FEW:
        return next(iter(get_close_matches(lowered, known, n=1)), None)
    # Comparing thousands of mistakes with thousands of names would take minutes.
    names = set(known) if isinstance(known, list | tuple) else known
    return next((near for near in _one_edit_away(lowered) if near in names), None)


@dataclass(slots=True)
class Speller:
    """Finds the known words that unknown ones most likely mean, for the first `most` of them.

    One look-up takes up to 5 ms, and no more than a hundred findings of a file are shown.
    """

    known: Collection[str]
    most: int = MAX_FINDINGS
    found: dict[str, str | None] = field(default_factory=dict)

    def closest(self, word: str) -> str | None:
        """Return the known word that `word` most likely means; None after too many words."""
        if word not in self.found and len(self.found) < self.most:
            self.found[word] = closest(word, self.known)
        return self.found.get(word)


def _one_edit_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for letter in _LETTERS:
            yield before + letter + after
            yield before + letter + after[1:]
