"""What holds for every plan."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.planning import Action, Plan, stage
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import Compiled, GatewayObject, Snapshot
from aspire_ledger.canonical import JsonValue
from support.objects import OWNER, app_key, as_applied, compiled, credential, deployment, unmanaged

NAMES = st.sampled_from(["a", "b", "c.d", "e-f"])
PARAMS: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
    st.sampled_from(["rpm", "tpm", "timeout", "temperature"]), st.integers(1, 3), max_size=3
)


@st.composite
def objects(draw: st.DrawFn) -> list[GatewayObject]:
    params = draw(st.dictionaries(NAMES, PARAMS, max_size=4))
    credentials = [credential(name) for name in draw(st.sets(NAMES, max_size=3))]
    deployments = [deployment(name, "acme", **values) for name, values in params.items()]
    keys = [app_key(name, models=draw(st.sets(NAMES, min_size=1))) for name in draw(st.sets(NAMES))]
    return [*credentials, *deployments, *keys]


states = objects().map(lambda items: compiled(*items, max_deletions=10_000))


def plan(wanted: Compiled, live: Snapshot) -> Plan:
    return make_plan(wanted, live, owner=OWNER, evidence={})


@given(states)
def test_what_was_just_applied_plans_to_nothing(wanted: Compiled) -> None:
    """Otherwise the loop would never rest."""
    assert plan(wanted, as_applied(wanted)).changes == ()


@given(states, states)
def test_every_difference_is_one_change_and_nothing_else_is_touched(
    wanted: Compiled, before: Compiled
) -> None:
    made = plan(wanted, as_applied(before))
    changed = [change.key for change in made.changes]
    assert len(changed) == len(set(changed))
    assert set(changed) <= wanted.objects.keys() | before.objects.keys()
    assert set(changed) >= wanted.objects.keys() ^ before.objects.keys()


@given(states, states)
def test_stages_never_go_back(wanted: Compiled, before: Compiled) -> None:
    stages = [stage(change) for change in plan(wanted, as_applied(before)).changes]
    assert stages == sorted(stages)


@given(states, states)
def test_unmanaged_objects_are_never_in_a_change(wanted: Compiled, theirs: Compiled) -> None:
    items = [unmanaged(item, f"theirs-{n}") for n, item in enumerate(theirs.objects.values())]
    live = replace(as_applied(wanted), objects=(*as_applied(wanted).objects, *items))
    made = plan(wanted, live)
    touched = {c.before.address for c in made.changes if c.before}
    assert not touched & {item.address for item in items}


@given(states, st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(wanted: Compiled, random: Random) -> None:
    live = as_applied(compiled(*list(wanted.objects.values())[::2]))
    shuffled = list(live.objects)
    random.shuffle(shuffled)
    again = replace(live, objects=tuple(shuffled))
    assert plan(wanted, again) == plan(wanted, live)
    assert again.digest == live.digest


@given(states, states)
def test_deletions_are_of_what_is_ours_and_gone_from_git(
    wanted: Compiled, before: Compiled
) -> None:
    made = plan(wanted, as_applied(before))
    deleted = {c.key for c in made.changes if c.action is Action.DELETE}
    assert deleted == before.objects.keys() - wanted.objects.keys()
