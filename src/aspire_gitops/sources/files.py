"""Which files count, and the problems of files that cannot be read."""

from aspire_gitops.loading.rules import (
    FILE_TOO_LARGE,
    MAX_FILE_BYTES,
    NOT_A_REGULAR_FILE,
    REFUSED_LINK,
    UNREADABLE_FILE,
)
from aspire_gitops.vocabulary import Rule, SourceProblem


def is_hidden(name: str) -> bool:
    return name.startswith(".")


def is_reviewed(name: str) -> bool:
    """Say whether a name is one of ours; every other file is the people's own (README.md)."""
    return name.lower().endswith((".yaml", ".yml"))


def refused_name(folder: str, name: str) -> SourceProblem:
    shown = name.encode("unicode_escape", "surrogateescape").decode("ascii")
    return _problem(
        UNREADABLE_FILE,
        folder + shown,
        "the file name contains unprintable characters",
        "rename it after its resource",
    )


def too_large(path: str, size: int) -> SourceProblem:
    return _problem(
        FILE_TOO_LARGE,
        path,
        f"the file has {size} bytes; the limit is {MAX_FILE_BYTES}",
        "keep one resource per file, and other files outside of this folder",
    )


def not_regular(path: str, what: str) -> SourceProblem:
    return _problem(
        NOT_A_REGULAR_FILE, path, f"this is {what}, not a file", "put the file itself here"
    )


def refused_link(path: str, why: str) -> SourceProblem:
    return _problem(REFUSED_LINK, path, f"the link {why}", "put the file itself here")


def unreadable(path: str, reason: str) -> SourceProblem:
    return _problem(
        UNREADABLE_FILE,
        path,
        f"it cannot be read: {reason}",
        "give the user that runs this program read access",
    )


def _problem(rule: Rule, path: str, message: str, help_: str) -> SourceProblem:
    return SourceProblem(path, rule.code, message, help_)
