"""A snapshot is complete or an error, in one call per page."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from aspire_gitops.gateway import Tally
from aspire_gitops.gateway.rows import LiveRow, Page
from aspire_gitops.gateway.snapshot import read_all_pages
from aspire_gitops.state import GatewayObject, Kind, LiveFallback, ObjectKey
from aspire_gitops.vocabulary import GatewayUnavailable
from support.fake_gateway import AT_ONCE, FakeGateway, Fault, Request, Status, run, serving, using


def gateway_with(keys: int = 0, deployments: int = 0) -> FakeGateway:
    fake = FakeGateway()
    for n in range(keys):
        body = {"key": f"sk-{n:032}", "key_alias": f"app.{n}", "models": ["m"]}
        fake.keys.create(Request("POST", "/key/generate", body))
    for n in range(deployments):
        fake.deployments.add_from_file(f"m{n:04}", f"id-{n}", model="openai/x")
    return fake


@pytest.mark.parametrize(
    ("keys", "deployments", "pages"),
    [
        pytest.param(0, 0, 2, id="nothing"),
        pytest.param(100, 500, 2, id="full pages"),
        pytest.param(101, 501, 4, id="one more than full pages"),
        pytest.param(1000, 200, 11, id="a thousand keys"),
    ],
)
def test_it_reads_everything_in_one_call_per_page(keys: int, deployments: int, pages: int) -> None:
    fake, tally = gateway_with(keys, deployments), Tally()
    found = using(fake, lambda client: client.read_snapshot(), observer=tally)
    kinds = Counter(item.key.kind for item in found.objects)
    assert (kinds[Kind.KEY], kinds[Kind.DEPLOYMENT]) == (keys, deployments)
    always = 5  # version, credentials, three kinds of fallbacks
    assert (tally.reads, tally.writes) == (always + pages, 0)


def test_it_says_which_gateway_when_and_in_what_version() -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    found = using(FakeGateway(), lambda client: client.read_snapshot(), clock=lambda: moment)
    assert found.gateway_url == "http://fake.test/v1"
    assert (found.taken_at, found.litellm_version) == (moment, "1.106.2")


def test_two_snapshots_of_an_unchanged_gateway_have_one_digest() -> None:
    fake = gateway_with(keys=120, deployments=3)
    first, second = (using(fake, lambda client: client.read_snapshot()).digest for _ in range(2))
    assert first == second


@pytest.mark.parametrize("broken", [[0], [99], [100], [149], [3, 4, 120]])
def test_a_broken_row_costs_some_calls_and_no_key(broken: list[int]) -> None:
    fake, tally = gateway_with(keys=150), Tally()
    tokens = list(fake.keys.rows)
    for n in broken:
        fake.keys.rows[tokens[n]]["aliases"] = None
    found = using(fake, lambda client: client.read_snapshot(), observer=tally)
    assert {item.address for item in found.objects} == set(tokens)
    assert tally.reads <= 5 + 3 + len(broken) * 33


def test_a_gateway_that_answers_500_everywhere_is_not_asked_key_by_key() -> None:
    fake = gateway_with(keys=150)
    fake.faults.append(Fault(Status(500), path="/key/list"))
    with pytest.raises(GatewayUnavailable):
        using(fake, lambda client: client.read_snapshot())
    assert len(fake.reads) < 15


def test_a_page_that_fails_once_is_read_row_by_row_or_again_but_not_left_out() -> None:
    fake = gateway_with(keys=250)
    fake.faults.append(Fault(Status(500), path="/key/list.*page=2", times=1))
    assert len(using(fake, lambda client: client.read_snapshot()).objects) == 250


def row(n: int) -> LiveRow:
    return LiveRow(GatewayObject(ObjectKey(Kind.KEY, str(n)), str(n), {}, None, str(n)))


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        pytest.param([[(0, 1), 3], [(2,), 3]], 3, id="standing still"),
        pytest.param([[(0, 1), 3], [(2,), 4], [(0, 1), 4], [(2, 3), 4]], 4, id="one came"),
        pytest.param([[(0, 1), 3], [(1,), 3], [(0, 1), 3], [(2,), 3]], 3, id="one moved"),
        pytest.param([[(0, 1), 3], [(), 3], [(0, 1), 2]], 2, id="one went"),
        pytest.param([[(0, 1), 3], [(2,), 4]] * 3, None, id="never still"),
    ],
)
def test_a_list_that_moves_is_read_again(
    passes: list[tuple[tuple[int, ...], int]], expected: int | None
) -> None:
    answers = iter(passes)

    async def read_page(_number: int) -> Page:
        numbers, total = next(answers)
        return Page(tuple(map(row, numbers)), total)

    async def read() -> int:
        return len(await read_all_pages(read_page, size=2))

    import asyncio

    if expected is None:
        with pytest.raises(GatewayUnavailable, match="changed during each of 3 attempts"):
            asyncio.run(read())
    else:
        assert asyncio.run(read()) == expected


def test_fallbacks_are_found_whoever_set_them() -> None:
    fake = gateway_with(deployments=2)
    for kind in ("general", "content_policy"):
        fake.deployments.fallbacks[kind]["m0000"] = ["m0001"]
    found = using(fake, lambda client: client.read_snapshot())
    assert found.fallbacks == (
        LiveFallback("m0000", "content_policy", ("m0001",)),
        LiveFallback("m0000", "general", ("m0001",)),
    )


def test_over_tcp_it_is_the_same() -> None:
    from pydantic import SecretStr

    fake = gateway_with(keys=210, deployments=3)
    in_process = using(fake, lambda client: client.read_snapshot())
    with serving(fake) as url:
        key = SecretStr(fake.admin_key)
        over_tcp = run(url, lambda c: c.read_snapshot(), admin_key=key, retries=AT_ONCE)
    assert over_tcp.objects == in_process.objects
