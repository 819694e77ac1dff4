"""A commit's files and its author, through gitpython. The only module that imports it.

Each `Repo` is closed before anything returns: it keeps child processes and
descriptors. Variables such as `GIT_DIR`, which git sets while it runs a hook,
would point every call at another repository, so they are hidden meanwhile.
`local` and `remote` are next.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from configparser import Error as ConfigError
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TypeAlias

from aspire_gitops.loading.rules import MAX_FILE_BYTES
from aspire_gitops.sources.files import (
    MAX_FOLDERS,
    dubious_ownership,
    folded_name,
    folded_names,
    is_git_setting,
    is_hidden,
    is_reviewed,
    not_regular,
    refused_link,
    refused_name,
    too_large,
    too_nested,
)
from aspire_gitops.sources.git.program import NOT_INSTALLED, approvers, complaint, one_line
from aspire_gitops.vocabulary import (
    Revision,
    SourceFile,
    SourceProblem,
    SourceRefused,
    SourceTree,
    SourceUnavailable,
)

# gitpython runs git while it is imported, and cannot be imported where there is none or where
# somebody's git config is broken. `run` and `first_line` say so in words when git is needed.
_ALONE = {
    "GIT_PYTHON_REFRESH": "quiet", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"
}  # fmt: skip
_before = dict(os.environ)
os.environ.update(_ALONE)
try:
    import git
    from git.exc import GitError, ODBError
    from git.objects import Blob, Tree
finally:
    for _name in _ALONE:
        del os.environ[_name]
    os.environ.update({name: _before[name] for name in _ALONE if name in _before})

# gitpython raises ValueError, TypeError, AssertionError and KeyError for references and
# objects that are not there or not whole, and OSError for a repository that goes away.
TROUBLE = (
    GitError, ODBError, ConfigError, ValueError, TypeError, AssertionError, KeyError, OSError, EOFError
)  # fmt: skip
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
    """Open a repository for one pass; its child processes are gone afterwards.

    Raises:
        SourceRefused: Git refuses it, or gitpython cannot read it.
    """
    with (
        _no_git_variables(but_settings=variables is None),
        git.Repo(path, search_parent_directories=search_parent_directories) as repo,
    ):
        _ensure_trusted(repo)
        _ensure_known(repo)
        repo.git.update_environment(**(variables or {}))
        yield repo


def _ensure_trusted(repo: git.Repo) -> None:
    # Git reads nothing of another user's repository, as many containers mount one, and what
    # gitpython then makes of that differs from run to run: a broken pipe, a missing reference.
    top = Path(repo.working_tree_dir or repo.git_dir)
    looked_at = {Path(repo.git_dir), top, *(place for place in [top / ".git"] if place.exists())}
    if all(place.lstat().st_uid == os.geteuid() for place in looked_at):
        return
    try:
        repo.git.rev_parse("--git-dir")
    except git.GitCommandError as error:
        if "dubious ownership" in str(error.stderr):
            raise dubious_ownership(top) from error
        raise


_EXTENSION = re.compile(r"(?im)^\s*(objectformat|refstorage|partialclone|promisor)\s*=\s*\"?(\w+)")
_UNKNOWN = {
    ("objectformat", "sha256"): (
        "is a SHA-256 repository, of which no commit can be read",
        "use a SHA-1 repository; a folder can be read as it is, without a revision",
    ),
    ("refstorage", "reftable"): (
        "keeps its references as a reftable, which cannot be read",
        "run `git refs migrate --ref-format=files` (git 2.46 or newer)",
    ),
}


def _ensure_known(repo: git.Repo) -> None:
    for extension, (what, help_) in _UNKNOWN.items():
        if extension in _extensions(repo):
            raise SourceRefused(f"{repo.working_tree_dir or repo.git_dir} {what}", help=help_)


def _extensions(repo: git.Repo) -> set[tuple[str, str]]:
    # gitpython knows none of them, and git itself only those of its day.
    text = (Path(repo.common_dir) / "config").read_text(errors="replace")
    return {(name.lower(), value.lower()) for name, value in _EXTENSION.findall(text)}


UNSHALLOW = "this clone has only a part of the history: run `git fetch --unshallow` (in CI: `fetch-depth: 0`)"


def is_shallow(repo: git.Repo) -> bool:
    return (Path(repo.common_dir) / "shallow").exists()


def unreadable(place: object, error: Exception) -> SourceUnavailable:
    """Return what to say of a repository here that cannot be read; `place` names it in words."""
    message = f"{place} cannot be read: {first_line(error)}"
    if isinstance(error, NothingReviewed):
        return SourceUnavailable(message, help="check the folder's name and the revision")
    return SourceUnavailable(message, help="check it with `git status` and `git fsck`")


def lacking(repo: git.Repo, place: object, error: Exception) -> SourceUnavailable:
    """Return what to say of a repository that is open, and lacks something."""
    extensions = {name for name, _ in _extensions(repo)}
    if extensions & {"partialclone", "promisor"}:
        return SourceUnavailable(
            f"{place} cannot be read: this is a partial clone, and what it lacks could not be"
            " fetched from its remote",
            help="make the remote reachable, or clone it again without --filter",
        )
    if is_shallow(repo):
        return SourceUnavailable(f"{place} cannot be read: {first_line(error)}", help=UNSHALLOW)
    return unreadable(place, error)


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
    found = sorted(
        _walk(_top(commit, name, reference), commit.tree, known), key=lambda item: item.path
    )
    if not found:
        raise NothingReviewed(f"{name} holds no *.yaml file at {reference}")
    return SourceTree(
        revision_of(commit, reference, dirty=False),
        tuple(item for item in found if isinstance(item, SourceFile)),
        tuple(
            sorted(
                (
                    *(item for item in found if isinstance(item, SourceProblem)),
                    *(folded_name(*two) for two in folded_names(item.path for item in found)),
                ),
                key=lambda problem: problem.path,
            )
        ),
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


# gitpython then guesses at ownership, which was looked at before.
_NO_OBJECT = re.compile(r"SHA is empty|[0-9a-f]{40} missing")
_WORDS: Mapping[type[Exception], str] = {
    git.NoSuchPathError: "no such folder",
    git.InvalidGitRepositoryError: "it is not a git repository",
    git.GitCommandNotFound: f"git cannot be started; {NOT_INSTALLED}",
    ConfigError: "its git config is not valid",  # the text would quote it
}


def first_line(error: Exception) -> str:
    """Return what gitpython complains about as one short line."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, git.GitCommandError):
        said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")
        return one_line(complaint(said))
    if _NO_OBJECT.search(str(error)):
        return "an object that the commit needs is missing or damaged"
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
def _no_git_variables(*, but_settings: bool) -> Iterator[None]:
    with _ENVIRONMENT:
        # A person's settings count in a person's repository: safe.directory is one of them.
        hidden = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("GIT_") and not (but_settings and is_git_setting(name))
        }
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)


def _walk(tree: Tree, root: Tree, blobs: Blobs) -> Iterator[SourceFile | SourceProblem]:
    for item in tree:
        path = str(item.path)
        name = path.rpartition("/")[2]
        if is_hidden(name):
            continue
        if not name.isprintable():
            yield refused_name(path.removesuffix(name), name)
        elif isinstance(item, Tree):
            if path.count("/") > MAX_FOLDERS:
                yield too_nested(path)
            else:
                yield from _walk(item, root, blobs)
        elif not isinstance(item, Blob):
            yield not_regular(path, "a submodule")
        elif item.mode == Blob.link_mode:
            if is_reviewed(name) or _may_stand_for_a_folder(root, item):
                yield refused_link(path, "is not followed in a commit")
        elif is_reviewed(name):
            yield _file(item, path, blobs)


def _may_stand_for_a_folder(root: Tree, link: Blob) -> bool:
    # A folder of reviewed files behind a link would be left out without a word.
    target = link.data_stream.read().decode("utf-8", "replace")
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(str(link.path)), target))
    try:
        return isinstance(root / inside, Tree)
    except (KeyError, ValueError):
        suffix = posixpath.splitext(str(link.path))[1]
        return suffix in ("", ".d")


def _file(blob: Blob, path: str, blobs: Blobs) -> SourceFile | SourceProblem:
    known = blobs.get(blob.hexsha)
    if known is not None:
        return SourceFile(path, known)
    stream = blob.data_stream
    if stream.size > MAX_FILE_BYTES:
        return too_large(path, stream.size)
    content = blobs[blob.hexsha] = stream.read()
    return SourceFile(path, content)
