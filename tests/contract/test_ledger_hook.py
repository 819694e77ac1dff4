"""What LiteLLM must do for the ledger to be a gate: call it, believe it, and tell it the cost."""

import subprocess

import pytest

from ledger_support.desk import CHAT_AUD
from support.ledger_real import LedgerGateway

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def gateway(shared_ledger: LedgerGateway) -> LedgerGateway:
    return shared_ledger


@pytest.fixture(scope="module")
def said(shared_ledger: LedgerGateway) -> list[str]:
    """What the proxy's own Python says of the hook, line by line."""
    folder = shared_ledger.sandbox.state_dir
    code = (
        "from aspire_ledger.callback import Ledger\n"
        "from aspire_ledger.hook import ledger\n"
        "print('async_pre_call_hook' in vars(type(ledger)))\n"
        "class Mine(Ledger): pass\n"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(folder / "ledger"),
        "ASPIRE_LEDGER_URL": shared_ledger.url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [str(shared_ledger.sandbox.python), "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


def test_litellm_asks_the_hook_before_a_call_and_a_refused_one_never_leaves(
    gateway: LedgerGateway,
) -> None:
    """An inherited hook would be skipped in silence, so nothing but this shows that it is called."""
    app = gateway.app("0")
    gateway.upstream.reset()
    assert app.chat().status_code == 429
    assert gateway.upstream.calls() == ()


def test_the_hook_stands_on_the_very_class_that_litellm_looks_at(said: list[str]) -> None:
    assert said[0] == "True"


def test_a_class_that_only_inherits_the_hook_cannot_be_made(said: list[str]) -> None:
    assert "Mine must define async_pre_call_hook: LiteLLM skips it" in said[-1]


def test_a_call_is_booked_at_the_cost_that_litellm_computed(gateway: LedgerGateway) -> None:
    app = gateway.app("1")
    assert app.chat().status_code == 200
    (entry,) = gateway.settled(app, 1)
    assert (entry.kind, entry.alias, entry.aud) == ("settled", "chat", CHAT_AUD)
    assert (entry.provider, entry.model, entry.tokens) == ("openai", "openai/gpt-x", (10, 20))
