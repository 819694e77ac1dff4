"""App key ⇄ LiteLLM virtual key. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from aspire_gitops.gateway.endpoints import (
    BLOCK_KEY,
    CREATE_KEY,
    DELETE_KEY,
    RESET_SPEND,
    UPDATE_KEY,
    Call,
)
from aspire_gitops.gateway.replies import KeyReply, KeyRow, parse
from aspire_gitops.gateway.wire.changed import told
from aspire_gitops.gateway.wire.hiding import visible
from aspire_gitops.gateway.wire.marks import MARK, declared, mark_of, marking
from aspire_gitops.gateway.wire.normal import field_of, fields_under, nested
from aspire_gitops.planning.traits import TRAITS
from aspire_gitops.state import GatewayObject, Kind, LastChange, ObjectKey
from aspire_ledger.canonical import JsonValue

_FIELDS = (
    "max_budget",
    "budget_duration",
    "budget_id",
    "soft_budget",
    "rpm_limit",
    "tpm_limit",
    "max_parallel_requests",
    "allowed_routes",
    "aliases",
    "router_settings",
    "budget_fallbacks",
    "permissions",
    "config",
    "blocked",
    "expires",
    "team_id",
)
# A null in one of these is answered with 200 and bricks the key, or the whole key list.
_DICTS = frozenset({"aliases", "router_settings", "budget_fallbacks", "permissions", "config"})
_LISTS = frozenset({"allowed_routes"})
_NO_MODEL = "no-default-models"  # an empty list would mean every model


class KeyWire:
    """Fields are limits, models, roads to other models, and `metadata.*` without our mark."""

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        found = parse(KeyRow, row)
        mark = mark_of(found.metadata)
        values = found.model_dump(include=set(_FIELDS))
        if found.litellm_budget_table and values["soft_budget"] is None:
            values["soft_budget"] = found.litellm_budget_table.soft_budget
        fields = {
            **{path: value for name in _FIELDS for path, value in field_of(name, values[name])},
            **dict(field_of("models", sorted(found.models))),
            **dict(fields_under("metadata", found.metadata, skip={MARK})),
        }
        token = address or found.token or ""
        handle = found.key_alias or ""
        key = ObjectKey(Kind.KEY, mark.name if mark else handle or f"unnamed-{token[:12]}")
        return GatewayObject(key, handle, visible(fields, mark), mark, token)

    def last_change(self, row: object) -> LastChange | None:
        # `updated_at` moves with every spend, and `updated_by` is never written again:
        # after a change, LiteLLM says when and not by whom.
        found = parse(KeyRow, row)
        if found.settings_updated_at:
            return told(by=None, at=found.settings_updated_at)
        return told(by=found.created_by, at=found.created_at)

    def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> Call:
        body = nested(wanted.fields)
        return Call(
            CREATE_KEY,
            body={
                "models": [_NO_MODEL],
                **body[""],
                "key": secrets["key"],
                "key_alias": wanted.handle,
                "metadata": {**body["metadata"], **marking(wanted.mark)},
            },
        )

    def update(
        self,
        live: GatewayObject,
        wanted: GatewayObject,
        secrets: Mapping[str, str],  # noqa: ARG002  # a key's value cannot be changed
        row: object,
    ) -> Call:
        now = self.live(row, live.address)
        body = nested(wanted.fields)
        # Only what differs: a budget_duration that is sent again moves the next reset, and
        # just after midnight on the 1st an app would keep last month's spend for a month.
        changed = {name: value for name, value in body[""].items() if now.fields.get(name) != value}
        renamed = {"key_alias": wanted.handle} if wanted.handle != now.handle else {}
        return Call(
            UPDATE_KEY,
            body={
                "key": live.address,
                **renamed,
                **changed,
                **dict(_cleared(now, wanted)),
                # Replaced whole, so what others keep there goes along.
                "metadata": {
                    **_foreign_metadata(parse(KeyRow, row)),
                    **body["metadata"],
                    **marking(wanted.mark),
                },
            },
        )

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        # Blocked first: the deletion itself is not announced to the gateway's other processes.
        gone = frozenset({404})
        return (
            Call(BLOCK_KEY, body={"key": live.address}, gone=gone),
            Call(DELETE_KEY, body={"keys": [live.address]}, gone=gone),
        )

    @staticmethod
    def single(reply: object) -> object:
        """Take the row out of a read by hash; a deleted key still answers, and counts as absent."""
        info = parse(KeyReply, reply).info
        return None if parse(KeyRow, info).status == "deleted" else info


def reset_spend(address: str, usd: float) -> Call:
    """Return the call that sets LiteLLM's own spend of a key back. It never raises it."""
    return Call(RESET_SPEND, values={"hash": address}, body={"reset_to": usd})


def was_deleted(reply: object) -> bool:
    """Say whether a read by hash found a key that somebody deleted."""
    return parse(KeyRow, parse(KeyReply, reply).info).status == "deleted"


def _foreign_metadata(row: KeyRow) -> dict[str, Any]:
    mark = mark_of(row.metadata)
    ours = mark.fields if mark else frozenset()
    return {
        name: value
        for name, value in row.metadata.items()
        if name != MARK and f"metadata.{name}" not in ours
    }


def _cleared(now: GatewayObject, wanted: GatewayObject) -> Iterator[tuple[str, JsonValue]]:
    keep = frozenset(wanted.fields)
    set_by_us = declared({}, now.mark)
    for path in sorted(now.fields.keys() - keep):
        if path.startswith("metadata."):
            continue
        if TRAITS[Kind.KEY].owns(path) or path in set_by_us:
            yield _emptied(path)


def _emptied(name: str) -> tuple[str, JsonValue]:
    if name == "models":
        return name, [_NO_MODEL]
    if name == "expires":
        return "duration", None
    if name in _DICTS:
        return name, {}
    return name, [] if name in _LISTS else None
