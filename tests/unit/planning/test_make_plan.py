"""One row, one situation on the gateway, and the step that the plan takes for it."""

from dataclasses import replace

import pytest

from aspire_gitops.planning import Action, Cause, Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import (
    Approved,
    Compiled,
    GatewayObject,
    Intent,
    Kind,
    LiveFallback,
    ObjectKey,
    Snapshot,
)
from support.objects import (
    OWNER,
    app_key,
    applied,
    as_applied,
    changed,
    compiled,
    credential,
    deployment,
    snapshot,
    unmanaged,
)

CHAT = deployment("chat")
CHAT_KEY = CHAT.key


def plan(wanted: Compiled, live: Snapshot) -> Plan:
    return make_plan(wanted, live, owner=OWNER, evidence={})


def steps(made: Plan) -> list[str]:
    return [f"{change.action} {change.key}" for change in made.changes]


@pytest.mark.parametrize(
    ("wanted", "live", "expected"),
    [
        pytest.param([CHAT], [], ["create deployment/chat"], id="only in git"),
        pytest.param([CHAT], [applied(CHAT)], [], id="as we left it"),
        pytest.param(
            [deployment(rpm=6)], [applied(CHAT)], ["update deployment/chat"], id="git added a field"
        ),
        pytest.param(
            [CHAT],
            [applied(deployment(rpm=6))],
            ["replace deployment/chat"],
            id="git dropped a field that PATCH cannot unset",
        ),
        pytest.param(
            [CHAT],
            [applied(deployment(cache_read_input_token_cost=1e-7))],
            ["update deployment/chat"],
            id="git dropped a price, which PATCH can unset",
        ),
        pytest.param(
            [CHAT],
            [changed(applied(CHAT), litellm_params__model="openai/other")],
            ["update deployment/chat"],
            id="somebody changed a field",
        ),
        pytest.param(
            [CHAT],
            [changed(applied(CHAT), litellm_params__fallbacks=("other",))],
            ["replace deployment/chat"],
            id="somebody opened a road to another model",
        ),
        pytest.param(
            [CHAT],
            [changed(applied(CHAT), model_info__supports_vision=True)],
            [],
            id="the gateway knows more about the model than we said",
        ),
        pytest.param(
            [app_key()],
            [changed(applied(app_key()), rpm_limit=9)],
            ["update key/shop.main"],
            id="somebody put a limit on an app's key",
        ),
        pytest.param(
            [app_key()],
            [changed(applied(app_key()), metadata__note="hello")],
            [],
            id="somebody left a note in a key's metadata",
        ),
        pytest.param(
            [CHAT], [applied(CHAT), unmanaged(deployment("theirs"))], [], id="not ours, left alone"
        ),
        pytest.param(
            [CHAT],
            [applied(CHAT), applied(deployment("theirs"), owner="somebody-else")],
            [],
            id="another owner's mark is not ours",
        ),
        pytest.param(
            [CHAT],
            [replace(applied(CHAT), address="gw.chat.1"), replace(applied(CHAT), address="gw.chat.2")],
            ["delete deployment/chat"],
            id="a replacement was interrupted before the old row went",
        ),
        pytest.param(
            [CHAT],
            [replace(applied(CHAT), address="0b5c-uuid")],
            ["replace deployment/chat"],
            id="an adoption was interrupted after the mark",
        ),
    ],
)  # fmt: skip
def test_step(wanted: list[GatewayObject], live: list[GatewayObject], expected: list[str]) -> None:
    made = plan(compiled(*wanted), snapshot(*live))
    assert steps(made) == expected
    assert made.refusals == ()


def test_creations_go_down_the_kinds_and_deletions_up() -> None:
    old = [credential("old"), deployment("old", "old"), app_key("gone")]
    kept = app_key("gone", "spare")
    new = [credential("new"), deployment("new", "new"), app_key("new"), kept]
    live = [applied(item) for item in [*old, kept]]
    assert steps(plan(compiled(*new), snapshot(*live))) == [
        "create credential/new",
        "create deployment/new",
        "create key/new.main",
        "delete key/gone.main",
        "delete deployment/old",
        "delete credential/old",
    ]


def test_a_leftover_is_the_older_row() -> None:
    rows = [replace(applied(CHAT), address=f"gw.chat.{n}") for n in (9, 10)]
    made = plan(compiled(CHAT), snapshot(*rows))
    assert [c.before and c.before.address for c in made.changes] == ["gw.chat.9"]


def test_a_replacement_goes_to_a_number_that_nobody_has() -> None:
    rows = [replace(applied(deployment(rpm=1)), address=f"gw.chat.{n}") for n in (3, 7)]
    made = plan(compiled(CHAT), snapshot(*rows))
    assert [c.after.address for c in made.changes if c.after] == ["gw.chat.8"]


def test_a_field_that_git_changed_and_one_that_drifted_have_different_causes() -> None:
    by_git = plan(compiled(deployment(rpm=6)), snapshot(applied(CHAT)))
    by_hand = plan(compiled(CHAT), snapshot(changed(applied(CHAT), litellm_params__model="x")))
    assert [f.cause for c in by_git.changes for f in c.fields] == [Cause.GIT]
    assert [f.cause for c in by_hand.changes for f in c.fields] == [Cause.DRIFT]


def test_a_value_set_by_hand_is_not_repeated_in_the_plan() -> None:
    live = changed(applied(CHAT), litellm_params__extra_headers={"x-token": "hunter2hunter2"})
    made = plan(compiled(CHAT), snapshot(live))
    assert made.changes
    assert "hunter2" not in repr(made)


# ── names that are taken, and adoption ──────────────────────────────────────

ADOPTING = {CHAT_KEY: Intent(adopt=True)}


@pytest.mark.parametrize(
    ("intents", "live", "expected"),
    [
        pytest.param({}, [unmanaged(CHAT)], ["AG504"], id="a foreign model has the name"),
        pytest.param({}, [applied(CHAT), unmanaged(CHAT)], ["AG504"], id="beside ours, too"),
        pytest.param(
            ADOPTING,
            [unmanaged(CHAT, "a"), unmanaged(CHAT, "b")],
            ["AG504"],
            id="two to choose from",
        ),
        pytest.param(ADOPTING, [unmanaged(CHAT)], [], id="one to adopt"),
    ],
)
def test_a_taken_name_is_refused(
    intents: dict[ObjectKey, Intent], live: list[GatewayObject], expected: list[str]
) -> None:
    made = plan(compiled(CHAT, intents=intents), snapshot(*live))
    assert [refusal.rule.code for refusal in made.refusals] == expected


def test_an_adopted_deployment_gets_a_row_of_ours() -> None:
    made = plan(compiled(CHAT, intents=ADOPTING), snapshot(unmanaged(CHAT, "uuid-1")))
    [change] = made.changes
    assert (change.action, change.before and change.before.address) == (Action.ADOPT, "uuid-1")
    assert change.after
    assert change.after.address == "gw.chat.1"


def test_an_adopted_key_keeps_its_address() -> None:
    wanted = app_key("postiz")
    intents = {wanted.key: Intent(adopt=True)}
    made = plan(compiled(wanted, intents=intents), snapshot(unmanaged(wanted, "ab" * 32)))
    [held] = made.held  # nobody knows what LiteLLM counts for it
    change = held.change
    assert change.action is Action.ADOPT
    assert change.after
    assert change.after.address == "ab" * 32


def test_a_key_to_adopt_that_is_not_there_is_not_created() -> None:
    wanted = app_key("postiz")
    made = plan(compiled(wanted, intents={wanted.key: Intent(adopt=True)}), snapshot())
    assert [refusal.rule.code for refusal in made.refusals] == ["AG507"]
    assert made.changes == ()


def test_two_keys_with_one_mark_are_a_riddle() -> None:
    twins = [replace(applied(app_key()), address=a * 64) for a in "ab"]
    made = plan(compiled(app_key()), snapshot(*twins))
    assert [refusal.rule.code for refusal in made.refusals] == ["AG505"]


# ── protection ──────────────────────────────────────────────────────────────


def many(n: int) -> list[GatewayObject]:
    return [deployment(f"m{i}") for i in range(n)]


def approved(change: str, *keys: ObjectKey) -> tuple[Approved, ...]:
    return tuple(Approved(change, key, "boss@example.com", "agreed") for key in keys)


@pytest.mark.parametrize(
    ("live", "wanted", "approvals", "expected"),
    [
        pytest.param(many(3), many(1), (), [], id="as many deletions as the policy allows"),
        pytest.param(many(4), many(1), (), ["AG501"], id="one more"),
        pytest.param(
            many(4), many(1), approved("delete", many(4)[3].key), [], id="one more, agreed to"
        ),
        pytest.param([app_key()], [CHAT], (), ["AG502"], id="an app's last key"),
        pytest.param(
            [app_key(), app_key(key="b")], [app_key(key="b")], (), [], id="not its last key"
        ),
        pytest.param(
            [app_key()], [CHAT], approved("delete", app_key().key), ["AG502"],
            id="the wrong agreement",
        ),
        pytest.param(
            [app_key()], [CHAT], approved("delete-last-key", app_key().key), [], id="agreed to"
        ),
        pytest.param(
            [CHAT, app_key()], [app_key(models=["other"])], (), ["AG503"],
            id="an alias that a declared app may call",
        ),
        pytest.param(
            [CHAT, app_key()], [app_key(models=["other"])],
            approved("remove-alias-in-use", CHAT_KEY), [], id="the same, agreed to",
        ),
        pytest.param(
            [CHAT, app_key(models=["other"])], [app_key(models=["other"])], (), [],
            id="an alias that no app may call",
        ),
        pytest.param([CHAT], [], (), ["AG506"], id="an empty source"),
        pytest.param([], [], (), ["AG506"], id="an empty source on an empty gateway"),
    ],
)  # fmt: skip
def test_protection(
    live: list[GatewayObject],
    wanted: list[GatewayObject],
    approvals: tuple[Approved, ...],
    expected: list[str],
) -> None:
    asked = compiled(*wanted, approvals=approvals, max_deletions=2)
    made = plan(asked, snapshot(*map(applied, live)))
    assert [refusal.rule.code for refusal in made.refusals] == expected


# ── what is shown and left alone ────────────────────────────────────────────


def test_unmanaged_objects_and_fallbacks_are_named() -> None:
    live = replace(
        snapshot(applied(CHAT), unmanaged(deployment("theirs"))),
        fallbacks=(LiveFallback("chat", "general", ("theirs",)),),
        litellm_version="1.107.0",
    )
    made = plan(compiled(CHAT), live)
    assert made.unmanaged == ("deployment/theirs (made-by-hand)",)
    assert made.changes == ()
    assert made.fallbacks == live.fallbacks
    [version] = made.warnings
    assert "1.107.0" in version


def test_secrets_that_are_not_at_hand_are_named_and_not_guessed() -> None:
    acme = credential()
    wanted = compiled(acme)
    secret = {acme.key: {"credential_values.api_key": "provider-secret"}}
    from support.objects import with_intents

    wanted = with_intents(wanted)
    made = plan(wanted, as_applied(wanted, secret))
    assert (made.changes, made.unverified) == ((), (acme.key,))
    assert all(key.kind is Kind.CREDENTIAL for key in made.unverified)


def test_a_swap_that_forgets_its_price_is_warned_of_with_a_suggestion() -> None:
    swapped = deployment("chat", model="anthropic/claude-haiku-4-5")
    made = plan(compiled(swapped), snapshot(applied(CHAT)))
    (warning,) = made.warnings
    assert warning.startswith('alias "chat" gets another target, and its price')
    assert "not reviewed, LiteLLM's own list has anthropic/claude-haiku-4-5: 1 in, 5 out" in warning
    priced = deployment("chat", model="anthropic/claude-haiku-4-5", input_cost_per_token=1.5e-06)
    assert plan(compiled(priced), snapshot(applied(CHAT))).warnings == ()


def test_a_target_that_somebody_changed_by_hand_forgets_no_price() -> None:
    """Healing it is no swap."""
    live = changed(applied(CHAT), litellm_params__model="openai/other")
    assert plan(compiled(CHAT), snapshot(live)).warnings == ()
