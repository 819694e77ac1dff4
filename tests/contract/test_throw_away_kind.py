"""A kind that is one file and one row goes through everything: `support/team_kind.py`.

No code knows it. It is compiled, planned, written down, applied, read back,
healed and deleted by the same planning, applying and client as the others.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from aspire_gitops.applying import apply_plan
from aspire_gitops.codec.plan import plan_from_json, plan_to_json
from aspire_gitops.compiling import artifacts, compile_catalog
from aspire_gitops.kinds import KINDS, parse_key
from aspire_gitops.planning import Action, Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.review.findings import place_of_object
from aspire_gitops.state import Compiled, GatewayObject, of_kind
from support.catalogs import GATEWAY, TODAY, alias, app, budget, catalog_of, provider
from support.fake_gateway import Request
from support.fake_gateway.holders import Holders
from support.fake_gateway.wire import Refused, Route
from support.fake_gateway_subject import Subject, fresh
from support.objects import IN_TEMPORARY, snapshot
from support.team_kind import TEAM, TeamKind


@dataclass(frozen=True)
class Teams:
    """What the fake gateway's teams lack."""

    holders: Holders

    def routes(self) -> list[Route]:
        return [
            Route.of("GET", "/v2/team/list", self.list),
            Route.of("POST", "/team/update", self.update),
            Route.of("POST", "/team/delete", self.delete),
        ]

    def list(self, request: Request) -> Any:
        size, page = int(request.query["page_size"]), int(request.query.get("page", "1"))
        rows = list(self.holders.teams.values())
        return {"teams": rows[(page - 1) * size : page * size], "total": len(rows), "page": page}

    def update(self, request: Request) -> Any:
        self._row(request.body["team_id"]).update(request.body)

    def delete(self, request: Request) -> Any:
        for team in request.body["team_ids"]:
            self._row(team)
            del self.holders.teams[team]

    def _row(self, team: str) -> dict[str, Any]:
        if team not in self.holders.teams:
            raise Refused(404, f"Team not found, passed team_id={team}")
        return self.holders.teams[team]


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, TEAM, TeamKind())


def owner() -> str:
    return f"{fresh('team')}@example.com"


def asked(*owners: str) -> Compiled:
    """Compile an app for each owner."""
    apps = [app(f"app-{n}", owner=owner) for n, owner in enumerate(owners)]
    catalog = catalog_of([GATEWAY, provider(), alias(), budget(), *apps])
    return compile_catalog(catalog, today=TODAY)


@dataclass(frozen=True)
class Managed:
    """The teams of one gateway under a mark of our own: the real gateway is shared."""

    gateway: Subject
    mark: str

    def plan(self, compiled: Compiled) -> Plan:
        teams = {item.key: item for item in of_kind(TEAM, compiled.objects.values())}
        alone = replace(compiled, objects=teams)
        return make_plan(alone, self.gateway.snapshot(), owner=self.mark, evidence={})

    def apply(self, compiled: Compiled) -> list[str]:
        """Plan, write the plan down, read it, carry it out; return what was done, in order."""
        plan = plan_from_json(plan_to_json(self.plan(compiled)))
        outcome = self.gateway.using(lambda client: apply_plan(plan, client, {}, IN_TEMPORARY))
        assert [result.message for result in outcome.results if result.message] == []
        assert self.plan(compiled).changes == (), "what was just applied plans to nothing"
        return [f"{change.action} {change.key}" for change in plan.changes]

    def team(self, name: str) -> GatewayObject | None:
        return self.gateway.read(TEAM, f"gw.{name}")


@pytest.fixture
def managed(gateway: Subject) -> Managed:
    if gateway.fake:
        gateway.fake.serve(*Teams(gateway.fake.holders).routes())
    return Managed(gateway, fresh("throw-away"))


def test_it_is_created_read_back_and_deleted(managed: Managed) -> None:
    first, second = sorted((owner(), owner()))
    assert managed.apply(asked(first, second)) == [
        f"create team/{first}",
        f"create team/{second}",
    ]
    live = managed.team(first)
    assert live
    assert live.fields == {"models": ("qwen-chat",), "metadata.owner": first}
    assert live.mark
    assert live.mark.owner == managed.mark

    assert managed.apply(asked(second)) == [f"delete team/{first}"]
    assert managed.team(first) is None


def test_what_somebody_set_by_hand_is_drift_and_is_healed(managed: Managed) -> None:
    name = owner()
    managed.apply(asked(name))
    hand = {"team_id": f"gw.{name}", "max_budget": 5}
    managed.gateway.tell("POST", "/team/update", hand)

    [change] = managed.plan(asked(name)).changes
    assert (change.action, change.is_drift) == (Action.UPDATE, True)
    assert [field.path for field in change.fields] == ["max_budget"]
    managed.apply(asked(name))
    live = managed.team(name)
    assert live
    assert "max_budget" not in live.fields


def test_one_that_others_made_is_named_and_left_alone(managed: Managed) -> None:
    name = owner()
    managed.gateway.tell("POST", "/team/new", {"team_id": fresh("id"), "team_alias": name})
    plan = managed.plan(asked(name))
    assert [(one.rule.name, one.object) for one in plan.refusals] == [
        ("name-taken", f"team/{name}")
    ]


def test_the_rights_that_it_needs_are_tried(managed: Managed) -> None:
    before = managed.gateway.snapshot().digest
    managed.gateway.using(lambda client: client.check_rights())
    assert managed.gateway.snapshot().digest == before


def test_it_stands_in_the_artifacts_and_has_a_place_in_the_files() -> None:
    compiled = asked("ops@example.com")
    assert '"teams": 1' in artifacts(compiled)["manifest.json"]
    assert parse_key("team/ops@example.com") in compiled.objects
    catalog = catalog_of([app(owner="ops@example.com")])
    place = place_of_object("team/ops@example.com", catalog, catalog)
    assert place.path == "gateway.d/App/agents.yaml"


def test_a_whole_plan_with_it_is_in_the_order_of_need() -> None:
    compiled = asked("ops@example.com")
    plan = make_plan(compiled, snapshot(), owner="throw-away", evidence={})
    kinds = [change.key.kind for change in plan.changes]
    assert kinds == ["credential", "team", "deployment", "key"]
