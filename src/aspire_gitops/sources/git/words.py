"""Words that others wrote, made harmless: commit messages, and what git complains about.

Pure. Everything that comes out is one line of bounded length in which nothing
acts: no control characters, no bidirectional overrides.
"""

import re
import unicodedata

MAX_LINE = 200  # characters
MAX_APPROVERS = 20
_APPROVAL = re.compile(r"(?i)(?:approved|reviewed|acked)-by[ \t]*:(.*)")
_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:")
_EMPTY = "Could not read from remote repository"
_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, formats (bidi), surrogates, separators


def one_line(text: str, *, longest: int = MAX_LINE) -> str:
    """Return `text` as one short line; what would act is shown as an escape."""
    plain = " ".join(text[: 4 * longest].split())
    shown = "".join(map(_shown, plain))
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def approvers(message: str) -> tuple[str, ...]:
    """Return who approved a commit, by its `Approved-by`, `Reviewed-by` and `Acked-by` trailers.

    Only the last paragraph counts, as in git, and only when it begins with a
    trailer. In their order, each once, at most `MAX_APPROVERS`.
    """
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())
    block = paragraphs[-1].split("\n") if len(paragraphs) > 1 else []
    if not (block and _TRAILER.match(block[0])):
        return ()
    found = (_APPROVAL.fullmatch(line) for line in block)
    names = (one_line(match[1]) for match in found if match)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_APPROVERS]


def complaint(text: str) -> str:
    """Return what git complained about as one line: the first that is called fatal or an error."""
    # ssh frames its warnings in @.
    lines = [plain for line in text.splitlines() if (plain := line.strip(" \t@"))]
    # ssh's own words come before git's, which then say nothing.
    telling = [
        line for line in lines if line.startswith(("fatal:", "error:")) and _EMPTY not in line
    ]
    first = (telling or lines or ["git gave no reason"])[0]
    return one_line(re.sub(r"^(fatal|error): ", "", first), longest=300)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _ACTING:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
