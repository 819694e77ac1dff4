"""`kind: Alias` is the one LiteLLM deployment (a "model" row) behind it. Pure.

Fields are `litellm_params.*`, `blocked`, and those `model_info.*` that our mark names.
The gateway fills `model_info` with some 180 facts of its built-in price map, under the
same names that we may write; only the mark tells which are ours. `validation` has made
sure that the provider is in use, and that no parameter routes, retries or authenticates.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

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
    Replacement,
    Reviewed,
    Undo,
    next_generation,
)
from aspire_gitops.kinds.credential import credential_name
from aspire_gitops.kinds.fields import as_stored, field_of, fields_under, nested, stated
from aspire_gitops.kinds.key import app_of, may_call
from aspire_gitops.kinds.prices import CARD_FIELD, card_of, price_fields
from aspire_gitops.kinds.wire import (
    Dict,
    JsonObject,
    PageReply,
    Reply,
    declared,
    mark_of,
    marking,
    parse,
    told,
    visible,
)
from aspire_gitops.releases import Release
from aspire_gitops.resources import AliasSpec, ProviderSpec
from aspire_gitops.state import (
    Fields,
    GatewayObject,
    Intent,
    Kind,
    LastChange,
    Mark,
    ObjectKey,
    State,
    of_kind,
)
from aspire_gitops.vocabulary import Rule, Span, one_line
from aspire_ledger.canonical import JsonValue

ALIAS_IN_USE = Rule("AG503", "alias-in-use")
_LONGEST = 120  # of a name that somebody else wrote

MODEL = "litellm_params.model"
API_BASE = "litellm_params.api_base"
CREDENTIAL = "litellm_params.litellm_credential_name"
CAPABILITY_FIELDS: Mapping[str, str] = {
    "audio": "supports_audio_input",
    "json_schema": "supports_response_schema",
    "ocr": "supports_ocr",  # LiteLLM has no name for it and keeps ours as it is
    "prompt_caching": "supports_prompt_caching",
    "reasoning": "supports_reasoning",
    "tools": "supports_function_calling",
    "vision": "supports_vision",
}

# Not /v1/model/info, though it is three times cheaper: it hides, with a 200, every
# deployment that is not on the admin key's own model list, and pruning trusts the list.
DEPLOYMENTS = Endpoint("GET", "/v2/model/info")
# Here /v1 is right: it reads the router, what is being served; /v2 with an id would
# also find a row in the database that is not.
READ_DEPLOYMENT = Endpoint("GET", "/v1/model/info")
CREATE_DEPLOYMENT = Endpoint("POST", "/model/new")
# Not POST /model/update: it drops fields.
UPDATE_DEPLOYMENT = Endpoint("PATCH", "/model/{id}/update")
DELETE_DEPLOYMENT = Endpoint("POST", "/model/delete")

# PATCH ignores null for nearly every field of a deployment.
_PRICES_THAT_UNSET = (
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)


class DeploymentRow(Reply):
    model_name: str
    litellm_params: Dict = Field(default_factory=dict)
    model_info: Dict = Field(default_factory=dict)


class DeploymentPageReply(PageReply):
    data: list[DeploymentRow]
    total_count: int
    total_pages: int

    @property
    def rows(self) -> Sequence[DeploymentRow]:
        return self.data

    @property
    def total(self) -> int:
        return self.total_count


class DeploymentReply(Reply):
    data: list[JsonObject] = Field(max_length=1)


class DeploymentKind:
    """What answers calls to an alias."""

    facts = Facts(
        name=Kind.DEPLOYMENT,
        needs=frozenset({Kind.CREDENTIAL}),
        owned=("litellm_params.", "blocked"),
        unsettable=frozenset({"blocked", CREDENTIAL})
        | {f"litellm_params.{price}" for price in _PRICES_THAT_UNSET},
        # Of the card everything in `price` but the words by which an image is chosen.
        amounts=re.compile(
            r"model_info\.aspire\.price\.((tiers\.)?\w*usd_per_\w+|images\.usd|usd_per_use\.\w+)"
        ),
        parallel=1,  # writes queue behind one lock; at 32 at once the gateway has lost a row
        named_by_address=False,
        heals_at_once=False,
        undo=Undo.SET_BACK_OR_REMOVE,
        # A key set on it by hand cannot be read back and would outrank our credential,
        # so a deployment is adopted by way of a new row, too.
        replacement=Replacement(target=frozenset({MODEL, API_BASE, CREDENTIAL})),
        value=None,
        counting=None,
        reading=Reading(
            endpoint=READ_DEPLOYMENT,
            by="litellm_model_id",
            in_path=False,
            absent=frozenset({400}),
            shape=DeploymentReply,
        ),
        listing=Listing(
            endpoint=DEPLOYMENTS,
            shape=DeploymentPageReply,
            page_size=500,  # no upper bound at the gateway; about 7.5 KB each
            # An update moves a deployment to the end of the router's list; by name it stays put.
            params={"sortBy": "model_name"},
        ),
        update_replaces=False,
        create_leaves_row=True,
        rights=(
            Call(CREATE_DEPLOYMENT, body={"model_name": NOBODY, "litellm_params": {}}),
            Call(UPDATE_DEPLOYMENT, {"id": NOBODY}, body={"model_info": {}}),
            Call(DELETE_DEPLOYMENT, body={"id": NOBODY}),
        ),
        rules=(ALIAS_IN_USE,),
    )

    def compile(self, reviewed: Reviewed) -> Iterator[Desired]:
        for alias in reviewed.catalog.aliases.values():
            provider = reviewed.catalog.providers[alias.spec.target.provider]
            yield _compiled(alias, provider, reviewed.release)

    def place(self, catalog: Catalog, name: str) -> Span | None:
        alias = catalog.aliases.get(name)
        return alias.span("name") if alias else None

    def next_address(self, name: str, live: Iterable[GatewayObject]) -> str:
        return next_generation(name, live)

    def references(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        # Without its credential it would call the provider with whatever key lies in
        # the gateway's environment.
        name = fields.get(CREDENTIAL)
        return frozenset({(Kind.CREDENTIAL, name)} if isinstance(name, str) else ())

    def shown(self, item: GatewayObject) -> str:
        model, vendor = answered_by(item)
        return f"{model} at {vendor}"

    def uses(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        return self.references(fields)

    def dangers(self, gone: Sequence[ObjectKey], ours: State, wanted: State) -> Iterator[Danger]:
        kept = [item for item in of_kind(Kind.KEY, ours.values()) if item.key in wanted]
        for key in gone:
            if users := sorted(app_of(item) for item in kept if may_call(item, key.name)):
                yield Danger(
                    key,
                    ALIAS_IN_USE,
                    "remove-alias-in-use",
                    f'alias "{key.name}" goes away, and on the gateway {_apps(users)} may call it',
                    "move the apps to another alias in an earlier commit, or add an Approval with"
                    f" `change: remove-alias-in-use` and `object: {key}`",
                )

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

    def single(self, reply: object) -> object:
        rows = parse(DeploymentReply, reply).data
        return rows[0] if rows else None

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
        cleared: dict[str, JsonValue] = dict.fromkeys(self._cleared(live, wanted, secrets))
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

    def _cleared(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str]
    ) -> Iterator[str]:
        # PATCH reads null as "leave it" for all but a few parameters.
        keep = declared(wanted.fields, wanted.mark) | secrets.keys()
        for path in live.fields.keys() - keep:
            group, _, name = path.partition(".")
            if group == "litellm_params" and self.facts.can_unset(path):
                yield name


def deployment_of(alias: str) -> ObjectKey:
    """Return the name of the deployment that serves an alias."""
    return ObjectKey(Kind.DEPLOYMENT, alias)


def answered_by(item: GatewayObject) -> tuple[str, str]:
    """Return the model and the vendor's host that a deployment calls, as far as it says."""
    model, base = item.fields.get(MODEL), item.fields.get(API_BASE)
    prefix, slash, _ = str(model or "").partition("/")
    named = item.fields.get("litellm_params.custom_llm_provider") or (prefix if slash else "")
    try:
        host = urlsplit(base).hostname if isinstance(base, str) else None
    except ValueError:
        host = None
    if isinstance(base, str) and base and host is None:
        host = "an address that is hidden"  # it holds a password, or is no address
    vendor = host or item.fields.get(CREDENTIAL) or named or "a vendor that it does not name"
    return one_line(str(model or "an unknown model"))[:_LONGEST], one_line(str(vendor))[:_LONGEST]


def intruders(
    objects: Iterable[GatewayObject], owner: str, aliases: Container[str]
) -> tuple[GatewayObject, ...]:
    """Return the deployments without our mark that share a name with one of `aliases`."""
    found = of_kind(Kind.DEPLOYMENT, objects)
    return tuple(
        item
        for item in found
        if item.handle in aliases and not (item.mark and item.mark.owner == owner)
    )


def _compiled(
    alias: Declared[AliasSpec], provider: Declared[ProviderSpec], release: Release
) -> Desired:
    spec = alias.spec
    params = {
        **_parameters(spec),
        **_target(spec, provider.spec, release),
        **price_fields(spec, release),
        **_limits(spec),
    }
    fields = {f"litellm_params.{name}": value for name, value in params.items()}
    fields |= {f"model_info.{name}": value for name, value in _model_info(spec).items()}
    fields[CARD_FIELD] = card_of(spec)
    # The address stays open: planning chooses it, because a replacement needs a new one.
    wanted = GatewayObject(deployment_of(spec.name), spec.name, stated(fields))
    return wanted, Intent(adopt=spec.adopt, source=alias.document.path)


def _parameters(spec: AliasSpec) -> dict[str, JsonValue]:
    return {name: as_stored(value) for name, value in (spec.parameters or {}).items()}


def _target(spec: AliasSpec, provider: ProviderSpec, release: Release) -> dict[str, JsonValue]:
    api = release.apis[provider.api]
    return {
        "model": api.model(spec.target.model),
        "litellm_credential_name": credential_name(provider.name),
        # Also in the credential. Here it outlives the credential: without it a
        # deployment whose credential is gone would call the vendor's public address.
        "api_base": api.base_url(provider.base_url),
    }


def _limits(spec: AliasSpec) -> dict[str, JsonValue]:
    if spec.limits is None:
        return {}
    return {
        "rpm": spec.limits.requests_per_minute,
        "tpm": spec.limits.tokens_per_minute,
        "timeout": spec.limits.timeout_s,
    }


def _model_info(spec: AliasSpec) -> dict[str, JsonValue]:
    return {
        "mode": spec.mode,
        "max_input_tokens": spec.context_window_tokens,
        "max_output_tokens": spec.max_output_tokens,
        "output_vector_size": spec.embedding_dimensions,
        **{CAPABILITY_FIELDS[capability]: True for capability in spec.capabilities},
    }


def _info(
    address: str | None, body: Mapping[str, dict[str, JsonValue]], mark: Mark | None
) -> dict[str, JsonValue]:
    return {**body.get("model_info", {}), "id": address, **marking(mark)}


def _written_info(info: Mapping[str, Any], mark: Mark | None) -> Iterator[tuple[str, JsonValue]]:
    for path in mark.fields if mark else ():
        group, _, name = path.partition(".")
        if group == "model_info":
            yield from field_of(path, info.get(name))


def _apps(names: Sequence[str]) -> str:
    quoted = [f'app "{name}"' for name in dict.fromkeys(names)]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
