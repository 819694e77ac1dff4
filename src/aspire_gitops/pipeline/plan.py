"""Catalog → compiled objects → plan.

What the files ask for is compiled at the moment that they were judged by. A plan
is made with whatever secrets its caller has: of the environment, of a rehearsal,
or none.
"""

from dataclasses import replace

from aspire_gitops.applying.secrets import Secrets, available_secrets, gather_evidence
from aspire_gitops.compiling.catalog import compile_catalog
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.pipeline.catalog import AsOf, Checked, SourceChoice, check
from aspire_gitops.planning import Plan, without_unverified
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, Snapshot
from aspire_gitops.vocabulary import Diagnostic


def compiled(choice: SourceChoice, as_of: AsOf) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    """Return what the files ask for, and the warnings about them.

    Raises:
        InvalidConfig: The files hold errors; it has all findings.
        SourceUnavailable: The files cannot be read as a whole.
    """
    checked = check(choice, as_of).without_errors()
    return compile_checked(checked), checked.diagnostics


def compile_checked(checked: Checked) -> Compiled:
    """Compile files without errors, as of the day that they were judged by."""
    return compile_catalog(checked.catalog, today=checked.today)


def plan_with(
    compiled: Compiled,
    snapshot: Snapshot,
    owner: str,
    secrets: Secrets,
    *,
    holds_secretless: bool = False,
) -> Plan:
    """Compare what the files ask for with what is live, knowing these secrets."""
    evidence = gather_evidence(compiled.objects, secrets)
    return make_plan(
        compiled, snapshot, owner=owner, evidence=evidence, holds_secretless=holds_secretless
    )


def plan_here(
    compiled: Compiled, snapshot: Snapshot, owner: str, own: OwnFiles | None = None
) -> Plan:
    """Compare with what is live, with the secrets that are at hand here and may be used."""
    return plan_with(compiled, snapshot, owner, available_secrets(compiled.intents, own=own))


def plan_to_keep(
    compiled: Compiled, snapshot: Snapshot, owner: str, own: OwnFiles | None = None
) -> Plan:
    """Compare with what is live where all secrets should be: what lacks one is held."""
    secrets = available_secrets(compiled.intents, own=own)
    return plan_with(compiled, snapshot, owner, secrets, holds_secretless=True)


def plan_against_stored(
    compiled: Compiled, snapshot: Snapshot, owner: str, own: OwnFiles | None, *, based_on: str
) -> Plan:
    """Compare with a stored snapshot; what it cannot tell is a warning there, not a refusal.

    `based_on` is the digest of the whole snapshot, of which the stored one is a part.
    """
    plan, untold = without_unverified(plan_here(compiled, snapshot, owner, own))
    warnings = (*plan.warnings, *(f"not verified, {sentence}" for sentence in untold))
    return replace(plan, based_on=based_on, warnings=warnings)
