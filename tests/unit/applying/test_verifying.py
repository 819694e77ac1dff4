"""A 200 proves nothing: what counts as proof that a write took."""

from dataclasses import replace

import pytest

from aspire_gitops.applying.proof import unmet
from aspire_gitops.state import GatewayObject
from support.objects import applied, changed, deployment

WANTED = applied(deployment("chat", rpm=6))
PATH = "litellm_params.model"


@pytest.mark.parametrize(
    ("live", "unset", "expected"),
    [
        pytest.param(WANTED, (), [], id="as it was written"),
        pytest.param(None, (), ["it is not there"], id="nothing there"),
        pytest.param(
            changed(WANTED, litellm_params__model="openai/other"), (),
            ["litellm_params.model is not what was written"], id="another value",
        ),
        pytest.param(
            changed(WANTED, litellm_params__model=None), (),
            ["litellm_params.model is not what was written"], id="a value that was dropped",
        ),
        pytest.param(
            changed(WANTED, litellm_params__timeout=5), (), [], id="a field that nobody asked about",
        ),
        pytest.param(
            changed(WANTED, litellm_params__timeout=5), ("litellm_params.timeout",),
            ["litellm_params.timeout is still set"], id="a field that should have gone",
        ),
        pytest.param(
            replace(WANTED, handle="other"), (), ['it is called "other"'], id="another name",
        ),
        pytest.param(
            replace(WANTED, mark=None), (), ["it does not carry our mark"], id="no mark",
        ),
    ],
)  # fmt: skip
def test_proof(live: GatewayObject | None, unset: tuple[str, ...], expected: list[str]) -> None:
    assert unmet(WANTED, live, frozenset(unset)) == expected
