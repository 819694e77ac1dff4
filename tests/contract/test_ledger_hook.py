"""What LiteLLM must do for the ledger to be a gate: call it, believe it, and tell it the cost."""

import subprocess
from collections.abc import Iterator

import pytest

from support.ledger_real import CHAT_AUD, LedgerGateway, ledger_gateway

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerGateway]:
    with ledger_gateway(tmp_path_factory.mktemp("ledger")) as gateway:
        yield gateway


def in_the_proxys_python(gateway: LedgerGateway, code: str) -> str:
    """Run code as the proxy would, and return what it prints or the error that ended it."""
    folder = gateway.sandbox.state_dir
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(folder / "ledger"),
        "ASPIRE_LEDGER_URL": f"sqlite:///{folder}/another.sqlite",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [str(gateway.sandbox.python), "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return (done.stdout + done.stderr).strip()


def test_litellm_asks_the_hook_before_a_call_and_a_refused_one_never_leaves(
    gateway: LedgerGateway,
) -> None:
    """An inherited hook would be skipped in silence, so nothing but this shows that it is called."""
    app = gateway.app("0")
    gateway.upstream.reset()
    assert app.chat().status_code == 429
    assert gateway.upstream.calls() == ()


def test_the_hook_stands_on_the_very_class_that_litellm_looks_at(gateway: LedgerGateway) -> None:
    code = (
        "from aspire_gitops.ledger.hook import ledger\n"
        "print('async_pre_call_hook' in vars(type(ledger)))"
    )
    assert in_the_proxys_python(gateway, code).splitlines()[-1] == "True"


def test_a_class_that_only_inherits_the_hook_cannot_be_made(gateway: LedgerGateway) -> None:
    code = "from aspire_gitops.ledger.callback import Ledger\nclass Mine(Ledger): pass"
    said = in_the_proxys_python(gateway, code)
    assert "Mine must define async_pre_call_hook: LiteLLM skips it" in said


def test_a_call_is_booked_at_the_cost_that_litellm_computed(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    assert app.chat().status_code == 200
    (entry,) = gateway.settled(app, 1)
    assert (entry.kind, entry.alias, entry.aud) == ("settled", "chat", CHAT_AUD)
    assert (entry.provider, entry.model, entry.tokens) == ("openai", "openai/gpt-x", (10, 20))
