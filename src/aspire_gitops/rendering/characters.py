"""Show text that others wrote without letting it act: on a terminal, and in Markdown.

Names on a gateway are anybody's text. A control character could move a
terminal's cursor over a line that matters; a bidirectional override can turn
a line around. Both are shown as escapes.
"""

import unicodedata

_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, formats (bidi), surrogates, separators
_KEPT = {"\n", "\t"}
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]#|~>"})


def printable(text: str) -> str:
    """Return `text` with everything that acts instead of showing written as an escape."""
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return `text` as `printable` does, line breaks and tabs escaped too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def markdown(text: str) -> str:
    """Return `text` so that Markdown and HTML show it as it is, in one line."""
    plain = one_line(text).translate(_MARKDOWN)
    # `@somebody` and `#12` would notify people and link issues in a comment.
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")


def code(text: str) -> str:
    """Return `text` as Markdown code that fits into a table, whatever it holds."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = plain.replace("|", "&#124;").replace("`", "&#96;").replace("@", "&#64;")
    return f"<code>{plain}</code>"


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _ACTING:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
