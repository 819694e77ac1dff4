"""A stand-in of providers that serves, and what asks it."""

from collections.abc import Iterator

import httpx
import pytest

from aspire_gitops.sandbox import UpstreamControl
from support.upstreams import serving


@pytest.fixture
def url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield client


@pytest.fixture
def control(url: str) -> UpstreamControl:
    return UpstreamControl(url)
