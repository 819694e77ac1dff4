"""Words, names and messages of a review as Markdown, none of which can act."""

from aspire_gitops.rendering import characters
from aspire_gitops.rendering.characters import markdown
from aspire_gitops.rendering.review.words import Code, Words

_LONGEST = 800  # characters of a message
_LONGEST_NAME = 200  # of a name, a path or a value


def code(text: str) -> str:
    """Return a name as Markdown code, a very long one cut."""
    return characters.code(cut(text))


def cut(text: str, longest: int = _LONGEST_NAME) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def text_of(words: Words) -> str:
    """Return words as Markdown. The prose is ours; names and values are escaped."""
    return "".join(code(part.text) if isinstance(part, Code) else part for part in words)


def message(text: str | None) -> str:
    """Return a message as Markdown: what it quotes in backticks is code, a very long one is cut."""
    parts = cut(text or "", _LONGEST).split("`")
    if len(parts) % 2 == 0:  # one backtick has no partner
        return markdown("`".join(parts))
    shown = (code(part) if place % 2 else _prose(part) for place, part in enumerate(parts))
    return "".join(shown).strip()


def _prose(text: str) -> str:
    return (" " if text.startswith(" ") else "") + markdown(text)
