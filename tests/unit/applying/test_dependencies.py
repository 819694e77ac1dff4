"""After a failure: which change must not be tried, and which goes on as if nothing had happened."""

import pytest

from aspire_gitops.applying.executor import blocked_by
from aspire_gitops.applying.outcome import Result, Status
from aspire_gitops.planning import Action, Change
from aspire_gitops.state import GatewayObject
from support.objects import app_key, applied, credential, deployment


def change(action: Action, item: GatewayObject) -> Change:
    before = None if action is Action.CREATE else applied(item)
    return Change(
        action, item.key, before=before, after=item if action is not Action.DELETE else None
    )


CREATE, UPDATE, DELETE = Action.CREATE, Action.UPDATE, Action.DELETE


@pytest.mark.parametrize(
    ("wanted", "earlier", "tried"),
    [
        pytest.param(
            change(CREATE, deployment("chat", "acme")), change(CREATE, credential("acme")), False,
            id="a deployment whose credential failed would use whatever key lies around",
        ),
        pytest.param(
            change(CREATE, deployment("chat", "acme")), change(CREATE, credential("other")), True,
            id="a deployment of another provider",
        ),
        pytest.param(
            change(CREATE, app_key()), change(CREATE, deployment("chat")), True,
            id="a key: calls to the missing alias fail loudly, the others work",
        ),
        pytest.param(
            change(DELETE, deployment("old")), change(UPDATE, app_key()), False,
            id="an alias that a key may not have let go",
        ),
        pytest.param(
            change(DELETE, deployment("old")), change(UPDATE, deployment("chat")), True,
            id="an alias, after another one failed",
        ),
        pytest.param(
            change(DELETE, credential("old")), change(UPDATE, deployment("chat")), False,
            id="a credential that a deployment may not have moved away from",
        ),
        pytest.param(
            change(DELETE, credential("old")), change(DELETE, app_key()), True,
            id="a credential, after a key stayed",
        ),
    ],
)  # fmt: skip
def test_after_a_failure(wanted: Change, earlier: Change, *, tried: bool) -> None:
    for status in (Status.FAILED, Status.SKIPPED):
        lack = blocked_by(wanted, [Result(earlier, status)])
        assert (lack is None) is tried
        assert tried or f"{earlier.action} {earlier.key} {status}" in str(lack)


def test_what_was_applied_stands_in_nobodys_way() -> None:
    done = Result(change(CREATE, credential("acme")), Status.APPLIED)
    assert blocked_by(change(CREATE, deployment("chat", "acme")), [done]) is None
