"""LiteLLM's admin API in memory, quirks included, for speed and for faults.

Everything it does that a caller might not expect is proved against the real
gateway in tests/contract. Use it in process (`FakeTransport`) or over TCP
(`serving`).
"""

from support.fake_gateway.clients import AT_ONCE, run, using
from support.fake_gateway.faults import Drop, Fault, Html, Kill, Slow, Status, Truncated
from support.fake_gateway.gateway import ADMIN_KEY, FakeGateway
from support.fake_gateway.server import serving
from support.fake_gateway.transport import FakeTransport
from support.fake_gateway.wire import Answer, Request

__all__ = [
    "ADMIN_KEY",
    "AT_ONCE",
    "Answer",
    "Drop",
    "FakeGateway",
    "FakeTransport",
    "Fault",
    "Html",
    "Kill",
    "Request",
    "Slow",
    "Status",
    "Truncated",
    "run",
    "serving",
    "using",
]
