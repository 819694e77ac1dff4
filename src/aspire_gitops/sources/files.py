"""Which files count, and the problems of files that cannot be read."""

import hashlib
import shlex
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from aspire_gitops.loading.rules import (
    FILE_TOO_LARGE,
    MAX_FILE_BYTES,
    NOT_A_REGULAR_FILE,
    REFUSED_LINK,
    UNREADABLE_FILE,
)
from aspire_gitops.vocabulary import Rule, SourceProblem, SourceRefused


def is_hidden(name: str) -> bool:
    return name.startswith(".")


def is_reviewed(name: str) -> bool:
    """Say whether a name is one of ours; every other file is the people's own (README.md)."""
    return name.lower().endswith((".yaml", ".yml"))


def blob_name(content: bytes) -> str:
    """Return git's name of a file's content, in a repository that names by SHA-1."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def same_elsewhere(path: str) -> str:
    """Return what a path is to a disk that ignores case and accents' forms, as on macOS."""
    return unicodedata.normalize("NFC", path).casefold()


def folded_names(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (one, other) for paths that are one file on a disk that ignores case."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(same_elsewhere(path), path)
        if other != path:
            yield path, other


def folded_name(path: str, other: str) -> SourceProblem:
    return _problem(
        UNREADABLE_FILE,
        path,
        f"its name differs from {other} only in case, so macOS and Windows keep one of the two",
        "rename one of them",
    )


def is_git_setting(variable: str) -> bool:
    """Say whether a variable is one of git's settings, such as safe.directory, and names no repository."""
    return variable.startswith("GIT_CONFIG_") and variable != "GIT_CONFIG_PARAMETERS"


def dubious_ownership(folder: Path) -> SourceRefused:
    """Return what to say where git's own check of the owner stops it."""
    return SourceRefused(
        f"{folder} belongs to another user, so git refuses to read it (dubious ownership)",
        help=f"run `git config --global --add safe.directory {shlex.quote(str(folder))}`,"
        " or run as the owner",
    )


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


MAX_FOLDERS = 64  # one inside the other; the walk over them calls itself


def too_nested(path: str) -> SourceProblem:
    return _problem(
        UNREADABLE_FILE,
        path,
        f"the folder is more than {MAX_FOLDERS} levels deep",
        "put the files in a folder further up",
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
