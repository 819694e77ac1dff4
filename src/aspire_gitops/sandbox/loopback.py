"""Make every HTTP client that talks to a program of the sandbox.

Loopback only: a proxy that the environment names is never asked.
"""

import ssl
from typing import Final, TypeAlias

import httpx

LoopbackClient: TypeAlias = httpx.Client

# Nothing on loopback speaks TLS. A client without this reads every known authority first,
# which takes longer than the call.
_NO_AUTHORITY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

HTTP_ERRORS = (httpx.HTTPError, httpx.InvalidURL)


def loopback_client(base_url: str, *, timeout_s: float) -> LoopbackClient:
    """Return a client for one program of the sandbox."""
    return httpx.Client(base_url=base_url, timeout=timeout_s, trust_env=False, verify=_NO_AUTHORITY)
