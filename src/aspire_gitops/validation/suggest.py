"""Find the word that somebody meant. Pure, and quick with thousands of names."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

_FEW = 200
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."


def closest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` most likely stands for, or None."""
    if len(word) > 64:
        return None
    lowered = word.lower()
    if lowered in known:
        return lowered
    if len(known) <= _FEW:
        return next(iter(get_close_matches(lowered, known, n=1)), None)
    # Comparing with each of thousands, for each of thousands of mistakes, would take minutes.
    return next((near for near in _one_edit_away(lowered) if near in known), None)


def _one_edit_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        for letter in _LETTERS:
            yield before + letter + after
            yield before + letter + after[1:]
