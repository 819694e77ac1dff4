"""One writer at a time: what the lease promises, with many writers on one gateway."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from aspire_gitops.gateway import GatewayClient
from aspire_gitops.gateway.lease import _this_process, is_lease
from aspire_gitops.vocabulary import GatewayBusy, GatewayError, GatewayUnavailable
from support.fake_gateway import (
    ADMIN_KEY,
    AT_ONCE,
    Drop,
    FakeGateway,
    FakeTransport,
    Fault,
    Request,
    Status,
)

GONE = "boot/1/999999999/1"  # no process of this machine; nobody can tell whether it has ended


class Slow(httpx.AsyncBaseTransport):
    """Lets other writers in between any two requests."""

    def __init__(self, fake: FakeGateway, seed: int) -> None:
        self._inner, self._random = FakeTransport(fake), random.Random(seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._random.random() * 0.004)
        reply = await self._inner.handle_async_request(request)
        await asyncio.sleep(self._random.random() * 0.004)
        return reply


def client(fake: FakeGateway, **more: Any) -> GatewayClient:
    options: dict[str, Any] = {"transport": FakeTransport(fake), "retries": AT_ONCE, **more}
    return GatewayClient("http://fake.test", SecretStr(ADMIN_KEY), **options)


def silent(_: str) -> None:
    pass


def leases(fake: FakeGateway) -> list[str]:
    return [r["key_alias"] for r in fake.keys.rows.values() if "writer" in (r["key_alias"] or "")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_many_writers_are_never_at_work_together(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aspire_gitops.gateway.lease._POLL_S", 0.01)
    fake, inside, most, done = FakeGateway(), 0, 0, 0

    async def write(number: int) -> None:
        nonlocal inside, most, done
        async with client(fake, transport=Slow(fake, seed * 100 + number)) as gateway:
            async with gateway.writing(f"w{number}", within_s=60, waiting=silent) as why_stop:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.005)
                assert why_stop() is None
                inside -= 1
            done += 1

    async def all_at_once() -> None:
        await asyncio.gather(*map(write, range(6)))

    asyncio.run(all_at_once())
    assert (most, done, leases(fake)) == (1, 6, [])


def test_a_busy_gateway_is_told_by_name_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aspire_gitops.gateway.lease._POLL_S", 0.01)
    fake, told = FakeGateway(), list[str]()

    async def story() -> None:
        async with (
            client(fake) as one,
            client(fake) as two,
            one.writing("apply, pid 7 on web-1", within_s=0, waiting=silent),
        ):
            with pytest.raises(GatewayBusy, match="pid 7 on web-1; run the command again"):
                async with two.writing("late", within_s=0.05, waiting=told.append):
                    raise AssertionError("both write")
            assert len(leases(fake)) == 1

    asyncio.run(story())
    assert told == ["apply, pid 7 on web-1"]
    assert leases(fake) == []


def make_key(fake: FakeGateway, body: dict[str, Any]) -> None:
    answer, _ = fake.handle(Request("POST", "/key/generate", body, f"Bearer {ADMIN_KEY}"))
    assert answer.status == 200


def planted(fake: FakeGateway, process: str) -> None:
    """Leave the row of a writer that was killed."""
    note = {"id": "dead", "who": "killed", "beat": 3, "process": process}
    body = {
        "key": "sk-of-a-killed-writer-0123456789",
        "key_alias": "aspire-gitops writer dead",
        "metadata": {"aspire_gitops_writer": note},
    }
    make_key(fake, body)


def test_a_writer_that_died_elsewhere_is_waited_for_and_then_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aspire_gitops.gateway.lease._POLL_S", 0.01)
    fake, told = FakeGateway(), list[str]()
    planted(fake, GONE)

    async def story() -> list[str]:
        async with (
            client(fake, lease_s=0.3) as gateway,
            gateway.writing("next", within_s=30, waiting=told.append),
        ):
            return leases(fake)

    assert len(asyncio.run(story())) == 1
    assert told == ["killed"]
    assert leases(fake) == []


def test_a_writer_that_died_on_this_machine_is_not_waited_for() -> None:
    fake, told = FakeGateway(), list[str]()
    machine = _this_process().rsplit("/", 2)[0]
    planted(fake, f"{machine}/4194999/1")

    async def story() -> None:
        async with (
            client(fake) as gateway,
            gateway.writing("next", within_s=0, waiting=told.append),
        ):
            pass

    asyncio.run(story())
    assert told == []
    assert leases(fake) == []


def test_a_row_of_ours_that_the_gateway_kept_does_not_stop_us() -> None:
    """The gateway was away when it should have been deleted."""
    fake, told = FakeGateway(), list[str]()

    async def story() -> None:
        async with client(fake) as gateway:
            with fake.failing(Fault(Drop(), path="/key/delete")):
                async with gateway.writing("first", within_s=0, waiting=told.append):
                    pass
            assert len(leases(fake)) == 1
            async with gateway.writing("second", within_s=0, waiting=told.append):
                assert len(leases(fake)) == 1

    asyncio.run(story())
    assert (told, leases(fake)) == ([], [])


def test_a_row_that_is_accepted_and_not_listed_gives_no_right_to_write() -> None:
    fake = FakeGateway()
    lost = Status(200, {"key": "sk-lost", "token": "lost"})

    async def story() -> None:
        async with client(fake) as gateway:
            with fake.failing(Fault(lost, path="/key/generate")):
                async with gateway.writing("now", within_s=0, waiting=silent):
                    raise AssertionError("it writes")

    with pytest.raises(GatewayUnavailable, match="does not list it"):
        asyncio.run(story())
    assert leases(fake) == []


def test_a_writer_whose_row_is_gone_stops() -> None:
    fake = FakeGateway()

    async def story() -> str | None:
        async with (
            client(fake, lease_s=0.3) as gateway,
            gateway.writing("slow", within_s=0, waiting=silent) as why_stop,
        ):
            fake.keys.rows.clear()
            for _ in range(200):
                await asyncio.sleep(0.01)
                if why := why_stop():
                    return why
        return None

    assert asyncio.run(story()) == "another writer took the lease over"


def test_a_writer_that_cannot_renew_stops_before_others_may_begin() -> None:
    fake = FakeGateway()

    async def story() -> str | None:
        async with client(fake, lease_s=0.4) as gateway:
            with suppress(GatewayError):
                async with gateway.writing("cut off", within_s=0, waiting=silent) as why_stop:
                    with fake.failing(Fault(Drop(), times=1000)):
                        await asyncio.sleep(0.25)
                        return why_stop()
        return None

    assert "could not be renewed" in str(asyncio.run(story()))


def test_its_row_is_no_object_and_a_persons_key_of_such_a_name_is() -> None:
    fake = FakeGateway()
    make_key(fake, {"key_alias": "aspire-gitops writer of poems"})

    async def story() -> list[str]:
        async with (
            client(fake) as gateway,
            gateway.writing("now", within_s=0, waiting=silent),
        ):
            [row] = [r for r in fake.keys.rows.values() if r["blocked"]]
            assert (row["models"], row["max_budget"]) == (["no-default-models"], 0)
            snapshot = await gateway.read_snapshot()
        assert not any(map(is_lease, snapshot.objects))
        return [item.handle for item in snapshot.objects]

    assert asyncio.run(story()) == ["aspire-gitops writer of poems"]
