"""The fake gateway in process: an httpx transport, no socket."""

import asyncio
import json

import httpx

from support.fake_gateway.gateway import FakeGateway, NoAnswer
from support.fake_gateway.wire import Request


class FakeTransport(httpx.AsyncBaseTransport):
    def __init__(self, gateway: FakeGateway) -> None:
        self.gateway = gateway

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        asked = Request(
            request.method,
            request.url.raw_path.decode(),
            json.loads(content) if content else None,
            request.headers.get("authorization", ""),
        )
        try:
            answer, seconds = self.gateway.handle(asked)
        except NoAnswer:
            raise httpx.ReadError("connection reset by peer", request=request) from None
        await asyncio.sleep(seconds)
        headers = {"content-type": "application/json", **answer.headers}
        return httpx.Response(answer.status, content=answer.content, headers=headers)
