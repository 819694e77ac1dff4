"""Where the comment of one line begins, for each kind of settings file."""

import re
from collections.abc import Callable, Mapping

_ENV = re.compile(r"^\s*#|\s#")
_START = re.compile(r"^\s*(?:#|;|//)")


def without_comment(language: str, line: str) -> str:
    """Return the line up to its comment; columns stay as they are."""
    return _CUT.get(language, _at_start)(line)


def _at_start(line: str) -> str:
    return "" if _START.match(line) else line


def _env(line: str) -> str:
    match = _ENV.search(line)
    return line[: match.start()] if match else line


def _hash(line: str) -> str:
    """Cut at a `#` that starts a word outside quotes, as shells and YAML do."""
    if "#" not in line:
        return line
    quote, before = "", " "
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote and before != "\\" else quote
        elif character in "\"'" and before in " \t=:([{,-":
            quote = character
        elif character == "#" and before in " \t;&|(":
            return line[:at]
        before = character
    return line


_CUT: Mapping[str, Callable[[str], str]] = {"shell": _hash, "yaml": _hash, "env": _env}
