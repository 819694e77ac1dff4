"""Alias ⇄ LiteLLM deployment (a "model" row). Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from aspire_gitops.gateway.endpoints import (
    CREATE_DEPLOYMENT,
    DELETE_DEPLOYMENT,
    UPDATE_DEPLOYMENT,
    Call,
)
from aspire_gitops.gateway.replies import DeploymentReply, DeploymentRow, parse
from aspire_gitops.gateway.wire.changed import told
from aspire_gitops.gateway.wire.hiding import visible
from aspire_gitops.gateway.wire.marks import declared, mark_of, marking
from aspire_gitops.gateway.wire.normal import field_of, fields_under, nested
from aspire_gitops.planning.traits import TRAITS
from aspire_gitops.state import GatewayObject, Kind, LastChange, Mark, ObjectKey
from aspire_ledger.canonical import JsonValue


class DeploymentWire:
    """Fields are `litellm_params.*`, `blocked`, and those `model_info.*` that our mark names.

    The gateway fills `model_info` with some 180 facts of its built-in price map,
    under the same names that we may write; only the mark tells which are ours.
    """

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        found = parse(DeploymentRow, row)
        info = found.model_info
        # Rows of the config file cannot be written through the API: not ours.
        mark = mark_of(info) if info.get("db_model") is True else None
        fields = {
            **dict(fields_under("litellm_params", found.litellm_params)),
            **dict(_written_info(info, mark)),
            **dict(field_of("blocked", info.get("blocked"))),
        }
        key = ObjectKey(Kind.DEPLOYMENT, mark.name if mark else found.model_name)
        identity = address or info.get("id")
        return GatewayObject(
            key, found.model_name, visible(fields, mark), mark, identity and str(identity)
        )

    def last_change(self, row: object) -> LastChange | None:
        info = parse(DeploymentRow, row).model_info  # with an enterprise licence only
        return told(by=info.get("updated_by"), at=info.get("updated_at"))

    def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> Call:
        body = nested({**wanted.fields, **secrets})
        return Call(
            CREATE_DEPLOYMENT,
            body={
                "model_name": wanted.handle,
                "litellm_params": body["litellm_params"],
                "model_info": _info(wanted.address, body, wanted.mark),
                "blocked": "blocked" in wanted.fields,
            },
        )

    def update(
        self,
        live: GatewayObject,
        wanted: GatewayObject,
        secrets: Mapping[str, str],
        row: object,  # noqa: ARG002  # PATCH merges by itself; the other kinds need the row
    ) -> Call:
        if wanted.handle != live.handle:
            # A rename edits the model lists of every key, unreviewed.
            raise ValueError(f"{live.address} cannot be renamed; replace it")
        body = nested({**wanted.fields, **secrets})
        cleared: dict[str, JsonValue] = dict.fromkeys(_cleared(live, wanted, secrets))
        return Call(
            UPDATE_DEPLOYMENT,
            values={"id": live.address or ""},
            body={
                "litellm_params": {**body["litellm_params"], **cleared},
                # Without the id LiteLLM writes a new random one into the stored row.
                "model_info": _info(live.address, body, wanted.mark),
                "blocked": "blocked" in wanted.fields,
            },
        )

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        return (Call(DELETE_DEPLOYMENT, body={"id": live.address}, gone=frozenset({400, 404})),)

    @staticmethod
    def single(reply: object) -> object:
        """Take the one row out of a read by id."""
        rows = parse(DeploymentReply, reply).data
        return rows[0] if rows else None


def _info(
    address: str | None, body: Mapping[str, dict[str, JsonValue]], mark: Mark | None
) -> dict[str, JsonValue]:
    return {**body.get("model_info", {}), "id": address, **marking(mark)}


def _written_info(info: Mapping[str, Any], mark: Mark | None) -> Iterator[tuple[str, JsonValue]]:
    for path in mark.fields if mark else ():
        group, _, name = path.partition(".")
        if group == "model_info":
            yield from field_of(path, info.get(name))


def _cleared(
    live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str]
) -> Iterator[str]:
    # PATCH reads null as "leave it" for all but a few parameters.
    keep = declared(wanted.fields, wanted.mark) | secrets.keys()
    for path in live.fields.keys() - keep:
        group, _, name = path.partition(".")
        if group == "litellm_params" and TRAITS[Kind.DEPLOYMENT].can_unset(path):
            yield name
