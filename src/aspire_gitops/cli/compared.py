"""Compose git → loading → validation → compiling for two revisions at once. Decides nothing itself."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from aspire_gitops.cli.reading import in_repository
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.loading import load
from aspire_gitops.loading.folder import load_file
from aspire_gitops.review.make import Side
from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.directory import shown_folder
from aspire_gitops.sources.git import ComparedTrees, Comparison
from aspire_gitops.validation import judge_once, validate
from aspire_gitops.vocabulary.errors import UsageError
from aspire_gitops.vocabulary.revision import SourceTree


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which two revisions of a folder: head None is the folder as it is."""

    folder: Path
    base: str | None
    head: str | None
    direct: bool = False

    def __post_init__(self) -> None:
        for reference in (self.base, self.head):
            if reference is not None and (not reference or reference.startswith("-")):
                raise UsageError(f"{reference!r} is no revision; write a commit, a branch or a tag")


def compare(wanted: Revisions) -> Comparison:
    """Read both. Paths are as the repository has them, whichever folder the program runs in.

    Raises:
        UsageError: The folder is not in a git repository, or the revision does not exist.
        SourceUnavailable: One of them cannot be read as a whole.
    """
    repository, folder = in_repository(wanted.folder)
    compared = ComparedTrees(repository, folder, wanted.base, direct=wanted.direct)
    if wanted.head is not None:
        return compared.with_commit(wanted.head)
    tree = DirectorySource(wanted.folder).read()
    return compared.with_work_tree(_moved(tree, shown_folder(wanted.folder), f"{folder}/"))


def sides(comparison: Comparison, today: date) -> tuple[Side, Side]:
    """Load, judge and compile base and head; what they share is loaded and judged once."""
    load_once, judge = cache(load_file), judge_once()

    def side(tree: SourceTree) -> Side:
        loaded = load(tree, load_file=load_once)
        validated = validate(loaded, tree.revision, today=today, judge=judge)
        compiled = compile_catalog(validated.catalog, today=today) if validated.ok else None
        return Side(validated.catalog, validated.diagnostics, compiled)

    return side(comparison.base), side(comparison.head)


def _moved(tree: SourceTree, shown: str, folder: str) -> SourceTree:
    def path(of: str) -> str:
        return folder + of.removeprefix(shown)

    files = tuple(replace(file, path=path(file.path)) for file in tree.files)
    problems = tuple(replace(problem, path=path(problem.path)) for problem in tree.problems)
    return SourceTree(tree.revision, files, problems)
