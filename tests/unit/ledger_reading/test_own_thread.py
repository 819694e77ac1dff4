"""What works in the ledger's thread ends, fails and is cancelled as it would on the caller's loop."""

import asyncio
import sys
import threading

import pytest

from aspire_gitops.ledger_reading.own_thread import OwnThread


async def named() -> str:
    return threading.current_thread().name


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what tests before this one have running in this process."""
    monkeypatch.setattr(sys.modules[__name__], "BEFORE", frozenset(threading.enumerate()))


BEFORE: frozenset[threading.Thread] = frozenset()


def others() -> list[str]:
    return [one.name for one in set(threading.enumerate()) - BEFORE if one.name == "ledger"]


def test_work_is_done_in_one_thread_which_ends_with_close() -> None:
    async def worked() -> set[str]:
        own = OwnThread()
        found = {await own.run(named()) for _ in range(3)}
        await own.close()
        return found

    assert asyncio.run(worked()) == {"ledger"}
    assert others() == []


def test_closed_it_begins_anew_and_closing_twice_is_harmless() -> None:
    async def worked() -> str:
        own = OwnThread()
        await own.run(named())
        await own.close()
        await own.close()
        found = await own.run(named())
        await own.close()
        return found

    assert asyncio.run(worked()) == "ledger"
    assert others() == []


def test_a_fault_reaches_who_asked() -> None:
    async def fails() -> None:
        raise LookupError("no such thing")

    async def worked() -> None:
        own = OwnThread()
        try:
            await own.run(fails())
        finally:
            await own.close()

    with pytest.raises(LookupError, match="no such thing"):
        asyncio.run(worked())


@pytest.mark.parametrize("cancels", [True, False], ids=["cancelled", "closed"])
def test_what_is_under_way_is_cancelled(*, cancels: bool) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def long() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def worked() -> bool:
        own = OwnThread()
        task = asyncio.create_task(own.run(long()))
        await asyncio.to_thread(begun.wait, 30)
        if cancels:
            task.cancel()
        await own.close()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(worked())
    assert ended.wait(30)
    assert others() == []
