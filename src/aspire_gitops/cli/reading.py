"""Compose source → loading → validation for the commands. Decides nothing itself."""

from datetime import date
from pathlib import Path

from aspire_gitops.cli.options import SourceChoice
from aspire_gitops.loading import load
from aspire_gitops.sources import DirectorySource
from aspire_gitops.validation import Validated, validate
from aspire_gitops.vocabulary.errors import UsageError
from aspire_gitops.vocabulary.revision import Source


def check(choice: SourceChoice, today: date, *, ask_git: bool = True) -> Validated:
    """Read the files and judge them; all findings are in the result.

    Without `ask_git` the revision of a folder has no commit, and is there sooner.

    Raises:
        SourceUnavailable: The files cannot be read as a whole.
    """
    tree = open_source(choice, ask_git=ask_git).read()
    return validate(load(tree), tree.revision, today=today)


def open_source(choice: SourceChoice, *, ask_git: bool = True) -> Source:
    """Return the folder, or the folder in its git repository.

    Raises:
        UsageError: A revision is asked for, and the folder is in no git repository.
    """
    if choice.reference is None:
        return DirectorySource(choice.folder, ask_git=ask_git)
    from aspire_gitops.sources.git import GitSource  # noqa: PLC0415 (slow to import, and rarely needed)

    repository, folder = in_repository(choice.folder)
    return GitSource(repository, reference=choice.reference, folder=folder)


def in_repository(folder: Path) -> tuple[Path, str]:
    """Return the repository that a folder is in, and the folder's path there.

    Raises:
        UsageError: It is in none.
    """
    # The folder itself need not exist now: it may, at that revision.
    whole = folder.absolute()
    for above in whole.parents:
        if (above / ".git").exists():
            return above, whole.relative_to(above).as_posix()
    raise UsageError(f"{folder} is in no git repository; leave out the revision")
