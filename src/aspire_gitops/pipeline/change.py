"""Two revisions of a folder beside each other: read, loaded, judged and compiled for a review."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from aspire_gitops.loading.folder import load_file
from aspire_gitops.pipeline.catalog import AsOf, Checked, Revisions, check_tree, in_repository
from aspire_gitops.pipeline.plan import compile_checked
from aspire_gitops.review.builder import Side
from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.directory import shown_folder
from aspire_gitops.sources.git import ComparedTrees, Comparison
from aspire_gitops.validation import judge_once
from aspire_gitops.vocabulary import SourceTree


def compare(wanted: Revisions) -> Comparison:
    """Read two revisions. Paths are as the repository has them, wherever the program runs.

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


@dataclass(frozen=True, slots=True)
class Sides:
    """Base and head of a change, and the moment of head, in its Gateway's timezone."""

    base: Side
    head: Side
    now: datetime


def sides(comparison: Comparison, as_of: AsOf) -> Sides:
    """Load, judge and compile base and head; what they share is loaded and judged once."""
    load_once, judge = cache(load_file), judge_once()
    base = check_tree(comparison.base, as_of, load_file=load_once, judge=judge)
    head = check_tree(comparison.head, as_of, load_file=load_once, judge=judge)
    return Sides(_side(base), _side(head), head.now)


def _side(checked: Checked) -> Side:
    made = compile_checked(checked) if checked.ok else None
    return Side(checked.catalog, checked.diagnostics, made)


def _moved(tree: SourceTree, shown: str, folder: str) -> SourceTree:
    def path(of: str) -> str:
        return folder + of.removeprefix(shown)

    files = tuple(replace(file, path=path(file.path)) for file in tree.files)
    problems = tuple(replace(problem, path=path(problem.path)) for problem in tree.problems)
    return SourceTree(tree.revision, files, problems)
