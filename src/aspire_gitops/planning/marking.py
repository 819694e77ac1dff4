"""Compute the mark that a desired object will carry, and the evidence of its secrets."""

from collections.abc import Mapping
from dataclasses import replace

from aspire_gitops.state import Evidence, GatewayObject, Intent, Mark
from aspire_ledger.canonical import JsonValue, keyed_digest

UNKNOWN_DIGEST = "unknown"
"""The digest in a planned mark whose secrets were not at hand; applying computes the real one."""


def evidence_of(wanted: GatewayObject, secrets: Mapping[str, str]) -> Evidence:
    """Return what `secrets` (by field path) prove about `wanted`."""
    masks = {path: masked(value) for path, value in secrets.items()}
    return Evidence(keyed_digest(secrets, _covered(wanted)), masks)


def masked(secret: str) -> str:
    """Return a secret the way LiteLLM's `GET /credentials` shows it (checked by a contract test)."""
    return "*****" if len(secret) <= 4 else f"{secret[:2]}****{secret[-2:]}"


def marked(
    wanted: GatewayObject, intent: Intent, *, owner: str, revision: str, evidence: Evidence | None
) -> GatewayObject:
    """Return `wanted` with our mark on it."""
    mark = mark_for(wanted, intent, owner=owner, revision=revision, evidence=evidence)
    return replace(wanted, mark=mark)


def mark_for(
    wanted: GatewayObject, intent: Intent, *, owner: str, revision: str, evidence: Evidence | None
) -> Mark:
    """Return the mark that `wanted` is to carry."""
    with_secrets = evidence.digest if evidence else UNKNOWN_DIGEST
    proof = with_secrets if intent.secrets else wanted.proof
    fields = frozenset(wanted.fields.keys() | intent.secrets.keys())
    return Mark(owner, wanted.key.name, fields, proof, revision)


def _covered(wanted: GatewayObject) -> JsonValue:
    return str(wanted.key), wanted.handle, wanted.fields
