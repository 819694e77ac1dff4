"""Show text that others wrote without letting it act, and put counts and values into words.

Names on a gateway are anybody's text. A control character could move a
terminal's cursor over a line that matters; a bidirectional override can turn
a line around. Both are shown as escapes.
"""

import re
import unicodedata

from aspire_ledger.canonical import JsonValue, canonical_json

_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, formats (bidi), surrogates, separators
_KEPT = {"\n", "\t"}
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]#|~>"})
_PLAIN_CODE = re.compile(r"(?!.*##\[)[^\\`|<>&\s]+(?: [^\\`|<>&\s]+)*")
_NO_MARKDOWN = str.maketrans(
    {character: f"&#{ord(character)};" for character in "\\`*_[]#|~>&<:!\"'"}
)
# What forges make of text themselves, escaped or not: mentions, issues, links, formulas, emoji.
_ACTED_ON = re.compile(
    r"[@#$]|:(?=//|[a-z+_-][\w+-]*:)|(?<=www)(?=\.)|(?<=gh)(?=-[0-9])", re.IGNORECASE
)
_OPENING = re.compile(r"^([0-9]*)([-+=.)])")  # what opens a list, or underlines a title
UNSET = "(unset)"
_LONGEST_VALUE = 160
_GAP = "&#8203;"  # a space without width, after which they see nothing of that


def printable(text: str) -> str:
    """Return `text` with everything that acts instead of showing written as an escape."""
    # GitHub's runner takes `##[error]` for a command wherever it stands in a line.
    shown = text if text.isprintable() else "".join(map(_shown, text))
    return shown.replace("##[", "#\\x23[")


def one_line(text: str) -> str:
    """Return `text` as `printable` does, line breaks and tabs escaped too."""
    shown = printable(text).replace("\n", "\\n").replace("\t", "\\t")
    # A line of a log that begins with `::` is a command, too.
    return shown.replace("::", "\\x3a:", 1) if shown.lstrip().startswith("::") else shown


def short_line(text: str, longest: int) -> str:
    """Return `text` as one line of at most `longest` characters: spaces joined, the rest cut.

    For what others wrote and we keep: a commit's subject, a reply, a name.
    """
    plain = " ".join(text[: 4 * longest].split())
    shown = plain if plain.isprintable() else "".join(map(_shown, plain))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def markdown(text: str) -> str:
    """Return `text` so that Markdown and HTML show it as it is, in one line.

    It cannot format, link, mention anybody or refer to an issue.
    """
    parted = _ACTED_ON.sub(lambda found: f"{found[0]}\0", one_line(text))
    plain = parted.translate(_MARKDOWN).replace("&", "&amp;").replace("<", "&lt;")
    return _OPENING.sub(r"\1\\\2", plain.replace("\0", _GAP).lstrip())


def code(text: str) -> str:
    """Return `text` as Markdown code that fits into a table, whatever it holds."""
    plain = one_line(text)
    if _PLAIN_CODE.fullmatch(plain):
        return f"`{plain}`"
    return html_code(text)


def html_code(text: str) -> str:
    """Return `text` as code for where HTML stands, in a table or a `<summary>`."""
    plain = one_line(text).translate(_NO_MARKDOWN)
    return f"<code>{plain.replace('@', f'@{_GAP}').replace('www.', 'www&#46;')}</code>"


def plural(count: int, noun: str) -> str:
    """Return `1 entry`, `2 entries`, `3 aliases`, `1,204 calls`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def value_text(value: JsonValue) -> str:
    """Return a field's value in one line: strings bare, the rest as JSON, long ones cut."""
    if value is None:
        return UNSET
    plain = isinstance(value, str) and value == value.strip() and value not in ("", UNSET)
    text = one_line(value if isinstance(value, str) and plain else canonical_json(value))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def revision_text(revision: str) -> str:
    """Return a revision with its commit cut to what people compare."""
    return re.sub(r"(?<=@sha1:)([0-9a-f]{12})[0-9a-f]{28}", r"\1", one_line(revision))


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _ACTING:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
