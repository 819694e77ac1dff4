"""`kind: App` and its `kind: Budget` are one LiteLLM virtual key for each entry in `keys`. Pure.

Fields are limits, models, roads to other models, and `metadata.*` without our mark.
What they are compiled from is in `key_fields`, what LiteLLM answers in `key_row`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.kinds.base import (
    Call,
    Counting,
    Danger,
    Desired,
    Endpoint,
    Facts,
    Listing,
    Narrowing,
    Reading,
    Reviewed,
    Undo,
    Value,
)
from aspire_gitops.kinds.fields import field_of, fields_under, nested
from aspire_gitops.kinds.key_fields import (
    PROBE_KEY,
    compile_key,
    compile_probe_key,
    is_derived,
)
from aspire_gitops.kinds.key_row import (
    COUNTED,
    KeyHashesReply,
    KeyPageReply,
    KeyReply,
    KeyRow,
    facts_of,
)
from aspire_gitops.kinds.wire import MARK, declared, mark_of, marking, parse, told, visible
from aspire_gitops.resources import AppSpec, ProbesSpec
from aspire_gitops.state import (
    Fields,
    GatewayObject,
    Kind,
    LastChange,
    ObjectKey,
    State,
    of_kind,
)
from aspire_gitops.vocabulary import Rule, Span
from aspire_ledger.canonical import JsonValue

LAST_KEY = Rule("AG502", "last-key")

KEYS = Endpoint("GET", "/key/list")
READ_KEY = Endpoint("GET", "/key/info")
CREATE_KEY = Endpoint("POST", "/key/generate")
UPDATE_KEY = Endpoint("POST", "/key/update")
BLOCK_KEY = Endpoint("POST", "/key/block")
DELETE_KEY = Endpoint("POST", "/key/delete")
RESET_SPEND = Endpoint("POST", "/key/{hash}/reset_spend")

_LARGEST_PAGE = 100  # 422 above
_NO_KEY = "0" * 64
# A null in one of these is answered with 200 and bricks the key, or the whole key list.
_DICTS = frozenset({"aliases", "router_settings", "budget_fallbacks", "permissions", "config"})
_LISTS = frozenset({"allowed_routes"})
NO_MODEL = "no-default-models"  # an empty list would mean every model
# A limit, a budget or a road to another model that somebody set on an app's key by hand
# is drift; metadata may be anybody's.
_OWNED = (
    "max_budget",
    "budget_duration",
    "budget_id",
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
)
_FIELDS = (*_OWNED, "soft_budget", "team_id")


def key_address(value: str) -> str:
    """Return what LiteLLM calls a key: the sha256 of its value."""
    return sha256(value.encode()).hexdigest()


def was_deleted(reply: object) -> bool:
    """Say whether a read by hash found a key that somebody deleted."""
    return parse(KeyRow, parse(KeyReply, reply).info).status == "deleted"


def reset_spend(address: str, usd: float) -> Call:
    """Return the call that sets LiteLLM's own spend of a key back. It never raises it."""
    return Call(RESET_SPEND, values={"hash": address}, body={"reset_to": usd})


class KeyKind:
    """What an app calls with."""

    facts = Facts(
        name=Kind.KEY,
        needs=frozenset({Kind.DEPLOYMENT}),
        owned=(*_OWNED, "models"),
        unsettable=None,
        amounts=re.compile(r"metadata\.(monthly_aud|uplift_aud|usd_per_aud)"),
        parallel=8,
        named_by_address=False,
        heals_at_once=False,
        undo=Undo.SET_BACK,
        replacement=None,
        value=Value("key", "sk-", key_address, was_deleted, is_derived),
        counting=Counting(COUNTED, facts_of, reset_spend),
        reading=Reading(
            endpoint=READ_KEY, by="key", in_path=False, absent=frozenset({404}), shape=KeyReply
        ),
        listing=Listing(
            endpoint=KEYS,
            shape=KeyPageReply,
            page_size=_LARGEST_PAGE,
            params={"sort_by": "created_at", "sort_order": "asc"},
            # Somebody who sets a mapping of a key to null breaks the whole page it is on
            # (LiteLLM cannot build its reply), though each key alone can still be read.
            narrowing=Narrowing(
                whole={"return_full_object": "true"},
                addresses=KeyHashesReply,
                sizes={_LARGEST_PAGE: 10, 10: 1},
            ),
        ),
        update_replaces=True,
        create_leaves_row=False,
        rights=(
            Call(CREATE_KEY, body={"key": "sk-"}),
            Call(UPDATE_KEY, body={"key": _NO_KEY}),
            Call(BLOCK_KEY, body={"key": _NO_KEY}),
            Call(DELETE_KEY, body={"keys": [_NO_KEY]}),
            reset_spend(_NO_KEY, 0),
        ),
        rules=(LAST_KEY,),
    )

    def compile(self, reviewed: Reviewed) -> Iterator[Desired]:
        catalog = reviewed.catalog
        elsewhere = {(one.spec.app, one.spec.key): one.spec for one in catalog.deliveries.values()}
        for app in catalog.apps.values():
            aliases = (catalog.aliases.get(name) for name in app.spec.aliases)
            modes = frozenset(alias.spec.mode for alias in aliases if alias)
            for key in app.spec.keys:
                yield compile_key(app, key, modes, reviewed, elsewhere.get((app.name, key.name)))
        probes = reviewed.gateway.policy.probes
        if isinstance(probes, ProbesSpec) and catalog.aliases:
            yield compile_probe_key(reviewed, probes)

    def place(self, catalog: Catalog, name: str) -> Span | None:
        if name == PROBE_KEY.name and catalog.gateway:
            return catalog.gateway.span("policy")
        return next((app.span("keys", n, "name") for app, n in declarations(catalog, name)), None)

    def next_address(self, _name: str, _live: Iterable[GatewayObject]) -> None:
        return None  # the hash of a value that is not chosen yet

    def references(self, _fields: Fields) -> frozenset[tuple[Kind, str]]:
        return frozenset()  # an alias that is missing fails its own calls and no others

    def shown(self, _item: GatewayObject) -> str:
        return ""

    def uses(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        models = fields.get("models")
        named = models if isinstance(models, list | tuple) else ()
        return frozenset((Kind.DEPLOYMENT, str(name)) for name in named)

    def dangers(self, gone: Sequence[ObjectKey], ours: State, wanted: State) -> Iterator[Danger]:
        kept = {app_of(item) for item in of_kind(Kind.KEY, wanted.values())}
        for key in gone:
            app = app_of(ours[key])
            if app not in kept and key != PROBE_KEY:  # no app calls with it
                yield Danger(
                    key,
                    LAST_KEY,
                    "delete-last-key",
                    f'this deletes the last key of app "{app}", which then cannot call anything',
                    "if that is meant, add an Approval with `change: delete-last-key` and"
                    f" `object: {key}`",
                )

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
                "models": [NO_MODEL],
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
                **dict(self._cleared(now, wanted)),
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

    def single(self, reply: object) -> object:
        # A deleted key still answers a read by hash, and counts as absent.
        info = parse(KeyReply, reply).info
        return None if parse(KeyRow, info).status == "deleted" else info

    def _cleared(
        self, now: GatewayObject, wanted: GatewayObject
    ) -> Iterator[tuple[str, JsonValue]]:
        keep = frozenset(wanted.fields)
        set_by_us = declared({}, now.mark)
        for path in sorted(now.fields.keys() - keep):
            if path.startswith("metadata."):
                continue
            if self.facts.owns(path) or path in set_by_us:
                yield _emptied(path)


def declarations(catalog: Catalog, name: str) -> Iterator[tuple[Declared[AppSpec], int]]:
    """Yield the app that declares a key, and the place of the key in its list."""
    # Both halves of `<app>.<key>` may have dots, so every split is tried.
    for at in (place for place, letter in enumerate(name) if letter == "."):
        if app := catalog.apps.get(name[:at]):
            for number, key in enumerate(app.spec.keys):
                if key.name == name[at + 1 :]:
                    yield app, number


def app_of(item: GatewayObject) -> str:
    """Return the app that a key belongs to."""
    return str(item.fields.get("metadata.app") or item.key.name.rpartition(".")[0])


def may_call(item: GatewayObject, alias: str) -> bool:
    """Say whether a key lists an alias."""
    models = item.fields.get("models")
    if item.key == PROBE_KEY:
        return False  # it lists every alias, and nobody relies on that
    return isinstance(models, list | tuple) and alias in models


def _foreign_metadata(row: KeyRow) -> dict[str, Any]:
    mark = mark_of(row.metadata)
    ours = mark.fields if mark else frozenset()
    return {
        name: value
        for name, value in row.metadata.items()
        if name != MARK and f"metadata.{name}" not in ours
    }


def _emptied(name: str) -> tuple[str, JsonValue]:
    if name == "models":
        return name, [NO_MODEL]
    if name == "expires":
        return "duration", None
    if name in _DICTS:
        return name, {}
    return name, [] if name in _LISTS else None
