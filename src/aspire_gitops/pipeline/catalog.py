"""From a choice of files to a checked catalog: which files, at which revision, judged as of which moment."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path

from aspire_gitops.catalog import Catalog
from aspire_gitops.loading import Loaded, load
from aspire_gitops.loading.folder import LoadFile, load_file
from aspire_gitops.resources import ResourceKind
from aspire_gitops.sources import DirectorySource
from aspire_gitops.validation import validate
from aspire_gitops.validation.gateway_rules import zone_named
from aspire_gitops.validation.judging import Judge, judge, kind_of
from aspire_gitops.vocabulary import Diagnostic, InvalidConfig, Source, SourceTree, UsageError

DEFAULT_FOLDER = "gateway.d"
_GIT = "git:"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The one moment that rates, uplifts, approvals and exceptions are judged by.

    `now` is aware. A `day` that a person names stands for its last moment in the
    Gateway's timezone: what was written or taken on that day has then happened.
    """

    now: datetime
    day: date | None = None

    def at(self, timezone: tzinfo) -> datetime:
        """Return the moment in a timezone; its date is the day that dates are judged by."""
        if self.day is None:
            return self.now.astimezone(timezone)
        return datetime.combine(self.day, time.max, timezone)


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A folder as it is, or a folder of a git repository at `reference`."""

    folder: Path
    reference: str | None = None

    def __post_init__(self) -> None:
        _check_reference(self.reference)


def chosen(source: str, revision: str | None) -> SourceChoice:
    """Return what SOURCE and `--revision` choose. `git:REF` is short for `gateway.d --revision REF`.

    Raises:
        UsageError: Both name a revision, or one is empty.
    """
    if not source.startswith(_GIT):
        return SourceChoice(Path(source), revision)
    if revision is not None:
        raise UsageError(
            f"{source} and --revision both name a revision", help="write the folder as SOURCE"
        )
    return SourceChoice(Path(DEFAULT_FOLDER), source.removeprefix(_GIT))


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which two revisions of a folder: head None is the folder as it is."""

    folder: Path
    base: str | None
    head: str | None
    direct: bool = False

    def __post_init__(self) -> None:
        _check_reference(self.base)
        _check_reference(self.head)


def _check_reference(reference: str | None) -> None:
    if reference is not None and (not reference or reference.startswith("-")):
        raise UsageError(f"invalid revision {reference!r}", help="use a commit, branch or tag")


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
    help_ = "leave out the revision"
    if not folder.exists():
        help_ = "name the folder with the reviewed files, such as gateway.d: there is none here"
    raise UsageError(f"{folder} is in no git repository", help=help_)
