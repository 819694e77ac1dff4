"""Whatever a caller sends: what goes on costs at most its bound, says only what it may, and is
booked at exactly what its provider reports."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from aspire_ledger.account import Mode
from aspire_ledger.amounts import cost_in_nano
from aspire_ledger.bound import Asked, ask
from aspire_ledger.card import Card, Price, TokenPrices
from aspire_ledger.contract import (
    CHAT,
    CONTRACTS,
    EXTENSIONS,
    MESSAGES,
    RESPONSES,
    Consent,
    Contract,
)
from aspire_ledger.pricing import cost_usd
from aspire_ledger.request_guard import Judged, Objection, judge
from aspire_ledger.settling import Ending, Terms, reckon
from aspire_ledger.values import Counted
from ledger_support.behind_front import Gate
from ledger_support.greedy_provider import Greedy
from ledger_support.random_requests import COUNTED, MEANINGS, anything, bodies, cards, texts

Body = Mapping[str, Any]
pytestmark = pytest.mark.slow  # a minute for all fast tests is not much

USD_PER_AUD = Decimal("0.6512")
CARD = Card("chat", Price(TokenPrices(Decimal(1), Decimal(4))))


@st.composite
def requests(draw: st.DrawFn) -> tuple[Contract, dict[str, Any], Card]:
    contract = draw(st.sampled_from(COUNTED))
    return contract, draw(bodies(contract)), draw(cards(contract))


def consent_of(card: Card, *, observes: bool = False) -> Consent:
    return Consent(card.allow_parameters, observes=observes, meanings=MEANINGS)


def judged(contract: Contract, body: Body, card: Card | None, consent: Consent) -> Judged | None:
    try:
        return judge(contract, body, card, consent)
    except Objection as objection:
        refused = objection
    assert 400 <= refused.status < 500
    assert refused.message
    assert refused.message.isprintable()
    return None


def forwarded(body: Body, found: Judged) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if name not in found.removed}
    return {**kept, **found.written}


@given(requests())
def test_what_goes_on_costs_at_most_its_bound(made: tuple[Contract, dict[str, Any], Card]) -> None:
    contract, body, card = made
    found = judged(contract, body, card, consent_of(card))
    assume(found is not None)
    assert found
    sent = forwarded(body, found)
    event(contract.name)
    assert Greedy(contract, card).bill(sent) <= ask(contract, sent, card).worst_usd


@given(made=requests(), observes=st.booleans())
def test_only_names_of_the_lists_go_on(
    made: tuple[Contract, dict[str, Any], Card], *, observes: bool
) -> None:
    contract, body, card = made
    consent = consent_of(card, observes=observes)
    found = judged(contract, body, card, consent)
    assume(found is not None)
    assert found
    sent = forwarded(body, found)
    allowed = contract.parameters.keys() | consent.extensions | found.passed
    assert sent.keys() <= allowed
    assert not sent.keys() & MEANINGS
    assert not found.passed or observes
    assert not found.passed & (EXTENSIONS.keys() | contract.parameters.keys() | MEANINGS)
    assert all(name.isidentifier() for name in found.passed)


@given(requests())
def test_an_answer_that_goes_on_is_limited_by_the_alias(
    made: tuple[Contract, dict[str, Any], Card],
) -> None:
    contract, body, card = made
    found = judged(contract, body, card, consent_of(card))
    assume(found is not None)
    assume(contract.limits)
    assert found
    sent = forwarded(body, found)
    stated = [sent[name] for name in contract.limits if sent.get(name) not in (None, "", [], {})]
    assert stated
    assert all(0 < limit <= (card.max_output_tokens or 32_768) for limit in stated)


@given(st.sampled_from(CONTRACTS), st.dictionaries(texts, anything, max_size=6) | anything)
def test_whatever_json_says_is_judged_or_refused_and_never_an_error(
    contract: Contract, body: Any
) -> None:
    gate = Gate()
    path = contract.paths[0].replace("{id}", "resp_1")
    try:
        payload = json.dumps(body).encode()
    except ValueError:
        return
    reply = asyncio.run(gate.ask("POST", path, payload))
    assert reply.status in {200, 400, 403, 413}
    if not isinstance(body, dict):
        assert reply.status != 200 or contract.name.startswith("responses/ID")
        return
    for observes in (False, True):
        consent = Consent(frozenset(EXTENSIONS), observes=observes, meanings=MEANINGS)
        judged(contract, body, CARD, consent)
        judged(contract, body, None, consent)


counts = st.integers(0, 10**6)
units = st.builds(
    Counted,
    input_tokens=st.integers(1, 10**6),
    cached_input_tokens=counts,
    output_tokens=st.integers(1, 10**6),
    cache_write_tokens=counts,
    cache_write_1h_tokens=counts,
    input_audio_tokens=counts,
    reasoning_tokens=counts,
)


@given(
    card=cards(CHAT),
    counted=units,
    uses=st.dictionaries(st.sampled_from(["web_search", "mcp"]), counts),
    mode=st.sampled_from(Mode),
    seen=st.integers(0, 10**5),
    reported=st.none() | st.decimals(),
)
def test_what_was_reported_is_booked_at_exactly_its_price(
    *,
    card: Card,
    counted: Counted,
    uses: Mapping[str, int],
    mode: Mode,
    seen: int,
    reported: Decimal | None,
) -> None:
    ending = Ending(counted=counted, uses=uses, text_bytes=seen, reported_usd=reported)
    spent = reckon(ending, Terms(CHAT, card, Asked(Decimal(0)), mode))
    assert spent.usd == cost_usd(card.price, counted, uses=uses)
    assert not spent.estimated
    assert spent.counted == replace(counted, tool_uses=sum(uses.values()))


@given(st.data(), st.sampled_from([CHAT, MESSAGES, RESPONSES]), st.integers(0, 10**5))
def test_what_nobody_reported_is_marked_and_a_strict_budget_pays_at_least_the_bill(
    data: st.DataObject, contract: Contract, seen: int
) -> None:
    body, card = data.draw(bodies(contract)), data.draw(cards(contract))
    found = judged(contract, body, card, consent_of(card))
    assume(found is not None)
    assert found
    sent = forwarded(body, found)
    asked = ask(contract, sent, card)
    for mode in Mode:
        spent = reckon(Ending(text_bytes=seen), Terms(contract, card, asked, mode))
        assert spent.estimated
        assert spent.note
        if mode is Mode.STRICT:  # then the store books what it set aside
            assert spent.usd is None
            assert cost_in_nano(asked.worst_usd, USD_PER_AUD) >= cost_in_nano(
                Greedy(contract, card).bill(sent), USD_PER_AUD
            )
        else:
            least = cost_usd(card.price, Counted(asked.input_tokens, 0, seen))
            assert spent.usd is not None
            assert spent.usd >= least
