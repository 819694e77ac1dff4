"""Compose secrets and planning, for a live gateway and for a stored snapshot. Decides nothing itself.

Apart from `gateway`, so that a plan against a snapshot starts without a client.
"""

from dataclasses import replace

from aspire_gitops.applying.secrets import available_secrets, gather_evidence
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.planning.adoption import without_unverified
from aspire_gitops.planning.make import make_plan
from aspire_gitops.planning.plan import Plan
from aspire_gitops.state import Compiled, Snapshot


def plan_from(
    compiled: Compiled,
    snapshot: Snapshot,
    owner: str,
    *,
    own: OwnFiles | None = None,
    based_on: str | None = None,
) -> Plan:
    """Compare the files with a snapshot, with whatever secrets are at hand.

    `based_on` is the digest of the whole snapshot, where this one is a part of it.
    """
    evidence = gather_evidence(compiled.objects, available_secrets(compiled.intents, own=own))
    plan = make_plan(compiled, snapshot, owner=owner, evidence=evidence)
    if based_on is None:
        return plan
    plan, untold = without_unverified(plan)
    warnings = (*plan.warnings, *(f"not verified, {sentence}" for sentence in untold))
    return replace(plan, based_on=based_on, warnings=warnings)
