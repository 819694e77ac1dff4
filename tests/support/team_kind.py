"""A throw-away kind, as a newcomer would add one: LiteLLM's team, one for each owner of apps.

This file is all of it but its row in the registry.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds import (
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
from aspire_gitops.kinds.fields import field_of, fields_under, nested, stated
from aspire_gitops.kinds.wire import (
    MARK,
    Dict,
    JsonObject,
    List,
    Number,
    PageReply,
    Reply,
    mark_of,
    marking,
    parse,
    visible,
)
from aspire_gitops.state import (
    Fields,
    GatewayObject,
    Intent,
    Kind,
    LastChange,
    ObjectKey,
    State,
)
from aspire_gitops.vocabulary import Span
from aspire_ledger.canonical import JsonValue

TEAM = Kind("team")


class TeamRow(Reply):
    team_id: str
    team_alias: str | None = None
    models: List = Field(default_factory=list)
    max_budget: Number | None = None
    metadata: Dict = Field(default_factory=dict)


class TeamPageReply(PageReply):
    teams: list[TeamRow]
    total_teams: int = Field(alias="total")

    @property
    def rows(self) -> Sequence[TeamRow]:
        return self.teams

    @property
    def total(self) -> int:
        return self.total_teams


class TeamReply(Reply):
    team_info: JsonObject


class TeamKind:
    facts = Facts(
        name=TEAM,
        needs=frozenset(),
        owned=("models", "max_budget"),
        unsettable=None,
        amounts=None,
        parallel=4,
        named_by_address=True,
        heals_at_once=False,
        undo=Undo.SET_BACK,
        replacement=None,
        value=None,
        counting=None,
        reading=Reading(
            endpoint=Endpoint("GET", "/team/info"),
            by="team_id",
            in_path=False,
            absent=frozenset({404}),
        ),
        listing=Listing(
            endpoint=Endpoint("GET", "/v2/team/list"),
            shape=TeamPageReply,
            page_size=100,
            size_by="page_size",
        ),
        update_replaces=True,
        create_leaves_row=False,
        rights=(
            Call(Endpoint("POST", "/team/update"), body={"team_id": NOBODY}),
            Call(Endpoint("POST", "/team/delete"), body={"team_ids": [NOBODY]}),
        ),
        rules=(),
    )

    def compile(self, reviewed: Reviewed) -> Iterator[Desired]:
        aliases: dict[str, set[str]] = defaultdict(set)
        for app in reviewed.catalog.apps.values():
            aliases[app.spec.owner] |= set(app.spec.aliases)
        for owner, models in aliases.items():
            fields = stated({"models": tuple(sorted(models)), "metadata.owner": owner})
            yield GatewayObject(ObjectKey(TEAM, owner), owner, fields), Intent(source="apps/")

    def place(self, catalog: Catalog, name: str) -> Span | None:
        owned = (app for app in catalog.apps.values() if app.spec.owner == name)
        return next((app.span("owner") for app in owned), None)

    def next_address(self, name: str, _live: Iterable[GatewayObject]) -> str:
        return f"gw.{name}"

    def references(self, _fields: Fields) -> frozenset[tuple[Kind, str]]:
        return frozenset()

    def shown(self, _item: GatewayObject) -> str:
        return ""

    def uses(self, _fields: Fields) -> frozenset[tuple[Kind, str]]:
        return frozenset()

    def dangers(self, _gone: Sequence[ObjectKey], _ours: State, _wanted: State) -> Iterator[Danger]:
        yield from ()

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        found = parse(TeamRow, row)
        mark, handle = mark_of(found.metadata), found.team_alias or ""
        fields = {
            **dict(field_of("models", sorted(found.models))),
            **dict(field_of("max_budget", found.max_budget)),
            **dict(fields_under("metadata", found.metadata, skip={MARK})),
        }
        key = ObjectKey(TEAM, mark.name if mark else handle or found.team_id)
        return GatewayObject(key, handle, visible(fields, mark), mark, address or found.team_id)

    def last_change(self, _row: object) -> LastChange | None:
        return None

    def single(self, reply: object) -> object:
        return parse(TeamReply, reply).team_info

    def create(self, wanted: GatewayObject, _secrets: Mapping[str, str]) -> Call:
        return Call(Endpoint("POST", "/team/new"), body=self._body(wanted))

    def update(
        self,
        live: GatewayObject,
        wanted: GatewayObject,
        _secrets: Mapping[str, str],
        row: object,
    ) -> Call:
        now = self.live(row, live.address)
        cleared: dict[str, JsonValue] = {
            path: None for path in now.fields.keys() - wanted.fields if self.facts.owns(path)
        }
        return Call(Endpoint("POST", "/team/update"), body={**cleared, **self._body(wanted)})

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        body = {"team_ids": [live.address]}
        return (Call(Endpoint("POST", "/team/delete"), body=body, gone=frozenset({404})),)

    def _body(self, wanted: GatewayObject) -> dict[str, JsonValue]:
        body = nested(wanted.fields)
        metadata = {**body["metadata"], **marking(wanted.mark)}
        names = {"team_id": wanted.address, "team_alias": wanted.handle}
        return {**body[""], **names, "metadata": metadata}
