"""What becomes of a request: what goes on, what is taken out, lowered or refused, and in which words."""

import math
from contextlib import suppress
from typing import Any

import pytest

from aspire_ledger.card import Card, read_card
from aspire_ledger.contract import (
    CHAT,
    COMPLETIONS,
    CONTRACTS,
    COUNT_TOKENS,
    EXTENSIONS,
    IMAGE_EDITS,
    IMAGES,
    MESSAGES,
    OCR,
    RESPONSES,
    Consent,
    Contract,
)
from aspire_ledger.request_guard import Judged, Objection, judge
from ledger_support.cards import chat_card

HI = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
MEANINGS = frozenset({"timeout", "api_base", "api_key", "num_retries", "extra_body", "tags"})
ANY = frozenset(EXTENSIONS)
REQUIRED: dict[str, dict[str, Any]] = {
    "chat/completions": HI,
    "completions": {"model": "m", "prompt": "hi"},
    "responses": {"model": "m", "input": "hi"},
    "messages": HI,
}


def card(**more: Any) -> Card:
    found = read_card(chat_card(**{"max_output_tokens": 4_000, **more}))
    assert found
    return found


def judged(
    body: dict[str, Any],
    contract: Contract = CHAT,
    *,
    allowed: frozenset[str] | set[str] = frozenset(),
    observes: bool = False,
    form: bool = False,
    by: Card | None = None,
) -> Judged:
    consent = Consent(frozenset(allowed), observes=observes, meanings=MEANINGS)
    return judge(contract, body, by or card(), consent, form=form)


def refused(body: dict[str, Any], contract: Contract = CHAT, **more: Any) -> Objection:
    with pytest.raises(Objection) as objection:
        judged(body, contract, **more)
    return objection.value


# ── which names go on ────────────────────────────────────────────────────────


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_what_is_empty_and_on_no_list_is_taken_out_without_a_word(empty: object) -> None:
    found = judged({**HI, "zz": empty, "timeout": empty, "enable_thinking": empty})
    assert found.removed == {"zz", "timeout", "enable_thinking"}
    assert not found.passed


@pytest.mark.parametrize("empty", [None, "", [], {}])
@pytest.mark.parametrize("name", ["temperature", "n", "tools", "stop", "logit_bias", "max_tokens"])
def test_a_known_name_may_be_empty_whatever_its_shape(name: str, empty: object) -> None:
    assert name not in judged({**HI, name: empty}).removed


@pytest.mark.parametrize(
    ("name", "help_"),
    [
        pytest.param("zz", "add it to the alias: `allow_parameters: [zz]`", id="unknown"),
        pytest.param("enable_thinking", "`allow_parameters: [enable_thinking]`", id="an extension"),
        pytest.param("timeout", "no caller decides this, only a reviewed file", id="LiteLLM's"),
        pytest.param("api_base", "no caller decides this, only a reviewed file", id="an address"),
        pytest.param("extra_body", "no caller decides this, only a reviewed file", id="nested"),
        pytest.param("Temperature ", "did you mean `temperature`?", id="no identifier"),
        pytest.param("x\x00y", "remove it", id="a NUL"),
        pytest.param("x" * 500, "allow_parameters", id="a long name"),
    ],
)
def test_a_name_that_is_on_no_list_is_refused_with_the_line_that_would_allow_it(
    name: str, help_: str
) -> None:
    objection = refused({**HI, name: 1})
    assert (objection.status, objection.kind) == (400, "parameter_not_allowed")
    assert help_ in objection.message
    assert len(objection.message) < 400
    assert objection.message.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        *("Max_Tokens", "MAX_TOKENS", "N", "max_token", "max_output_token", "messages "),
        *("\uff4e", "m\u0430x_tokens", "n\u200b", "litellm_credential_name", "model_info"),
    ],
)
@pytest.mark.parametrize("contract", [CHAT, COMPLETIONS, RESPONSES, MESSAGES])
def test_a_name_that_only_looks_like_one_of_the_list_is_none_of_it(
    name: str, contract: Contract
) -> None:
    body = {**REQUIRED[contract.name], name: 1}
    assert refused(body, contract).kind == "parameter_not_allowed"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_of_another_route_is_refused_with_the_name_that_it_has_here(name: str) -> None:
    """LiteLLM drops it here, and the answer would have no limit at all."""
    objection = refused({**REQUIRED["responses"], name: 1}, RESPONSES)
    assert "allow_parameters" in objection.message or "max_output_tokens" in objection.message


@pytest.mark.parametrize(
    ("contract", "name"),
    [(RESPONSES, "client_metadata"), (MESSAGES, "thread"), (MESSAGES, "diagnostics")],
)
def test_what_honest_clients_send_and_nobody_reads_is_taken_out(
    contract: Contract, name: str
) -> None:
    body = {**REQUIRED[contract.name], name: {"a": "b"}}
    assert judged(body, contract).removed == {name}


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_an_extension_goes_on_where_its_alias_allows_it_and_nowhere_else(name: str) -> None:
    value = _VALUES[EXTENSIONS[name].shape.value]
    by = card(price={**chat_card()["price"], "usd_per_use": {"web_search": "0.01"}})
    assert name in refused({**HI, name: value}, by=by).message
    assert name not in judged({**HI, name: value}, allowed={name}, by=by).removed


_VALUES: dict[str, Any] = {
    "true or false": True,
    "a number": 0.5,
    "a whole number": 3,
    "a text": "x",
    "a list of texts": ["x"],
    "an object": {"a": 1},
    "a list of objects": [{"a": 1}],
    "a text or an object": {"a": 1},
}


def test_a_name_that_only_the_reviewer_knows_goes_on_unless_litellm_has_a_meaning_for_it() -> None:
    assert judged({**HI, "zz": [1]}, allowed={"zz"}).passed == frozenset()
    assert refused({**HI, "timeout": 1}, allowed={"timeout"}).parameter == "timeout"
    assert refused({**HI, "a-b": 1}, allowed={"a-b"}).parameter == "a-b"


def test_where_litellms_own_names_cannot_be_read_no_unknown_name_goes_on() -> None:
    for consent in (Consent(frozenset({"zz"})), Consent(observes=True)):
        with pytest.raises(Objection):
            judge(CHAT, {**HI, "zz": 1}, card(), consent)


# ── an app that is being observed ────────────────────────────────────────────


def test_an_observed_app_may_say_what_means_nothing_to_litellm_and_it_is_counted() -> None:
    assert judged({**HI, "zz": 1, "yy": {}}, observes=True).passed == {"zz"}


@pytest.mark.parametrize("name", [*sorted(MEANINGS), "enable_thinking", "a-b", "x\x00", ""])
def test_an_observed_app_may_say_no_more_than_that(name: str) -> None:
    assert refused({**HI, name: 1}, observes=True).kind == "parameter_not_allowed"


# ── shapes and values ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_tokens", "7", "must be a whole number"),
        ("max_tokens", 10**400, "must be a whole number"),
        ("max_tokens", -(10**30), "must be a whole number"),
        ("max_tokens", True, "must be a whole number"),
        ("max_tokens", 1.5, "must be a whole number"),
        ("temperature", "0.1", "must be a number"),
        ("temperature", math.nan, "must be a number"),
        ("temperature", math.inf, "must be a number"),
        ("stream", "true", "must be true or false"),
        ("messages", "hi", "must be a list of messages"),
        ("messages", [{"content": "hi"}], "must be a list of messages"),
        ("tools", {"type": "web_search"}, "must be a list of objects"),
        ("tools", ["web_search"], "must be a list of objects"),
        ("model", ["m", "other"], "must be a text"),
        ("metadata", {"tags": ["x"]}, "must be an object of texts"),
        ("stream_options", "x", "must be an object"),
        ("n", 0, "must be 1 to 128"),
        ("n", -3, "must be 1 to 128"),
        ("n", 129, "must be 1 to 128"),
        ("service_tier", "priority", "may have another price; use auto, default, flex"),
        ("service_tier", "Priority", "allow_parameters: [service_tier]"),
        ("modalities", ["text", "audio"], "`modalities` is 'audio'"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: object, said: str) -> None:
    objection = refused({**HI, name: value})
    assert (objection.status, objection.parameter) == (400, name)
    assert said in objection.message


@pytest.mark.parametrize(
    ("name", "value"), [("service_tier", "priority"), ("modalities", ["audio"])]
)
def test_a_dearer_value_goes_on_where_the_alias_allows_the_name(name: str, value: object) -> None:
    judged({**HI, name: value}, allowed={name})


@pytest.mark.parametrize(
    ("contract", "body", "missing"),
    [
        (CHAT, {"model": "m"}, "messages"),
        (CHAT, {"model": "m", "messages": []}, "messages"),
        (CHAT, {"messages": HI["messages"]}, "model"),
        (CHAT, {}, "model"),
        (COMPLETIONS, {"model": "m", "prompt": ""}, "prompt"),
        (RESPONSES, {"prompt": {"id": "pmpt_1"}}, "model"),
        (OCR, {"model": "m"}, "document"),
        (IMAGES, {"model": "m", "prompt": None}, "prompt"),
        (COUNT_TOKENS, {"model": "m"}, "messages"),
    ],
)
def test_what_a_call_cannot_be_without_is_missed_by_name(
    contract: Contract, body: dict[str, Any], missing: str
) -> None:
    assert refused(body, contract).message == f"`{missing}` is missing"


@pytest.mark.parametrize(
    ("contract", "body"),
    [
        pytest.param(COMPLETIONS, {"model": "m", "prompt": "x", "best_of": 129}, id="best_of"),
        pytest.param(IMAGES, {"model": "m", "prompt": "x", "partial_images": 11}, id="previews"),
        pytest.param(IMAGES, {"model": "m", "prompt": "x", "partial_images": -1}, id="below zero"),
        pytest.param(IMAGES, {"model": "m", "prompt": "x", "n": 0}, id="no image"),
    ],
)
def test_counts_have_a_range(contract: Contract, body: dict[str, Any]) -> None:
    assert "must be" in refused(body, contract).message


def test_a_form_says_numbers_as_texts() -> None:
    body = {"model": "m", "prompt": "x", "image": object(), "n": "2"}
    judged(body, IMAGE_EDITS, form=True)
    assert refused({**body, "n": "129"}, IMAGE_EDITS, form=True).parameter == "n"
    assert refused({**body, "n": "two"}, IMAGE_EDITS, form=True).parameter == "n"


@pytest.mark.parametrize("value", [True, 1, "auto"])
def test_an_answer_in_the_background_is_refused(value: object) -> None:
    objection = refused({"model": "m", "input": "x", "background": value}, RESPONSES)
    assert objection.parameter == "background"
    assert (objection.status == 403) is (value is True)


@pytest.mark.parametrize("contract", [IMAGES, IMAGE_EDITS], ids=lambda found: found.name)
@pytest.mark.parametrize("value", [True, "true"])
def test_a_streamed_image_is_refused(contract: Contract, value: object) -> None:
    """LiteLLM answers it with 500, after the provider has charged for it."""
    body = {"model": "m", "prompt": "x", "stream": value}
    assert refused(body, contract, form=isinstance(value, str)).parameter == "stream"


def test_an_image_that_is_not_streamed_says_so_if_it_likes() -> None:
    judged({"model": "m", "prompt": "x", "stream": False}, IMAGES)


def test_the_background_of_an_image_is_another_thing() -> None:
    judged({"model": "m", "prompt": "x", "background": "transparent"}, IMAGES)
    judged({"model": "m", "input": "x", "background": False}, RESPONSES)


# ── limits ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contract", "stated", "lowered"),
    [
        pytest.param(CHAT, {}, {"max_tokens": 4_000}, id="chat: written"),
        pytest.param(CHAT, {"max_tokens": 7}, {}, id="chat: below the alias's"),
        pytest.param(CHAT, {"max_tokens": 4_000}, {}, id="chat: the alias's"),
        pytest.param(CHAT, {"max_tokens": 4_001}, {"max_tokens": 4_000}, id="chat: one above"),
        pytest.param(CHAT, {"max_tokens": 64_000}, {"max_tokens": 4_000}, id="chat: lowered"),
        pytest.param(CHAT, {"max_tokens": 0}, {"max_tokens": 4_000}, id="zero is none"),
        pytest.param(CHAT, {"max_tokens": -1}, {"max_tokens": 4_000}, id="-1 is none"),
        pytest.param(CHAT, {"max_tokens": None}, {"max_tokens": 4_000}, id="null is none"),
        pytest.param(
            CHAT,
            {"max_completion_tokens": 64_000},
            {"max_completion_tokens": 4_000},
            id="chat: under the name that was used",
        ),
        pytest.param(
            CHAT,
            {"max_tokens": 9, "max_completion_tokens": 64_000},
            {"max_completion_tokens": 4_000},
            id="chat: both names",
        ),
        pytest.param(RESPONSES, {}, {"max_output_tokens": 4_000}, id="responses: its own name"),
        pytest.param(MESSAGES, {"max_tokens": 32_000}, {"max_tokens": 4_000}, id="Claude Code's"),
        pytest.param(COMPLETIONS, {}, {"max_tokens": 4_000}, id="completions"),
    ],
)
def test_an_answers_limit_is_lowered_to_the_alias_or_written(
    contract: Contract, stated: dict[str, Any], lowered: dict[str, int]
) -> None:
    found = judged({**REQUIRED[contract.name], **stated}, contract)
    assert found.lowered == lowered
    assert found.written == lowered


@pytest.mark.parametrize(
    ("own", "written"),
    [
        ({"max_tokens": 700}, {"max_tokens": 700}),
        ({"max_completion_tokens": 900}, {"max_completion_tokens": 900}),
        ({"max_tokens": 9_000}, {"max_tokens": 4_000}),
        ({"max_tokens": "many"}, {"max_tokens": 4_000}),
    ],
)
def test_where_none_is_stated_the_aliass_own_parameter_counts(
    own: dict[str, Any], written: dict[str, int]
) -> None:
    assert judged(HI, by=card(parameters=own)).written == written


def test_an_alias_that_states_no_limit_has_one_all_the_same() -> None:
    without = read_card(chat_card())
    assert judged(HI, by=without).written == {"max_tokens": 32_768}


@pytest.mark.parametrize("contract", [OCR, IMAGES])
def test_what_has_no_limit_gets_none(contract: Contract) -> None:
    body = {"model": "m", "prompt": "x", "document": {"type": "document_url"}}
    given = {name: body[name] for name in contract.required}
    assert judged(given, contract).written == {}


@pytest.mark.parametrize(
    ("limit", "budget", "thinking"),
    [
        pytest.param(4_000, 2_000, None, id="below: left alone"),
        pytest.param(64_000, 32_000, {"type": "enabled", "budget_tokens": 3_999}, id="lowered too"),
        pytest.param(4_000, 4_000, {"type": "enabled", "budget_tokens": 3_999}, id="just below"),
        pytest.param(64_000, "32000", {"type": "enabled", "budget_tokens": 3_999}, id="a text"),
        pytest.param(1_000, 2_000, {"type": "disabled"}, id="no room for any"),
    ],
)
def test_a_thinking_budget_stays_below_the_limit(
    limit: int, budget: object, thinking: dict[str, Any] | None
) -> None:
    body = {**HI, "max_tokens": limit, "thinking": {"type": "enabled", "budget_tokens": budget}}
    assert judged(body, MESSAGES).written.get("thinking") == thinking


@pytest.mark.parametrize("thinking", [{"type": "adaptive"}, {"type": "disabled"}, {}])
def test_thinking_without_a_budget_is_left_alone(thinking: dict[str, Any]) -> None:
    assert "thinking" not in judged({**HI, "thinking": thinking}, MESSAGES).written


# ── what runs at the provider has a fee ──────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search"),
        ({"tools": [{"type": "function", "googleSearch": {}}]}, "google_search"),
        ({"web_search_options": {}}, "web_search"),
        ({"enable_search": True}, "web_search"),
        ({"search_options": {"forced_search": True}}, "web_search"),
        ({"web_search": True}, "web_search"),
    ],
)
def test_a_hosted_tool_needs_a_fee_on_the_card(body: dict[str, Any], kind: str) -> None:
    objection = refused({**HI, **body}, allowed=ANY)
    assert objection.kind == "tool_without_price"
    assert f'usd_per_use: {{{kind}: "0.01"}}' in objection.message
    priced = card(price={**chat_card()["price"], "usd_per_use": {kind: "0.01"}})
    judged({**HI, **body}, allowed=ANY, by=priced)


@pytest.mark.parametrize(
    "body", [{"enable_search": False}, {"web_search": False}, {"web_search_options": None}]
)
def test_a_search_that_is_declined_needs_none(body: dict[str, Any]) -> None:
    judged({**HI, **body}, allowed=ANY)


def test_a_search_that_is_taken_out_needs_none() -> None:
    assert judged({**HI, "search_options": {}}).removed == {"search_options"}


# ── odd bodies ───────────────────────────────────────────────────────────────


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
@pytest.mark.parametrize(
    "odd", [5, -1, 10**400, math.nan, "x" * 10_000, [None] * 100_000, nested(900), {"a": [{}]}]
)
def test_odd_values_are_refused_and_never_an_error(contract: Contract, odd: Any) -> None:
    for name in (*contract.parameters, "zz"):
        with suppress(Objection):
            judged({**REQUIRED.get(contract.name, {"model": "m"}), name: odd}, contract)


def test_a_hundred_thousand_names_are_refused_at_once() -> None:
    assert refused({**HI, **{f"x{i}": i for i in range(100_000)}}).parameter == "x0"
