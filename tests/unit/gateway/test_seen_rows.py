"""What a client remembers of rows changes no snapshot, and does not grow."""

import asyncio
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspire_gitops.gateway import GatewayClient, SeenRows
from aspire_gitops.gateway.rows import Parsed, live_row
from aspire_gitops.kinds.deployment import DeploymentRow
from aspire_gitops.kinds.key_row import KeyRow
from aspire_gitops.kinds.wire import parse
from aspire_gitops.state import Kind, Snapshot
from aspire_gitops.vocabulary import GatewayUnavailable
from support.fake_gateway import FakeGateway, Fault, Request, Status, using
from support.sample import examples

EQUAL_TO_PYTHON = st.sampled_from([None, 0, 0.0, False, "", 1, 1.0, True, "1", float("inf")])
VALUES = EQUAL_TO_PYTHON | st.lists(EQUAL_TO_PYTHON, max_size=2)
METADATA = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def gateway_with(keys: int) -> FakeGateway:
    fake = FakeGateway()
    for n in range(keys):
        body = {"key": f"sk-{n:032}", "key_alias": f"app.{n}", "models": ["m"]}
        fake.keys.create(Request("POST", "/key/generate", body))
    fake.deployments.add_from_file("m", "id-1", model="openai/x")
    return fake


def read(fake: FakeGateway, seen: SeenRows) -> Snapshot:
    return using(fake, lambda client: client.read_snapshot(), seen=seen)


@given(st.lists(METADATA, min_size=1, max_size=6))
def test_with_and_without_it_rows_are_the_same(metadata: list[dict[str, Any]]) -> None:
    """One key, whose metadata somebody changes between readings."""
    seen = SeenRows()
    for value in metadata:
        row = parse(KeyRow, {"token": "t", "metadata": value})
        body = repr(value).encode()
        with seen.reading():
            found = seen.page(Kind.KEY, body, lambda _, row=row: ([row], 1))  # type: ignore[misc]
        assert repr(found.rows) == repr((live_row(Kind.KEY, row),))


@settings(max_examples=examples(20))
@given(st.lists(METADATA, min_size=1, max_size=6))
def test_with_and_without_it_snapshots_are_the_same(metadata: list[dict[str, Any]]) -> None:
    fake, seen = gateway_with(3), SeenRows()
    rows = list(fake.keys.rows.values())
    for n, value in enumerate(metadata):
        rows[n % len(rows)]["metadata"] = deepcopy(value)
        assert repr(read(fake, seen).objects) == repr(read(fake, SeenRows()).objects)


def test_an_unchanged_row_gives_the_object_that_it_gave_before() -> None:
    fake, seen = gateway_with(3), SeenRows()
    before, after = read(fake, seen), read(fake, seen)
    assert all(a is b for a, b in zip(before.objects, after.objects, strict=True))


def test_what_a_key_has_spent_is_no_new_content() -> None:
    fake, seen = gateway_with(3), SeenRows()
    before = read(fake, seen)
    for token in fake.keys.rows:
        fake.keys.spend(token, 0.25)
    assert all(a is b for a, b in zip(before.objects, read(fake, seen).objects, strict=True))


def test_a_page_of_the_same_bytes_is_not_even_parsed() -> None:
    seen, parsed = SeenRows(), []

    def parse_page(body: bytes) -> Parsed:
        parsed.append(body)
        return [parse(KeyRow, {"token": "t"})], 1

    for body in (b"a", b"a", b"b", b"a"):
        with seen.reading():
            seen.page(Kind.KEY, body, parse_page)
    assert parsed == [b"a", b"b", b"a"], "what a reading did not use is forgotten"


def test_one_body_by_two_kinds_is_two_pages() -> None:
    """An empty list looks alike, whatever it is a list of."""
    seen = SeenRows()
    row = {"model_name": "m", "model_info": {"id": "1"}}
    with seen.reading():
        key = seen.page(Kind.KEY, b"{}", lambda _: ([], 0))
        deployment = seen.page(Kind.DEPLOYMENT, b"{}", lambda _: ([parse(DeploymentRow, row)], 1))
    assert (key.total, deployment.total) == (0, 1)


def test_rows_of_a_page_that_stood_still_are_known_when_it_moves() -> None:
    fake, seen = gateway_with(3), SeenRows()
    before, *_ = [read(fake, seen) for _ in range(3)]
    for token in fake.keys.rows:
        fake.keys.spend(token, 0.25)
    assert all(a is b for a, b in zip(before.objects, read(fake, seen).objects, strict=True))


def test_it_holds_no_more_than_one_reading_saw() -> None:
    fake, seen = gateway_with(40), SeenRows()
    for n in range(5):
        for row in fake.keys.rows.values():
            row["rpm_limit"] = n
        read(fake, seen)
        assert len(seen) == 41
    fake.keys.rows.clear()
    read(fake, seen)
    assert len(seen) == 1


def test_readings_that_fail_half_way_do_not_make_it_grow() -> None:
    fake, seen = gateway_with(40), SeenRows()
    fake.faults.append(Fault(Status(500), path="/v1/models"))
    for n in range(5):
        for row in fake.keys.rows.values():
            row["rpm_limit"] = n
        with pytest.raises(GatewayUnavailable):
            read(fake, seen)
        assert len(seen) <= 41


def test_an_empty_memory_that_was_handed_in_is_the_one_that_is_used() -> None:
    seen = SeenRows()
    read(gateway_with(2), seen)
    assert len(seen) == 3


def test_a_client_remembers_by_itself() -> None:
    async def twice(client: GatewayClient) -> tuple[Snapshot, Snapshot]:
        return await client.read_snapshot(), await client.read_snapshot()

    before, after = using(gateway_with(3), twice)
    assert all(a is b for a, b in zip(before.objects, after.objects, strict=True))


def test_half_a_surrogate_pair_is_read_as_it_is() -> None:
    """It is JSON to LiteLLM, and neither UTF-8 nor JSON to the faster parser."""
    fake, seen = gateway_with(2), SeenRows()
    next(iter(fake.keys.rows.values()))["metadata"] = {"half": "\ud83d"}
    for _ in range(2):
        found = [item.fields.get("metadata.half") for item in read(fake, seen).objects]
        assert found.count("\ud83d") == 1
        assert read(fake, seen).digest == read(fake, SeenRows()).digest


def test_two_readings_at_once_do_not_mix() -> None:
    fake = gateway_with(30)

    async def both(client: GatewayClient) -> tuple[Snapshot, Snapshot]:
        return await asyncio.gather(client.read_snapshot(), client.read_snapshot())

    first, second = using(fake, both)
    assert first.objects == second.objects
    assert len(first.objects) == 31
