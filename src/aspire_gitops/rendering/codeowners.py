"""Write CODEOWNERS from the resources: whose review a change of each file needs.

An app's file and its budget's file belong to the app's owner; everything else
belongs to whoever runs the gateway, and so does the folder of Deliveries whatever
stands in it. GitHub and GitLab read the result. Facts
that shape it, from their documentation and checked with a parser of the format:

- The last line that matches a file wins, and any one of its owners may approve.
- The base branch's file counts. A new file matches no line of its own yet, so
  the folder's line is the one that protects it.
- A pattern is a kind of glob, and nothing but a space can be escaped in it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aspire_gitops.catalog import Catalog
from aspire_gitops.vocabulary.errors import UsageError

BEGIN, END = "# BEGIN aspire-gitops", "# END aspire-gitops"

OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9._-]+)*|[^\s@#]+@[A-Za-z0-9.-]+")
"""A user, a team (`@org/team`), or an e-mail address."""

_NOT_LITERAL = re.compile(r"[^A-Za-z0-9._/@+ -]+")
_HEAD = """\
# Written by `aspire-gitops codeowners`; what you change in here is lost. Lines of your
# own go above it, because the last line that matches a file wins. Any one of the owners
# in a line may approve.
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the repository, and what its owners are called there.

    `shown` starts the path of each document, `folder` takes its place; both
    end with a slash, or are empty for the repository itself. `file` is the
    CODEOWNERS file. `default` owns what no app owns, the Gateway's owner if it
    is empty. `names` are users or teams by e-mail address.
    """

    shown: str
    folder: str
    file: str = ".github/CODEOWNERS"
    default: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def path_of(self, document_path: str) -> str:
        return self.folder + document_path.removeprefix(self.shown)

    def called(self, owner: str) -> str:
        return self.names.get(owner, owner)


@dataclass(frozen=True, slots=True)
class Owned:
    """One file that belongs to the owners of some apps. `apps` are several for a shared budget."""

    path: str
    apps: tuple[str, ...]
    owners: tuple[str, ...]


def owned_files(catalog: Catalog, layout: Layout) -> tuple[Owned, ...]:
    """Return the files that belong to apps, in the order in which CODEOWNERS must have them.

    Raises:
        UsageError: Two folders differ only in what a pattern cannot say.
    """
    apps: defaultdict[str, list[str]] = defaultdict(list)
    for app in catalog.apps.values():
        apps[app.document.path].append(app.name)
        if budget := catalog.budgets.get(app.spec.budget):
            apps[budget.document.path].append(app.name)
    files = [
        Owned(layout.path_of(path), tuple(names), tuple(_owners_of(names, catalog, layout)))
        for path, names in apps.items()
    ]
    # A pattern with a wildcard may match a neighbour too, whose own line must then come later.
    files.sort(key=lambda file: ("*" not in pattern_of(file.path), file.path))
    _check_apart(files)
    return tuple(files)


def block(catalog: Catalog, layout: Layout) -> str:
    """Return our part of CODEOWNERS, between two lines that say so.

    Raises:
        UsageError: Nobody owns what no app owns, or see `owned_files`.
    """
    default = " ".join(_default(catalog, layout))
    files = owned_files(catalog, layout)
    lines = [
        f"{BEGIN}\n{_HEAD}",
        "# What no app owns: the gateway, providers, aliases, approvals, deliveries, and every new file.",
        f"{pattern_of(layout.folder) if layout.folder else '*'} {default}",
        "",
        "# An app's own file, and the budget that it spends from.",
        *_lines(files),
        "",
        "# Where keys go on the controller's host, and whatever else stands in this folder.",
        f"{pattern_of(layout.path_of(catalog.deliveries_folder))} {default}",
        "",
        "# Whoever changes this file changes who is asked.",
        f"{pattern_of(layout.file)} {default}",
        END,
    ]
    return "\n".join(lines) + "\n"


def merged(existing: str, ours: str) -> str:
    """Return the file with our block in place of its old one, or at the end.

    Raises:
        UsageError: The lines that say where the block is are not one pair.
    """
    begins, ends = _lines_that_are(BEGIN, existing), _lines_that_are(END, existing)
    if not (begins or ends):
        return f"{existing.rstrip()}\n\n{ours}".lstrip("\n")
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise UsageError(
            f"CODEOWNERS has no single block between `{BEGIN}` and `{END}`; "
            "remove those lines and what is between them"
        )
    lines = existing.splitlines(keepends=True)
    return "".join([*lines[: begins[0]], ours, *lines[ends[0] + 1 :]])


def lines_after(text: str) -> list[int]:
    """Return the numbers of lines below our block that name owners: they would win over it."""
    lines = text.splitlines()
    end = lines.index(END) + 1
    found = []
    for number, line in enumerate(lines[end:], start=end + 1):
        if line.startswith(("[", "^[")):
            break  # a section of GitLab's, which is judged by itself
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(number)
    return found


def pattern_of(path: str) -> str:
    """Return the pattern that matches a path from the repository's root.

    What no reader of the format takes literally, such as `[` or `#`, becomes `*`.
    """
    return "/" + _NOT_LITERAL.sub("*", path).replace(" ", "\\ ")


def _owners_of(apps: Sequence[str], catalog: Catalog, layout: Layout) -> list[str]:
    return sorted({layout.called(catalog.apps[name].spec.owner) for name in apps})


def _default(catalog: Catalog, layout: Layout) -> Sequence[str]:
    owner = catalog.gateway.spec.owner if catalog.gateway else None
    owners = layout.default or ((owner,) if owner else ())
    if not owners:
        raise UsageError(
            "nobody owns the gateway, its providers and its aliases; "
            "write `owner:` in the Gateway, or say --default OWNER"
        )
    return [layout.called(owner) for owner in owners]


def _lines(files: Sequence[Owned]) -> Iterator[str]:
    for file in files:
        if len(file.apps) > 1:
            yield f"# Shared by {', '.join(file.apps)}:"
        yield f"{pattern_of(file.path)} {' '.join(file.owners)}"


def _check_apart(files: Sequence[Owned]) -> None:
    """Refuse a file whose line would be won by a neighbour's: its owner would not be asked."""
    wide = [file for file in files if "*" in pattern_of(file.path)]
    for file, later in _neighbours(wide):
        literal = re.escape(_NOT_LITERAL.sub("*", later.path))
        if file.owners != later.owners and re.fullmatch(literal.replace(r"\*", "[^/]*"), file.path):
            raise UsageError(
                f"CODEOWNERS cannot tell {file.path} from {later.path}, and their owners differ; "
                "name the folders with letters, digits, dots and dashes"
            )


def _neighbours(files: Sequence[Owned]) -> Iterator[tuple[Owned, Owned]]:
    by_name: defaultdict[str, list[Owned]] = defaultdict(list)
    for file in files:
        by_name[pattern_of(file.path).rpartition("/")[2]].append(file)
    for group in by_name.values():
        for at, file in enumerate(group):
            yield from ((file, later) for later in group[at + 1 :])


def _lines_that_are(marker: str, text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines()) if line.rstrip() == marker]
