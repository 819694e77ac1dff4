"""What is kept to tell quickly that nothing differs: it never says so of what does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.planning import Cause, changed_fields, is_exactly, marked
from aspire_gitops.planning.make import make_plan
from aspire_gitops.state import GatewayObject, Intent, LiveFallback, Mark
from aspire_ledger.canonical import JsonValue, canonical_json, digest
from support.objects import OWNER, app_key, applied, as_applied, changed, compiled, snapshot

EQUAL_TO_PYTHON: st.SearchStrategy[JsonValue] = st.sampled_from([0, 0.0, "", 1, 1.0, True, "1"])
VALUES: st.SearchStrategy[JsonValue] = (
    EQUAL_TO_PYTHON
    | st.tuples(EQUAL_TO_PYTHON)
    | st.dictionaries(st.sampled_from("ab"), EQUAL_TO_PYTHON, max_size=2)
)
FIELDS = st.dictionaries(st.sampled_from(["max_budget", "metadata.a", "models"]), VALUES)
MARKS = st.none() | st.builds(
    Mark,
    st.sampled_from([OWNER, "other"]),
    st.just("shop.main"),
    st.frozensets(st.sampled_from(["max_budget", "metadata.a"])),
    st.sampled_from(["sha256:0", "sha256:1"]),
    st.text(max_size=3),
)
KEY = app_key().key


def item(fields: dict[str, JsonValue], mark: Mark | None = None) -> GatewayObject:
    return GatewayObject(KEY, "shop.main", fields, mark, "ab" * 32)


objects = st.builds(item, FIELDS, MARKS)


@given(wanted=FIELDS, live=FIELDS, at_rest=st.booleans())
def test_the_quick_answer_is_the_slow_one(
    wanted: dict[str, JsonValue], live: dict[str, JsonValue], *, at_rest: bool
) -> None:
    after = marked(item(wanted), Intent(), owner=OWNER, revision="now", evidence=None)
    there = replace(after, fields=wanted if at_rest else live)
    assert after.mark is not None
    quick = is_exactly(after.mark, there, Intent())
    assert quick or not at_rest
    if quick:
        assert changed_fields(after, there, Intent(), None) == ()


@given(st.lists(objects, max_size=4), st.sets(st.sampled_from(["x", "y"])))
def test_a_snapshots_digest_is_that_of_all_its_objects_in_canonical_order(
    items: list[GatewayObject], aliases: set[str]
) -> None:
    """Stored plans name it, so it must stay what it was."""
    fallbacks = tuple(LiveFallback(alias, "general", ("z",)) for alias in aliases)
    live = replace(snapshot(*items), fallbacks=fallbacks)
    rows = [_row(item) for item in items]
    listed = [[alias, "general", "z"] for alias in sorted(aliases)]
    whole: JsonValue = {"objects": sorted(rows, key=canonical_json), "fallbacks": listed}
    assert live.digest == digest(whole)


def _row(item: GatewayObject) -> JsonValue:
    mark: JsonValue = None
    if item.mark:
        mark = [item.mark.owner, item.mark.name, item.mark.digest, sorted(item.mark.fields)]
    return [str(item.key), item.handle, item.address, item.fields, mark]


@given(objects, objects)
def test_a_copy_with_another_content_does_not_keep_the_old_text(
    one: GatewayObject, other: GatewayObject
) -> None:
    _ = one.text, one.proof
    copy = replace(one, fields=other.fields, mark=other.mark)
    assert (copy.text, copy.proof) == (other.text, other.proof)


def test_asking_for_an_objects_text_changes_nothing_about_it() -> None:
    asked, fresh = applied(app_key()), applied(app_key())
    _ = asked.text, asked.proof
    assert (asked, repr(asked)) == (fresh, repr(fresh))


def test_the_digest_in_a_mark_is_the_proof_that_older_releases_wrote() -> None:
    key = app_key()
    covered: JsonValue = [str(key.key), key.handle, key.fields]
    mark = marked(key, Intent(), owner=OWNER, revision="now", evidence=None).mark
    assert mark is not None
    assert mark.digest == digest(covered)


@pytest.mark.parametrize(
    ("field", "wanted", "by_hand"),
    [
        pytest.param("metadata__a", True, 1, id="a value"),
        pytest.param("metadata__a", {"deep": True}, {"deep": 1}, id="inside a mapping"),
        pytest.param("metadata__a", ({"deep": (True,)},), ({"deep": (1,)},), id="deeper"),
    ],
)
def test_one_where_true_should_be_is_drift(
    field: str, wanted: JsonValue, by_hand: JsonValue
) -> None:
    files = compiled(app_key(**{field.replace("__", "."): wanted}))  # type: ignore[arg-type]
    [live] = as_applied(files).objects
    moved = snapshot(changed(live, **{field: by_hand}))
    [change] = make_plan(files, moved, owner=OWNER, evidence={}).changes
    assert [(f.path, f.cause) for f in change.fields] == [("metadata.a", Cause.DRIFT)]
