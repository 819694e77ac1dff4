"""What the gateway's rows and git alone do not show stands on top, with the apps that it stops."""

from dataclasses import replace
from pathlib import Path

import pytest

from aspire_gitops.spend import Unsettled
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.value import Standing, Status, Trouble, TroubleKind
from support.folders import app
from support.spending_turns import Watched
from support.status_of import Watcher
from support.turns import Scene


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    watched = Watched(scene)
    watched.begin()
    return watched


def status(watched: Watched) -> Status:
    return Watcher(watched.scene).turn()


def troubles(watched: Watched, kind: TroubleKind) -> list[Trouble]:
    return [one for one in status(watched).troubles if one.kind is kind]


def test_a_calm_gateway_has_none_and_is_ready(watched: Watched) -> None:
    found = status(watched)
    assert found.troubles == ()
    assert "<h1>Ready " in status_page(status_document(found))


def test_a_spent_budget_names_the_apps_that_it_stops(watched: Watched) -> None:
    watched.ledger.spent = "100"
    found = status(watched)
    [trouble] = found.troubles
    assert (trouble.kind, trouble.name, trouble.stops) == (TroubleKind.BUDGET, "shared", ("shop",))
    assert "100.00 of 100.00 AUD are spent in November 2026" in trouble.what
    page = status_page(status_document(found))
    assert "<h1>Degraded <small>calls of 1 app fail</small></h1>" in page
    assert found.standing is Standing.READY


def test_a_secret_that_is_not_at_hand_is_said_although_calls_go_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    [trouble] = troubles(watched, TroubleKind.SECRET)
    assert (trouble.name, trouble.stops) == ("credential/acme", ())
    assert "env:ACME_API_KEY is not at hand: calls go on" in trouble.what


def test_a_credential_that_is_gone_without_its_secret_stops_its_apps(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    watched.scene.fake.credentials.rows.clear()
    [trouble] = troubles(watched, TroubleKind.SECRET)
    assert trouble.stops == ("shop",)
    assert "it cannot be put on the gateway" in trouble.what


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param({"expires": "2026-11-01T00:00:00Z"}, "it expired", id="expired"),
        pytest.param({"spend": 500.0, "max_budget": 100.0}, "it counts 500.00 USD", id="spent"),
        pytest.param({"blocked": True}, "it is blocked", id="blocked"),
    ],
)
def test_a_key_that_litellm_refuses_is_said_with_its_app(
    watched: Watched, row: dict[str, object], said: str
) -> None:
    watched.scene.stop = "another controller leads"  # else it is healed at once
    rows = watched.scene.fake.keys.rows.values()
    next(one for one in rows if one["key_alias"] == "shop.main").update(row)
    [trouble, *_] = troubles(watched, TroubleKind.KEY)
    assert (trouble.name, trouble.stops) == ("key/shop.main", ("shop",))
    assert said in trouble.what


def test_calls_that_nobody_booked_are_said(watched: Watched) -> None:
    watched.ledger.left = [Unsettled("shop", "chat", 3, watched.scene.now)]
    watched.scene.now = watched.scene.now.replace(hour=13)
    [trouble] = troubles(watched, TroubleKind.SPEND)
    assert "3 calls of app shop were let through and nothing was booked" in trouble.what
    assert trouble.since


def litellm_counts(watched: Watched, usd: float) -> None:
    rows = watched.scene.fake.keys.rows
    next(one for one in rows.values() if one["key_alias"] == "shop.main")["spend"] = usd


def test_calls_that_only_litellm_counts_are_said_after_two_minutes(watched: Watched) -> None:
    watcher = Watcher(watched.scene)
    with_ledger(watched)
    watcher.turn()
    litellm_counts(watched, 0.02)
    found = [[one.kind for one in watcher.turn(later_s=50).troubles] for _ in range(4)]
    assert found == [[], [], [], [TroubleKind.SPEND]]
    [trouble] = watcher.assembler.status().troubles
    assert "the ledger books none of them: LiteLLM has counted 0.02 USD" in trouble.what
    watched.ledger.booked = {"shop.main": "0.03"}
    assert watcher.turn().troubles == ()


def test_calls_that_both_count_are_no_trouble(watched: Watched) -> None:
    watcher = Watcher(watched.scene)
    with_ledger(watched)
    for number in range(6):
        litellm_counts(watched, number / 100)
        watched.ledger.booked = {"shop.main": str(number / 100)}
        assert watcher.turn(later_s=50).troubles == ()


def with_ledger(watched: Watched) -> None:
    """Let the Gateway have a ledger, so that keys are counted by it."""
    scene = watched.scene
    name = next(name for name in scene.resources if name.startswith("Gateway/"))
    scene.declare({**scene.resources[name], "ledger": {}})
    scene.commit("Load the ledger")
    scene.turn()


def test_an_adoption_that_finds_nothing_names_its_app(watched: Watched) -> None:
    scene = watched.scene
    scene.declare(app("late", ["chat"], {"name": "main", "adopt": True, "key_alias": "nowhere"}))
    scene.commit("Adopt")
    [trouble] = troubles(watched, TroubleKind.HELD)
    assert (trouble.name, trouble.stops) == ("key/late.main", ("late",))
    assert "AG507" in trouble.what


def test_what_stops_apps_comes_first(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    watched.ledger.spent = "100"
    kinds = [one.kind for one in status(watched).troubles]
    assert kinds == [TroubleKind.BUDGET, TroubleKind.SECRET]


def test_the_troubles_of_an_older_controller_are_none(watched: Watched) -> None:
    found = status_document(replace(status(watched), troubles=()))
    older = found.model_dump(exclude={"troubles", "is_current", "seen_at", "silent_since"})
    assert type(found).model_validate(older).troubles == ()
