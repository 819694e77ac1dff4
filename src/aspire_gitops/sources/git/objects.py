"""A commit's files and its author, through gitpython. The only module that imports it.

Each `Repo` is closed before anything returns: it keeps child processes and
descriptors. Variables such as `GIT_DIR`, which git sets while it runs a hook,
would point every call at another repository, so they are hidden meanwhile.
`local` and `remote` are next.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TypeAlias

import git
from git.exc import GitError, ODBError
from git.objects import Blob, Tree

from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.sources.files import (
    is_hidden,
    is_reviewed,
    not_regular,
    refused_link,
    refused_name,
    too_large,
)
from aspire_gitops.sources.git.program import approvers, one_line
from aspire_gitops.vocabulary import Revision, SourceFile, SourceProblem, SourceTree

# gitpython raises ValueError, TypeError, AssertionError and KeyError for references and
# objects that are not there or not whole, and OSError for a repository that goes away.
TROUBLE = (GitError, ODBError, ValueError, TypeError, AssertionError, KeyError, OSError, EOFError)
Repo = git.Repo
Commit = git.Commit
_ENVIRONMENT = RLock()


class NothingReviewed(ValueError):
    """The commit is whole, and the folder is not in it or holds no reviewed file."""


@contextmanager
def opened(
    path: Path,
    *,
    search_parent_directories: bool = False,
    variables: Mapping[str, str] | None = None,
) -> Iterator[git.Repo]:
    """Open a repository for one pass; its child processes are gone afterwards."""
    with (
        _no_git_variables(),
        git.Repo(path, search_parent_directories=search_parent_directories) as repo,
    ):
        _ensure_trusted(repo)
        repo.git.update_environment(**(variables or {}))
        yield repo


def _ensure_trusted(repo: git.Repo) -> None:
    # Git reads nothing of another user's repository, as many containers mount one, and what
    # gitpython then makes of that differs from run to run: a broken pipe, a missing reference.
    if Path(repo.git_dir).stat().st_uid == os.geteuid():
        return
    try:
        repo.git.rev_parse("--git-dir")
    except git.GitCommandError as error:
        raise ValueError(
            "it belongs to another user, so git refuses to read it (run as its owner, or run"
            " `git config --global --add safe.directory` with its folder)"
        ) from error


Blobs: TypeAlias = dict[str, bytes]
"""What is known already, by git's name of it; reading adds what it reads."""


def read_tree(
    commit: Commit, folder: str, reference: str, *, blobs: Blobs | None = None
) -> SourceTree:
    """Read the folder whole as the commit has it, sorted by path.

    Raises:
        NothingReviewed: The commit has no such folder, or it holds no reviewed file.
    """
    name = folder.strip("/")
    known: Blobs = {} if blobs is None else blobs
    found = sorted(_walk(_top(commit, name, reference), known), key=lambda item: item.path)
    if not found:
        raise NothingReviewed(f"{name} holds no *.yaml file at {reference}")
    return SourceTree(
        revision_of(commit, reference, dirty=False),
        tuple(item for item in found if isinstance(item, SourceFile)),
        tuple(item for item in found if isinstance(item, SourceProblem)),
    )


def revision_of(commit: Commit, reference: str, *, dirty: bool) -> Revision:
    """Return the revision; what people wrote into the commit becomes short single lines."""
    message = commit.message
    text = message if isinstance(message, str) else message.decode("utf-8", "replace")
    return Revision(
        reference=reference,
        commit=commit.hexsha,
        dirty=dirty,
        author=one_line(commit.author.name or ""),
        subject=one_line(str(commit.summary)),
        approvers=approvers(text),
    )


def read_blob(commit: Commit, path: str) -> bytes | None:
    """Return a file of any kind as the commit has it; None if it has none there."""
    try:
        found = commit.tree / path
    except KeyError:
        return None
    return found.data_stream.read() if isinstance(found, Blob) else None


def blob_name(content: bytes) -> str:
    """Return git's name of a file's content, in a repository that names by SHA-1."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def first_line(error: Exception) -> str:
    """Return what gitpython complains about as one short line."""
    if isinstance(error, git.NoSuchPathError):
        return "no such folder"
    if isinstance(error, git.InvalidGitRepositoryError):
        return "it is not a git repository"
    lines = str(error).strip().splitlines()
    return one_line(lines[0]) if lines else type(error).__name__


def _top(commit: Commit, name: str, reference: str) -> Tree:
    top: object = commit.tree
    for part in [] if name in ("", ".") else name.split("/"):
        assert isinstance(top, Tree)
        try:
            top = top / part
        except KeyError:
            raise NothingReviewed(f"no folder {name} at {reference}") from None
        if not isinstance(top, Tree):
            raise NothingReviewed(f"{name} is not a folder at {reference}")
    assert isinstance(top, Tree)
    return top


@contextmanager
def _no_git_variables() -> Iterator[None]:
    with _ENVIRONMENT:
        hidden = {name: value for name, value in os.environ.items() if name.startswith("GIT_")}
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)


def _walk(tree: Tree, blobs: Blobs) -> Iterator[SourceFile | SourceProblem]:
    for item in tree:
        path = str(item.path)
        name = path.rpartition("/")[2]
        if is_hidden(name):
            continue
        if not name.isprintable():
            yield refused_name(path.removesuffix(name), name)
        elif isinstance(item, Tree):
            yield from _walk(item, blobs)
        elif not isinstance(item, Blob):
            yield not_regular(path, "a submodule")
        elif item.mode == Blob.link_mode:
            # Other links stand for no file and no folder of ours.
            if is_reviewed(name) or "." not in name:
                yield refused_link(path, "is not followed in a commit")
        elif is_reviewed(name):
            yield _file(item, path, blobs)


def _file(blob: Blob, path: str, blobs: Blobs) -> SourceFile | SourceProblem:
    known = blobs.get(blob.hexsha)
    if known is not None:
        return SourceFile(path, known)
    stream = blob.data_stream
    if stream.size > MAX_FILE_BYTES:
        return too_large(path, stream.size)
    content = blobs[blob.hexsha] = stream.read()
    return SourceFile(path, content)
