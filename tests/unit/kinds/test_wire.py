"""LiteLLM's JSON and our fields say the same thing, there and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.kinds import KINDS, Endpoint
from aspire_gitops.kinds.fields import normal
from aspire_gitops.kinds.wire import mark_of
from aspire_gitops.state import GatewayObject, Kind, Mark, ObjectKey, is_unset
from aspire_gitops.vocabulary import GatewayReplyInvalid
from aspire_ledger.canonical import JsonValue
from support.fake_gateway import FakeGateway, using
from support.objects import app_key

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=12)
texts = st.text(max_size=12)
scalars = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=6,
)
JSON = st.recursive(
    st.none() | scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)


@st.composite
def marked(draw: st.DrawFn, kind: Kind, prefixes: tuple[str, ...]) -> GatewayObject:
    """Draw an object as compiling makes it: nothing unset, everything in the mark."""
    paths = st.builds(lambda p, n: f"{p}.{n}", st.sampled_from(prefixes), names)
    usable = paths.filter(lambda path: path.partition(".")[2] not in TAKEN)
    raw = draw(st.dictionaries(usable, values, max_size=4))
    fields = {path: value for path, given in raw.items() if not is_unset(value := normal(given))}
    name, address = draw(names), "gw.x.1"
    mark = Mark(draw(names), name, frozenset(fields), "hmac-sha256:0f", "main")
    return GatewayObject(ObjectKey(kind, name), "x", fields, mark, address)


TAKEN = frozenset({"aspire_gitops", "id", "db_model", "blocked", "key", "direct_access"})


def through_the_gateway(wanted: GatewayObject, secrets: dict[str, str]) -> GatewayObject | None:
    fake = FakeGateway()
    using(fake, lambda client: client.create(wanted, secrets))
    address = next(iter(fake.keys.rows), wanted.address or "")
    return using(fake, lambda client: client.read(wanted.key.kind, address))


@given(marked(Kind.CREDENTIAL, ("credential_info",)))
def test_a_credential_comes_back(wanted: GatewayObject) -> None:
    wanted = GatewayObject(wanted.key, "gw.x.1", wanted.fields, wanted.mark, "gw.x.1")
    assert through_the_gateway(wanted, {}) == wanted


@given(marked(Kind.DEPLOYMENT, ("model_info",)))
def test_a_deployment_comes_back(wanted: GatewayObject) -> None:
    mark = wanted.mark
    assert mark
    fields = {**wanted.fields, "litellm_params.model": "openai/x"}
    fields = {path: value for path, value in fields.items() if "cost" not in path}
    mark = Mark(mark.owner, mark.name, frozenset(fields), mark.digest, mark.revision)
    wanted = GatewayObject(wanted.key, "x", fields, mark, "gw.x.1")
    assert through_the_gateway(wanted, {}) == wanted


@given(marked(Kind.KEY, ("metadata",)), st.lists(names, min_size=1, unique=True))
def test_a_key_comes_back(wanted: GatewayObject, models: list[str]) -> None:
    fields = {**wanted.fields, "models": tuple(sorted(models))}
    fields |= {"allowed_routes": ("llm_api_routes",)}
    wanted = GatewayObject(wanted.key, "x", fields, wanted.mark, None)
    found = through_the_gateway(wanted, {"key": "sk-0123456789abcdef"})
    assert found
    assert (found.key, found.fields, found.mark) == (wanted.key, fields, wanted.mark)


@pytest.mark.parametrize("routes", [(), ("/v1/chat/completions", "/v1/models")], ids=len)
def test_a_key_is_made_without_a_type_because_one_would_overwrite_its_routes(
    routes: tuple[str, ...],
) -> None:
    wanted = app_key(allowed_routes=routes)
    body = KINDS[Kind.KEY].create(wanted, {"key": "sk-0123456789abcdef"}).body
    assert body
    assert "key_type" not in body
    assert body["allowed_routes"] == routes


@given(JSON)
def test_whatever_stands_where_a_mark_should_is_a_mark_or_none(value: object) -> None:
    assert mark_of({"aspire_gitops": value}) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"owner": ""}, id="no owner"),
        pytest.param({"name": None}, id="no name"),
        pytest.param({"fields": "models"}, id="fields is text"),
        pytest.param({"fields": [1]}, id="a field is a number"),
        pytest.param({"digest": 5}, id="digest is a number"),
        pytest.param({"revision": ["x"]}, id="revision is a list"),
    ],
)
def test_a_malformed_mark_makes_the_object_unmanaged(change: dict[str, object]) -> None:
    mark = {"owner": "o", "name": "n", "fields": [], "digest": "d", "revision": "r"}
    row = {"token": "t", "key_alias": "app.k", "metadata": {"aspire_gitops": {**mark, **change}}}
    found = KINDS[Kind.KEY].live(row)
    assert (found.mark, found.key) == (None, ObjectKey(Kind.KEY, "app.k"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3.0, 3, id="a whole float"),
        pytest.param(1e-06, 1e-06, id="a price"),
        pytest.param(1e300, 1e300, id="a float too large to be exact"),
        pytest.param([1, [2.0, None]], (1, (2, None)), id="lists are tuples"),
        pytest.param({"a": None, "b": [False]}, {"b": (False,)}, id="no null in a mapping"),
        pytest.param(True, True, id="true stays true"),
    ],
)
def test_normal(value: Any, expected: JsonValue) -> None:
    found = normal(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("value", [None, False, "", [], {}, {"a": None}])
def test_unset_is_absent(value: Any) -> None:
    row = {"model_name": "m", "litellm_params": {"x": value}, "model_info": {"id": "1"}}
    assert KINDS[Kind.DEPLOYMENT].live(row).fields == {}


def test_zero_is_a_value() -> None:
    row = {"token": "t", "max_budget": 0.0, "rpm_limit": 0}
    assert KINDS[Kind.KEY].live(row).fields == {"max_budget": 0, "rpm_limit": 0}


def test_both_spellings_of_a_time_are_one() -> None:
    listed, alone = ({"token": "t", "expires": f"2026-12-23T12:30:16.441000{z}"} for z in ZONES)
    assert KINDS[Kind.KEY].live(listed) == KINDS[Kind.KEY].live(alone)


ZONES = ("Z", "+00:00")


def test_the_soft_budget_is_found_where_the_list_puts_it() -> None:
    row = {"token": "t", "soft_budget": None, "litellm_budget_table": {"soft_budget": 3.0}}
    assert KINDS[Kind.KEY].live(row).fields == {"soft_budget": 3}


@pytest.mark.parametrize(
    ("kind", "row", "name"),
    [
        pytest.param(
            Kind.CREDENTIAL,
            {"credential_name": "gw.p", "source": "config", "credential_info": {}},
            "gw.p",
            id="credential of the config file",
        ),
        pytest.param(
            Kind.DEPLOYMENT,
            {"model_name": "a/b", "model_info": {"id": "1", "db_model": False}},
            "a/b",
            id="deployment of the config file",
        ),
    ],
)
def test_what_the_config_file_owns_is_unmanaged_even_with_our_mark(
    kind: Kind, row: dict[str, Any], name: str
) -> None:
    mark = {"owner": "o", "name": "n", "fields": [], "digest": "d", "revision": "r"}
    holder = {Kind.CREDENTIAL: "credential_info", Kind.DEPLOYMENT: "model_info"}[kind]
    row = {**row, holder: {**row[holder], "aspire_gitops": mark}}
    found = KINDS[kind].live(row)
    assert (found.mark, found.key) == (None, ObjectKey(kind, name))


def test_a_key_without_an_alias_has_a_name_all_the_same() -> None:
    found = KINDS[Kind.KEY].live({"token": "ab12" * 16})
    assert (found.key.name, found.handle) == ("unnamed-ab12ab12ab12", "")


@pytest.mark.parametrize("kind", KINDS)
@given(JSON)
def test_no_row_makes_it_crash(kind: Kind, row: object) -> None:
    try:
        KINDS[kind].live(row)
    except GatewayReplyInvalid:
        return
    assert isinstance(row, dict)


def test_our_own_field_may_have_the_name_of_a_secret() -> None:
    mark = {"owner": "o", "name": "n", "digest": "d", "revision": "r"}
    metadata = {"key": "worker-ocr", "token": "theirs"}
    holder = {**metadata, "aspire_gitops": {**mark, "fields": ["metadata.key"]}}
    found = KINDS[Kind.KEY].live({"token": "t", "metadata": holder})
    assert found.fields == {"metadata.key": "worker-ocr", "metadata.token": "[hidden]"}


def test_a_path_keeps_a_slash_inside_its_part() -> None:
    path = Endpoint("GET", "/credentials/by_name/{name}").at({"name": "a/b c?d"})
    assert path == "/credentials/by_name/a%2Fb%20c%3Fd"
