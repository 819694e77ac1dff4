"""Read a request's body, and never more of it than we want."""

import asyncio

from starlette.requests import ClientDisconnect, Request

MAX_BYTES = 1024 * 1024
PATIENCE_S = 10.0


class TooLarge(Exception):
    """The body is, or says that it is, larger than we take."""


class TooSlow(Exception):
    """The body did not arrive in time, or not at all."""


async def read_body(request: Request, *, patience_s: float = PATIENCE_S) -> bytes:
    """Return the whole body, at most `MAX_BYTES`.

    Raises:
        TooLarge: By what Content-Length says, before a byte is read; or by counting.
        TooSlow: The body is not here after `patience_s`, or the caller hung up.
    """
    if not _fits(request.headers.get("content-length", "0")):
        raise TooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(patience_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise TooLarge
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return bytes(body)


def _fits(length: str) -> bool:
    # Python refuses to read a number of thousands of digits.
    return length.isdecimal() and len(length) < 10 and int(length) <= MAX_BYTES
