"""Drive the product's asynchronous client from a plain test."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import SecretStr

from aspire_gitops.gateway import GatewayClient, Retries
from support.fake_gateway.gateway import FakeGateway
from support.fake_gateway.transport import FakeTransport

T = TypeVar("T")

AT_ONCE = Retries(wait_initial_s=0, wait_max_s=0, jitter_s=0)
"""Retries as in production, without the waiting."""


def using(fake: FakeGateway, work: Callable[[GatewayClient], Awaitable[T]], **options: Any) -> T:
    """Run `work` with a client of `fake`, in process."""
    options = {"admin_key": SecretStr(fake.admin_key), "retries": AT_ONCE, **options}
    options.setdefault("transport", FakeTransport(fake))
    return run("http://fake.test/v1", work, **options)


def run(url: str, work: Callable[[GatewayClient], Awaitable[T]], **options: Any) -> T:
    async def worked() -> T:
        async with GatewayClient(url, **options) as client:
            return await work(client)

    return asyncio.run(worked())
