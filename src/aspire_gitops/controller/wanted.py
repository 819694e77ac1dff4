"""What git asks for: a tree read, checked and compiled, remembered while it stays the same."""

from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from aspire_gitops.applying.secrets import available_secrets, gather_evidence
from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.errors import InvalidConfig
from aspire_gitops.loading import load
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.planning.make import make_plan
from aspire_gitops.planning.plan import Plan
from aspire_gitops.revision import Revision, SourceTree
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.validation import validate

_REMEMBERED = 4  # newest, last good, one that a person reverts to, and one spare


@dataclass(frozen=True, slots=True)
class Wanted:
    """One revision, compiled. `identity` is its commit, or a digest of files without one."""

    identity: str
    compiled: Compiled
    catalog: Catalog
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def revision(self) -> Revision:
        return self.compiled.revision

    def plan(self, snapshot: Snapshot, owner: str, own: OwnFiles | None = None) -> Plan:
        """Compare with what is live, with whatever secrets are at hand now and may be used."""
        secrets = available_secrets(self.compiled.intents, own=own)
        evidence = gather_evidence(self.compiled.objects, secrets)
        return make_plan(self.compiled, snapshot, owner=owner, evidence=evidence)

    def without_approvals(self) -> "Wanted":
        """Return the same for holding what was applied once: it may heal, and agree to nothing."""
        return replace(self, compiled=replace(self.compiled, approvals=()))


@dataclass(slots=True)
class Compiler:
    """Compiles trees, and knows the last few by identity and day."""

    _known: dict[tuple[str, date], Wanted] = field(default_factory=dict)

    def wanted(self, tree: SourceTree, today: date) -> Wanted:
        """Check and compile a tree; `today` decides on approvals and on the exchange rate's age.

        Raises:
            InvalidConfig: The files hold errors; it has all findings.
        """
        key = (identity(tree), today)
        if key not in self._known:
            self._known[key] = _compiled(tree, today, key[0])
            for oldest in list(self._known)[:-_REMEMBERED]:
                del self._known[oldest]
        return self._known[key]

    def remembered(self, name: str) -> Wanted | None:
        """Return the newest compilation of one identity, if it is still known."""
        found = [wanted for (known, _), wanted in self._known.items() if known == name]
        return found[-1] if found else None


def identity(tree: SourceTree) -> str:
    """Return what tells two trees apart: the commit, or a digest of what was read."""
    if tree.revision.commit and not tree.revision.dirty:
        return tree.revision.commit
    digest = sha256()
    for file in tree.files:
        digest.update(f"{file.path}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    for problem in tree.problems:
        digest.update(f"{problem.path}\0{problem.code}\0".encode())
    return f"files:{digest.hexdigest()[:40]}"


def _compiled(tree: SourceTree, today: date, name: str) -> Wanted:
    validated = validate(load(tree), tree.revision, today=today)
    if not validated.ok:
        raise InvalidConfig(validated.diagnostics)
    compiled = compile_catalog(validated.catalog, today=today)
    return Wanted(name, compiled, validated.catalog, validated.diagnostics)
