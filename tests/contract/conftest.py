"""The same assertions for the fake and for the real gateway."""

import pytest

from support.fake_gateway import ADMIN_KEY, FakeGateway
from support.fake_gateway_subject import Subject


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def gateway(request: pytest.FixtureRequest) -> Subject:
    if request.param == "fake":
        return Subject("http://fake.test", ADMIN_KEY, "http://upstream.test/v1", FakeGateway())
    real: Subject = request.getfixturevalue("real_subject")
    return real


@pytest.fixture
def real_subject(request: pytest.FixtureRequest) -> Subject:
    sandbox = request.getfixturevalue("real_gateway")
    return Subject(sandbox.base_url, sandbox.master_key, sandbox.upstream_url or "")
