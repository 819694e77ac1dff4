"""Read a snapshot file back. It comes from outside, so pydantic reads it.

What foreign objects hold is not in the file. A plan made from it knows their
names and where they are, which is all that it needs to leave them alone.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aspire_gitops.canonical import JsonValue
from aspire_gitops.errors import UsageError
from aspire_gitops.state import GatewayObject, LiveFallback, Mark, ObjectKey, Snapshot

_AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Mark(_Part):
    name: str
    fields: list[str]
    digest: str
    revision: str


class _Foreign(_Part):
    object: str
    handle: str
    address: str | None
    digest: str


class _Ours(_Part):
    object: str
    handle: str
    address: str | None
    fields: dict[str, pydantic.JsonValue]
    mark: _Mark


class _Fallback(_Part):
    alias: str
    kind: str
    answers: list[str]


class _File(_Part):
    format: Literal[1]
    owner: str
    revision: str | None = None
    journal: str | None = None
    gateway: str
    litellm: str | None
    taken_at: datetime
    digest: str
    spent: dict[str, Annotated[str, Field(pattern=_AMOUNT)]] = {}
    objects: list[_Ours]
    foreign: list[_Foreign]
    fallbacks: list[_Fallback]


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """A snapshot from a file, and the digest of the one that was on the gateway."""

    snapshot: Snapshot
    digest: str


def read_snapshot_file(path: Path, owner: str) -> SavedSnapshot:
    """Read what `snapshot_json` wrote.

    Raises:
        UsageError: It is no snapshot of ours, or one of another owner.
    """
    try:
        found = _File.model_validate_json(path.read_bytes())
        objects = (*(_ours(item, owner) for item in found.objects), *map(_foreign, found.foreign))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a snapshot") from error
    except (ValidationError, ValueError) as error:
        raise UsageError(
            f"{path} is not a snapshot of this version; make one with `aspire-gitops snapshot`"
        ) from error
    if found.owner != owner:
        raise UsageError(
            f"{path} is a snapshot of owner {found.owner}, and we are {owner};"
            " set ASPIRE_GITOPS_OWNER"
        )
    fallbacks = tuple(LiveFallback(f.alias, f.kind, tuple(f.answers)) for f in found.fallbacks)
    live = Snapshot(
        found.gateway, found.litellm, found.taken_at, objects, fallbacks, spent=found.spent
    )
    return SavedSnapshot(live, found.digest)


def _ours(item: _Ours, owner: str) -> GatewayObject:
    mark = Mark(
        owner, item.mark.name, frozenset(item.mark.fields), item.mark.digest, item.mark.revision
    )
    fields = {path: _tuples(value) for path, value in item.fields.items()}
    return GatewayObject(ObjectKey.parse(item.object), item.handle, fields, mark, item.address)


def _foreign(item: _Foreign) -> GatewayObject:
    return GatewayObject(ObjectKey.parse(item.object), item.handle, {}, address=item.address)


def _tuples(value: pydantic.JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
