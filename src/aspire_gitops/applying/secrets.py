"""Resolve references to secrets. Values are held as briefly as can be and never printed."""

import os
from collections.abc import Mapping
from pathlib import Path

from aspire_gitops.errors import SecretMissing
from aspire_gitops.planning.marking import evidence_of
from aspire_gitops.state import Evidence, Intent, ObjectKey, SecretReference, State

_LARGEST = 64 * 1024

Secrets = Mapping[ObjectKey, Mapping[str, str]]
"""By object, then by field path: the value of the secret."""


def resolve_secrets(
    intents: Mapping[ObjectKey, Intent], environment: Mapping[str, str] | None = None
) -> Secrets:
    """Resolve all references, or none: this runs before the first write.

    Raises:
        SecretMissing: Names every reference that leads nowhere. A person must act.
    """
    secrets, missing = _resolve(intents, os.environ if environment is None else environment)
    if missing:
        raise SecretMissing("\n".join(missing))
    return secrets


def available_secrets(
    intents: Mapping[ObjectKey, Intent], environment: Mapping[str, str] | None = None
) -> Secrets:
    """Resolve what is at hand, for a plan made where the secrets are not."""
    return _resolve(intents, os.environ if environment is None else environment)[0]


def gather_evidence(objects: State, secrets: Secrets) -> Mapping[ObjectKey, Evidence]:
    """Return what the secrets prove about the objects that need them."""
    return {
        key: evidence_of(objects[key], values) for key, values in secrets.items() if key in objects
    }


def _resolve(
    intents: Mapping[ObjectKey, Intent], environment: Mapping[str, str]
) -> tuple[Secrets, list[str]]:
    secrets: dict[ObjectKey, Mapping[str, str]] = {}
    missing = []
    for key, intent in sorted(intents.items()):
        found = {}
        for path, reference in sorted(intent.secrets.items()):
            value = _lookup(reference, environment)
            if isinstance(value, _Nowhere):
                missing.append(f"{key} needs the secret {reference}: {value}")
            else:
                found[path] = value
        if intent.secrets and len(found) == len(intent.secrets):
            secrets[key] = found
    return secrets, missing


class _Nowhere(str):
    """Why a reference leads nowhere."""

    __slots__ = ()


def _lookup(reference: SecretReference, environment: Mapping[str, str]) -> str:
    if reference.scheme == "env":
        value = environment.get(reference.locator, "").strip()
        return value or _Nowhere(f"set the variable {reference.locator}")
    try:
        with Path(reference.locator).open(encoding="utf-8") as file:
            value = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        return _Nowhere(f"cannot read {reference.locator}: {why}")
    return value or _Nowhere(f"{reference.locator} is empty")
