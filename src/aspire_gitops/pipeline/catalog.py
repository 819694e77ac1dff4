"""Source → loading → validation: what the files declare, judged at one moment.

The Gateway's own file says in which timezone that moment is read: a rate dated
today, an uplift that ends tonight and an approval's last day mean the company's
day, wherever the program runs.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from aspire_gitops.catalog import Catalog
from aspire_gitops.loading import Loaded, load
from aspire_gitops.loading.folder import LoadFile, load_file
from aspire_gitops.pipeline.choice import AsOf, SourceChoice
from aspire_gitops.resources import ResourceKind
from aspire_gitops.sources import DirectorySource
from aspire_gitops.validation import validate
from aspire_gitops.validation.gateway_rules import zone_named
from aspire_gitops.validation.judging import Judge, judge, kind_of
from aspire_gitops.vocabulary.diagnostic import Diagnostic
from aspire_gitops.vocabulary.errors import InvalidConfig, UsageError
from aspire_gitops.vocabulary.revision import Source, SourceTree


@dataclass(frozen=True, slots=True)
class Checked:
    """What one revision declares, and everything that is wrong with it.

    `now` is the moment that it was judged by, in the Gateway's timezone.
    """

    catalog: Catalog
    diagnostics: tuple[Diagnostic, ...]
    now: datetime

    @property
    def ok(self) -> bool:
        """Say whether the catalog may be compiled: warnings do not stop it."""
        return not any(found.is_error for found in self.diagnostics)

    @property
    def today(self) -> date:
        return self.now.date()

    def without_errors(self) -> "Checked":
        """Return it if it may be compiled.

        Raises:
            InvalidConfig: The files hold errors; it has all findings.
        """
        if not self.ok:
            raise InvalidConfig(self.diagnostics)
        return self


def check(choice: SourceChoice, as_of: AsOf, *, ask_git: bool = True) -> Checked:
    """Read the files and judge them; all findings are in the result.

    Without `ask_git` the revision of a folder has no commit, and is there sooner.

    Raises:
        SourceUnavailable: The files cannot be read as a whole.
    """
    return check_tree(open_source(choice, ask_git=ask_git).read(), as_of)


def check_tree(
    tree: SourceTree, as_of: AsOf, *, load_file: LoadFile = load_file, judge: Judge = judge
) -> Checked:
    """Judge what a source read. Never raises for what a file contains.

    A caller that judges two revisions passes both a `load_file` and a `judge` that remember.
    """
    loaded = load(tree, load_file=load_file)
    now = as_of.at(timezone_of(loaded))
    validated = validate(loaded, tree.revision, today=now.date(), judge=judge)
    return Checked(validated.catalog, validated.diagnostics, now)


def timezone_of(loaded: Loaded) -> tzinfo:
    """Return the timezone of the first Gateway that names a known one; else UTC.

    Read before validation, because what is wrong with the rest of the file does
    not change where the company's day begins.
    """
    for document in loaded.documents:
        if kind_of(document) is ResourceKind.GATEWAY:
            name = document.value.get("timezone")
            zone = zone_named(name) if isinstance(name, str) else None
            if zone is not None:
                return zone
    return UTC


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
    raise UsageError(f"{folder} is in no git repository", help="leave out the revision")
