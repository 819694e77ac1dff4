"""What real clients send: each recorded request of a counted call passes, each other one is refused once.

`tests/data/recorded_requests.json` holds what 40 clients and products sent to a stand-in
provider: their parameters with a small value of the same shape, none of their texts.
"""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from aspire_ledger.body import hosted_tools
from aspire_ledger.bound import ask
from aspire_ledger.card import Card, Price, TokenPrices
from aspire_ledger.contract import EXTENSIONS, Consent, Contract
from aspire_ledger.places import place_of
from aspire_ledger.request_guard import Objection, judge
from ledger_support.behind_front import FORM, JSON, Gate, Reply

Recorded = Mapping[str, Any]
ROOT: Final = Path(__file__).parents[2]
RECORDED: Final[list[Recorded]] = json.loads(
    (ROOT / "tests" / "data" / "recorded_requests.json").read_text()
)
# Names that mean nothing to anybody: what the recording's own callers wrote to see where it goes.
INVENTED: Final = frozenset({"zz", "x", "custom"})
KEYS: Final = frozenset({"authorization", "x-api-key", "api-key"})


def contract_of(recorded: Recorded) -> Contract | None:
    return place_of(recorded["method"], recorded["path"]).contract


def is_call(recorded: Recorded) -> bool:
    return not place_of(recorded["method"], recorded["path"]).is_administration


def refusal_wanted(recorded: Recorded) -> str | None:
    """Return the parameter by whose name a counted call must be refused, None if it must pass."""
    body = recorded["body"]
    if body.get("background") is True:
        return "background"  # nobody could count it
    return "model" if "model" not in body else None  # nobody could say whose it is


def named(recorded: Recorded) -> str:
    return f"{recorded['client']} {recorded['method']} {recorded['path']}"


COUNTED: Final = [each for each in RECORDED if (found := contract_of(each)) and found.counted]
PASSING: Final = [each for each in COUNTED if refusal_wanted(each) is None]
REFUSED: Final = [each for each in COUNTED if refusal_wanted(each)]
FREE: Final = [each for each in RECORDED if (found := contract_of(each)) and not found.counted]
ELSEWHERE: Final = [each for each in RECORDED if not contract_of(each)]


def sent(gate: Gate, recorded: Recorded) -> Reply:
    is_form = recorded["content_type"] == "multipart/form-data"
    headers = [
        (name, "sk-1" if name in KEYS else "1")
        for name in recorded["headers"]
        if name not in {"content-type", "authorization"}
    ]
    return asyncio.run(
        gate.ask(
            recorded["method"],
            recorded["path"],
            recorded["body"],
            query=recorded["query"],
            headers=headers,
            content_type=FORM if is_form else JSON,
        )
    )


def card_for(body: Mapping[str, Any], *, contract: Contract) -> Card:
    """Return the card of an alias whose reviewer allowed what this request needs."""
    fees = {tool.kind: Decimal("0.01") for tool in hosted_tools(body.get("tools"))}
    price = Price(
        tokens=TokenPrices(Decimal(1), Decimal(4)),
        usd_per_page=Decimal("0.001"),
        usd_per_image=Decimal("0.04"),
        usd_per_use={**fees, "web_search": Decimal("0.01")},
    )
    allowed = frozenset(body) & (frozenset(EXTENSIONS) | INVENTED | {"modalities", "service_tier"})
    mode = min(contract.modes)
    return Card(mode, price, 200_000, 16_384, allow_parameters=allowed - {"service_tier"})


def judged(recorded: Recorded) -> None:
    contract, body = contract_of(recorded), recorded["body"]
    assert contract
    card = card_for(body, contract=contract)
    consent = Consent(card.allow_parameters, meanings=frozenset({"timeout"}))
    is_form = recorded["content_type"] == "multipart/form-data"
    found = judge(contract, body, card, consent, form=is_form)
    kept = {name: value for name, value in body.items() if name not in found.removed}
    assert ask(contract, {**kept, **found.written}, card).worst_usd > 0


def test_all_that_was_recorded_is_judged_here() -> None:
    assert len(RECORDED) == 409
    assert len(COUNTED) + len(FREE) + len(ELSEWHERE) == 409
    assert len(PASSING) > 350
    assert [refusal_wanted(each) for each in REFUSED] == ["model", "background"]


@pytest.mark.parametrize("recorded", PASSING, ids=named)
def test_an_honest_request_of_a_counted_call_passes(recorded: Recorded) -> None:
    gate = Gate()
    assert sent(gate, recorded).status == 200
    (arrived,) = gate.behind.arrived
    assert arrived.exchange is not None
    assert arrived.exchange.body == recorded["body"] or arrived.exchange.is_form
    judged(recorded)


@pytest.mark.parametrize("recorded", REFUSED, ids=named)
def test_a_call_that_nobody_could_count_is_refused_by_name(recorded: Recorded) -> None:
    with pytest.raises(Objection) as objection:
        judged(recorded)
    assert objection.value.parameter == refusal_wanted(recorded)
    assert objection.value.status in {400, 403}


@pytest.mark.parametrize("recorded", FREE, ids=named)
def test_a_call_that_costs_nothing_passes(recorded: Recorded) -> None:
    gate = Gate()
    assert sent(gate, recorded).status == 200
    assert len(gate.behind.arrived) == 1


@pytest.mark.parametrize("recorded", [each for each in ELSEWHERE if is_call(each)], ids=named)
def test_a_call_that_has_no_contract_is_refused_once_and_reaches_nobody(recorded: Recorded) -> None:
    gate = Gate()
    reply = sent(gate, recorded)
    assert (reply.status, gate.behind.arrived) == (403, [])
    assert recorded["path"] in reply.error["message"]
    if recorded["path"].startswith("/openai/deployments/"):
        assert "the base URL that ends in /v1" in reply.error["message"]


def test_what_is_no_call_goes_to_the_gateway_itself() -> None:
    others = [each for each in ELSEWHERE if not is_call(each)]
    assert {named(each).split(" ", 1)[1] for each in others} == {
        "HEAD /",
        "GET /v1/models",
        "GET /v1/models/m",
    }
    for each in others:
        gate = Gate()
        assert sent(gate, each).status == 200
        assert len(gate.behind.arrived) == 1


QWEN_WORDS: Final = frozenset(
    {"enable_thinking", "thinking_budget", "chat_template_kwargs", "repetition_penalty"}
)


def test_the_shipped_qwen_aliases_allow_what_qwens_clients_send() -> None:
    """All extensions of the requests that name one of Qwen's own words."""
    chats = [each["body"] for each in COUNTED if each["path"].endswith("/chat/completions")]
    asking = [body for body in chats if QWEN_WORDS & body.keys()]
    needed = {name for body in asking for name in body if name in EXTENSIONS}
    assert needed & QWEN_WORDS
    for path in sorted((ROOT / "gateway.d" / "aliases").glob("qwen-*.yaml")):
        alias = yaml.safe_load(path.read_text())
        if alias["mode"] == "chat":
            assert needed <= set(alias["allow_parameters"]), path.name
