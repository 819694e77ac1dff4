"""Provider ⇄ LiteLLM credential. Pure."""

from collections.abc import Mapping

from aspire_gitops.gateway.endpoints import (
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    UPDATE_CREDENTIAL,
    Call,
)
from aspire_gitops.gateway.replies import CredentialRow, parse
from aspire_gitops.gateway.wire.hiding import visible
from aspire_gitops.gateway.wire.marks import MARK, declared, mark_of, marking
from aspire_gitops.gateway.wire.normal import fields_under, nested
from aspire_gitops.state import GatewayObject, Kind, LastChange, ObjectKey


class CredentialWire:
    """Fields are `credential_values.*`, secrets as the gateway masks them, and `credential_info.*`."""

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        found = parse(CredentialRow, row)
        name = address or found.credential_name
        # A credential of the config file cannot be written through the API: not ours.
        mark = mark_of(found.credential_info) if found.source == "db" else None
        fields = {
            **dict(fields_under("credential_values", found.credential_values)),
            **dict(fields_under("credential_info", found.credential_info, skip={MARK})),
        }
        key = ObjectKey(Kind.CREDENTIAL, mark.name if mark else name)
        return GatewayObject(key, name, visible(fields, mark), mark, name)

    def last_change(self, _row: object) -> LastChange | None:
        return None  # the gateway keeps it, and shows it nowhere

    def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> Call:
        body = nested({**wanted.fields, **secrets})
        return Call(
            CREATE_CREDENTIAL,
            body={
                "credential_name": wanted.handle,
                "credential_values": body["credential_values"],
                "credential_info": {**body["credential_info"], **marking(wanted.mark)},
            },
        )

    def update(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str], row: object
    ) -> Call:
        body = nested({**wanted.fields, **secrets})
        found = parse(CredentialRow, row)
        keep = declared(wanted.fields, wanted.mark) | secrets.keys()
        dropped = sorted(
            name for name in found.credential_values if f"credential_values.{name}" not in keep
        )
        # The stored mapping is replaced whole, so what others keep there goes along.
        ours = mark_of(found.credential_info)
        before = {f"credential_info.{name}" for name in found.credential_info}
        gone = (before & (ours.fields if ours else frozenset())) | {f"credential_info.{MARK}"}
        others = {
            name: value
            for name, value in found.credential_info.items()
            if f"credential_info.{name}" not in gone
        }
        return Call(
            UPDATE_CREDENTIAL,
            values={"name": live.handle},
            body={
                "credential_info": {**others, **body["credential_info"], **marking(wanted.mark)},
                "credential_values": body["credential_values"],
                "credential_values_to_delete": dropped,
            },
        )

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        return (Call(DELETE_CREDENTIAL, values={"name": live.handle}, gone=frozenset({404})),)

    @staticmethod
    def single(reply: object) -> object:
        return reply
