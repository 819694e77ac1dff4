"""Our mark as JSON, under one key of the mapping that each kind keeps for such things. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from aspire_gitops.gateway.replies import Reply
from aspire_gitops.state import Mark
from aspire_ledger.canonical import JsonValue

MARK = "aspire_gitops"


class _MarkRow(Reply):
    owner: str
    name: str
    fields: list[str]
    digest: str
    revision: str


def mark_of(holder: Mapping[str, Any]) -> Mark | None:
    """Return our mark, or None. What is malformed is no mark: the object is then foreign."""
    try:
        row = _MarkRow.model_validate(holder.get(MARK))
    except ValidationError:
        return None
    if not (row.owner and row.name):
        return None
    return Mark(row.owner, row.name, _paths(tuple(row.fields)), row.digest, row.revision)


@lru_cache(maxsize=512)
def _paths(fields: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fields)  # one set for a thousand keys: most name the same paths


def marking(mark: Mark | None) -> dict[str, JsonValue]:
    """Return the entry that carries `mark`, or none."""
    if mark is None:
        return {}
    return {
        MARK: {
            "owner": mark.owner,
            "name": mark.name,
            "fields": sorted(mark.fields),
            "digest": mark.digest,
            "revision": mark.revision,
        }
    }


def declared(item_fields: Mapping[str, JsonValue], mark: Mark | None) -> frozenset[str]:
    """Return the paths that are ours to keep: the fields, and the secrets that only the mark names."""
    return frozenset(item_fields) | (mark.fields if mark else frozenset())
