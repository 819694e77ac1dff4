"""`kind: Provider` is a LiteLLM credential, `gw.<provider>`, with a reference to its secret. Pure.

Fields are `credential_values.*`, secrets as the gateway masks them, and `credential_info.*`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.kinds.base import (
    NOBODY,
    Call,
    Danger,
    Desired,
    Endpoint,
    Facts,
    Listing,
    Reading,
    Reviewed,
    Undo,
)
from aspire_gitops.kinds.fields import fields_under, nested, stated
from aspire_gitops.kinds.wire import (
    MARK,
    Dict,
    PageReply,
    Reply,
    declared,
    mark_of,
    marking,
    parse,
    visible,
)
from aspire_gitops.releases import Release
from aspire_gitops.resources import EnvCredentialSpec, FileCredentialSpec, ProviderSpec
from aspire_gitops.state import (
    Fields,
    GatewayObject,
    Intent,
    Kind,
    LastChange,
    ObjectKey,
    SecretReference,
    State,
)
from aspire_gitops.vocabulary import Span

SECRET_FIELD = "credential_values.api_key"  # noqa: S105 (a field's name, not a secret)

CREDENTIALS = Endpoint("GET", "/credentials")
READ_CREDENTIAL = Endpoint("GET", "/credentials/by_name/{name}")
CREATE_CREDENTIAL = Endpoint("POST", "/credentials")
UPDATE_CREDENTIAL = Endpoint("PATCH", "/credentials/{name}")
DELETE_CREDENTIAL = Endpoint("DELETE", "/credentials/{name}")


class CredentialRow(Reply):
    credential_name: str
    credential_values: Dict = Field(default_factory=dict)
    credential_info: Dict = Field(default_factory=dict)
    source: str = "db"


class CredentialListReply(PageReply):
    credentials: list[CredentialRow]

    @property
    def rows(self) -> Sequence[CredentialRow]:
        return self.credentials

    @property
    def total(self) -> int:
        return len(self.credentials)


def credential_name(provider: str) -> str:
    """Return the credential's name on the gateway; deployments refer to it."""
    return f"gw.{provider}"


class CredentialKind:
    """What deployments call a vendor with."""

    facts = Facts(
        name=Kind.CREDENTIAL,
        needs=frozenset(),
        owned=("credential_values.",),
        amounts=None,
        unsettable=None,
        parallel=4,
        named_by_address=True,
        heals_at_once=True,  # a pause would cost every app behind its deployments
        undo=Undo.LEAVE,  # its old secret is not known here
        replacement=None,
        value=None,
        counting=None,
        reading=Reading(
            endpoint=READ_CREDENTIAL,
            by="name",
            in_path=True,
            absent=frozenset({404}),
            shape=CredentialRow,
        ),
        listing=Listing(endpoint=CREDENTIALS, shape=CredentialListReply, page_size=None),
        update_replaces=True,
        create_leaves_row=False,
        rights=(
            Call(CREATE_CREDENTIAL, body={}),
            Call(UPDATE_CREDENTIAL, {"name": NOBODY}, body={"credential_info": {}}),
            Call(DELETE_CREDENTIAL, {"name": NOBODY}),
        ),
        rules=(),
    )

    def compile(self, reviewed: Reviewed) -> Iterator[Desired]:
        for provider in reviewed.catalog.providers.values():
            if provider.spec.deferred is None:
                yield _compiled(provider, reviewed.release)

    def place(self, catalog: Catalog, name: str) -> Span | None:
        provider = catalog.providers.get(name)
        return provider.span("name") if provider else None

    def next_address(self, name: str, _live: Iterable[GatewayObject]) -> str:
        return credential_name(name)

    def references(self, _fields: Fields) -> frozenset[tuple[Kind, str]]:
        return frozenset()

    def shown(self, _item: GatewayObject) -> str:
        return ""

    def uses(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        return self.references(fields)

    def dangers(self, _gone: Sequence[ObjectKey], _ours: State, _wanted: State) -> Iterator[Danger]:
        yield from ()  # what stands on it is asked about itself

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

    def single(self, reply: object) -> object:
        return reply

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


def _compiled(provider: Declared[ProviderSpec], release: Release) -> Desired:
    spec, api = provider.spec, release.apis[provider.spec.api]
    name = credential_name(spec.name)
    fields = stated(
        {
            "credential_info.billing": spec.billing,
            # The admin page files a credential under this name.
            "credential_info.custom_llm_provider": api.prefix,
            "credential_info.vendor": spec.vendor,
            "credential_values.api_base": api.base_url(spec.base_url),
        }
    )
    intent = Intent(
        adopt=spec.adopt,
        secrets={SECRET_FIELD: _reference(spec.credential)},
        source=provider.document.path,
    )
    return GatewayObject(ObjectKey(Kind.CREDENTIAL, spec.name), name, fields, address=name), intent


def _reference(credential: EnvCredentialSpec | FileCredentialSpec) -> SecretReference:
    match credential:
        case EnvCredentialSpec(env=variable):
            return SecretReference("env", variable)
        case FileCredentialSpec(file=path):
            return SecretReference("file", path)
