"""What becomes of a call between LiteLLM's hooks, without LiteLLM: shapes recorded from it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from aspire_ledger.account import Unmarked
from aspire_ledger.litellm import open_call
from aspire_ledger.litellm.call_handler import Declined
from aspire_ledger.litellm.events import ID, read_ended
from aspire_ledger.litellm.failures import Tallies, keep_writing
from aspire_ledger.litellm.open_call import Caller
from aspire_ledger.litellm.running import logged_call
from aspire_ledger.litellm.settings import (
    GRACE,
    KEYS_WITHOUT_MARK,
    LATE,
    ON_OUTAGE,
    URL,
    WrongSetting,
    read_settings,
)
from aspire_ledger.recovery import Logged, recover_once
from aspire_ledger.values import Answer, Counted, FailedCalls, Request
from ledger_support.cards import chat_card
from ledger_support.desk import (
    CHAT_CARD,
    CHAT_NANO,
    NOW,
    Desk,
    account,
    caller,
    event,
    exchange,
    id_of,
    paying,
    reporting,
    usd,
)
from ledger_support.memory_store import MemoryStore

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

STRICT = caller(budget_mode="strict")
DEAR_CARD = chat_card(
    price={"input_usd_per_million_tokens": "10", "output_usd_per_million_tokens": "40"},
    timeout_s=60,
)
HTTP_STATUS: Any = type("HTTPStatusError", (Exception,), {})
WORST = usd("0.00009")  # 10 tokens in and 20 out


@pytest.fixture
def run() -> Iterator[Run[Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def desk() -> Desk:
    return Desk(MemoryStore(), late_s=0.01)


def declined(desk: Desk, run: Run[Any], call_type: str = "acompletion", **more: Any) -> Declined:
    with pytest.raises(Declined) as raised:
        run(desk.admitted(call_type, **more))
    return raised.value


def seen_parameters(desk: Desk) -> list[tuple[str, str]]:
    return [(key[4], key[5]) for key in desk.handler.tallies._parameters]


def refusal_of_vendor(status: int) -> Exception:
    error, cause = Exception("InternalServerError"), HTTP_STATUS()
    cause.response = SimpleNamespace(status_code=status)
    error.__cause__ = cause
    return error


# ── who may call what ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("models", "alias", "allowed"),
    [
        pytest.param(("chat",), "chat", True, id="listed"),
        pytest.param(("other",), "chat", False, id="another one"),
        pytest.param((), "chat", False, id="an empty list is none"),
        pytest.param(("*",), "chat", False, id="no star"),
        pytest.param(
            ("all-team-models", "all-proxy-models"), "chat", False, id="no word of LiteLLM's"
        ),
        pytest.param(("ch*",), "chat", False, id="no pattern"),
        pytest.param(("chat",), "Chat", False, id="in another case"),
        pytest.param(("chat",), "chat ", False, id="with a blank"),
    ],
)
@pytest.mark.parametrize("marked", [True, False])
def test_the_alias_must_stand_literally_in_a_marked_keys_list(
    desk: Desk, run: Run[Any], *, models: tuple[str, ...], alias: str, allowed: bool, marked: bool
) -> None:
    """For a key that we did not make LiteLLM itself is asked."""
    desk = Desk(desk.store, Unmarked.ALLOW)
    desk.rows |= {"Chat": [CHAT_CARD], "chat ": [CHAT_CARD]}
    by = paying(account("shop", "1") if marked else {"team": "x"}, models)
    if allowed:
        run(desk.admitted(by=by, model=alias))
        return
    assert declined(desk, run, by=by, model=alias).refusal.type == "alias_not_listed"


def test_the_alias_is_the_one_that_litellm_will_route_by(desk: Desk, run: Run[Any]) -> None:
    """LiteLLM may have put the path's or the query's into the data; the caller said another."""
    sent = exchange("acompletion", {"model": "chat", "messages": [{"role": "user"}]})
    with pytest.raises(Declined) as raised:
        run(desk.handler.admit(caller(), "acompletion", {"model": "other"}, sent))
    assert raised.value.refusal.type == "alias_not_listed"


@pytest.mark.parametrize("seen", [None, "another call's", "nothing of its body"])
def test_a_call_that_the_front_has_not_seen_is_refused(
    desk: Desk, run: Run[Any], seen: str | None
) -> None:
    body = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}
    found = exchange("acompletion" if seen != "another call's" else "aocr", body)
    if seen == "nothing of its body":
        del found.scope["parsed_body"]
    with pytest.raises(Declined) as raised:
        run(desk.handler.admit(caller(), "acompletion", dict(body), found if seen else None))
    assert raised.value.refusal.type == "guard_missing"


@pytest.mark.parametrize(
    ("call_type", "body", "kind"),
    [
        pytest.param("acreate_batch", {}, "route_not_counted", id="a batch"),
        pytest.param("a_call_of_tomorrow", {}, "route_not_counted", id="a route nobody knows"),
        pytest.param(
            "aresponses", {"background": True, "messages": ..., "input": "x"}, "route_not_counted",
            id="background",
        ),
        pytest.param("acompletion", {"model": "a,b"}, "one_alias_per_call", id="two aliases"),
        pytest.param("acompletion", {"model": None}, "one_alias_per_call", id="no alias"),
        pytest.param("acompletion", {"model": ["chat"]}, "one_alias_per_call", id="a list"),
        pytest.param("acompletion", {"model": "other"}, "unpriced_alias", id="no card"),
        pytest.param("acompletion", {"extra_body": {"n": 9}}, "parameter_not_allowed", id="extra"),
        pytest.param("acompletion", {"timeout": 1}, "parameter_not_allowed", id="a timeout"),
        pytest.param("acompletion", {"num_retries": 8}, "parameter_not_allowed", id="retries"),
        pytest.param(
            "acompletion",
            {"tools": [{"type": "web_search"}]},
            "tool_without_price",
            id="a tool without a fee",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_declined(
    desk: Desk, run: Run[Any], call_type: str, body: dict[str, Any], kind: str
) -> None:
    assert declined(desk, run, call_type, **body).refusal.type == kind
    assert run(desk.store.totals("2026-11")) == []


@pytest.mark.parametrize(
    "rows", [[], [None], [CHAT_CARD, None], [CHAT_CARD, {**CHAT_CARD, "format": 2}]], ids=len
)
def test_an_alias_of_which_a_row_has_no_card_is_refused(
    desk: Desk, run: Run[Any], rows: list[Any]
) -> None:
    desk.rows["chat"] = rows
    assert declined(desk, run).refusal.type == "unpriced_alias"


@pytest.mark.parametrize(
    ("allowed", "passes"),
    [(("enable_thinking",), True), ((), False)],
)
def test_an_extension_goes_on_where_all_rows_of_the_alias_allow_it(
    desk: Desk, run: Run[Any], allowed: tuple[str, ...], *, passes: bool
) -> None:
    desk.rows["chat"] = [
        {**CHAT_CARD, "allow_parameters": ["enable_thinking", "top_k"]},
        {**CHAT_CARD, "allow_parameters": list(allowed)},
    ]
    if passes:
        run(desk.admitted(enable_thinking=True))
        return
    assert declined(desk, run, enable_thinking=True).refusal.parameter == "enable_thinking"


@pytest.mark.parametrize("policy", Unmarked)
def test_a_key_that_is_not_ours_is_judged_all_the_same(
    desk: Desk, run: Run[Any], policy: Unmarked
) -> None:
    desk = Desk(desk.store, policy)
    theirs = paying({"team": "x"})
    if policy is Unmarked.REFUSE:
        assert declined(desk, run, by=theirs).refusal.type == "key_without_budget"
        return
    data = run(desk.admitted(by=theirs, max_tokens=20))
    assert (data["max_tokens"], id_of(data)) == (20, "")
    assert run(desk.store.totals("2026-11")) == []
    assert declined(desk, run, by=theirs, api_base="x").refusal.type == "parameter_not_allowed"


def test_a_free_call_is_neither_counted_nor_changed(desk: Desk, run: Run[Any]) -> None:
    found = exchange("aget_responses", {})
    data: dict[str, Any] = {"response_id": "resp_1"}
    run(desk.handler.admit(caller(), "aget_responses", data, found))
    assert data == {"response_id": "resp_1"}
    assert run(desk.store.totals("2026-11")) == []


def test_a_hosted_tool_needs_a_fee_on_every_row_of_its_alias(desk: Desk, run: Run[Any]) -> None:
    paid = {**CHAT_CARD, "price": {**CHAT_CARD["price"], "usd_per_use": {"web_search": "0.01"}}}
    searching: dict[str, Any] = {"tools": [{"type": "web_search"}]}
    for rows, passes in (([paid, paid], True), ([paid, CHAT_CARD], False)):
        desk.rows["chat"] = list(rows)
        if passes:
            run(desk.admitted(**searching))
        else:
            assert declined(desk, run, **searching).refusal.type == "tool_without_price"


# ── what goes on ─────────────────────────────────────────────────────────────


def test_what_is_taken_out_and_lowered_is_said_in_headers_of_the_answer(
    desk: Desk, run: Run[Any]
) -> None:
    desk.rows["chat"] = [{**CHAT_CARD, "max_output_tokens": 100}]
    data = run(desk.admitted(max_tokens=64_000, zz=None, top_k=None))
    assert desk.exchange
    assert desk.exchange.notes == {
        "x-aspire-limits": "max_tokens=100",
        "x-aspire-removed": "top_k, zz",
    }
    assert data["max_tokens"] == 100
    assert not {"zz", "top_k"} & data.keys()


def test_of_several_rows_the_lowest_limit_counts(desk: Desk, run: Run[Any]) -> None:
    desk.rows["chat"] = [
        {**CHAT_CARD, "max_output_tokens": 900},
        {**CHAT_CARD, "max_output_tokens": 100},
    ]
    assert run(desk.admitted())["max_tokens"] == 100


@pytest.mark.parametrize(
    ("options", "stream", "asked"),
    [
        pytest.param({"include_usage": False}, True, True, id="declined: asked for and hidden"),
        pytest.param({"include_usage": True}, True, False, id="asked for already"),
        pytest.param({"include_obfuscation": True}, True, False, id="not spoken of"),
        pytest.param({"include_usage": False}, False, False, id="no stream"),
    ],
)
def test_a_stream_ends_with_its_usage_also_where_the_caller_declined_it(
    desk: Desk, run: Run[Any], options: dict[str, Any], *, stream: bool, asked: bool
) -> None:
    data = run(desk.admitted(stream=stream, stream_options=options))
    assert data.get("_litellm_strip_stream_usage", False) is asked
    assert (data["stream_options"].get("include_usage") is True) is (
        asked or options.get("include_usage", False)
    )


def test_an_app_that_is_observed_passes_what_means_nothing_until_its_day(
    desk: Desk, run: Run[Any]
) -> None:
    by = caller(unknown_parameters_until="2026-11-24T00:00:00+11:00")
    run(desk.admitted(by=by, zz=1))
    assert seen_parameters(desk) == [("zz", "passed")]
    assert declined(desk, run, by=by, mock_response="x").refusal.parameter == "mock_response"
    desk.now += timedelta(days=1)
    assert declined(desk, run, by=by, zz=1).refusal.parameter == "zz"
    assert sorted(seen_parameters(desk)) == [
        ("mock_response", "refused"),
        ("zz", "passed"),
        ("zz", "refused"),
    ]


@pytest.mark.parametrize("until", ["soon", "2026-12-01", 5, None])
def test_a_strict_budget_and_an_odd_day_are_never_observed(
    desk: Desk, run: Run[Any], until: object
) -> None:
    strict = caller(budget_mode="strict", unknown_parameters_until="2030-01-01T00:00:00+11:00")
    for by in (strict, caller(unknown_parameters_until=until)):
        assert declined(desk, run, by=by, zz=1).refusal.parameter == "zz"


# ── the row that was chosen ──────────────────────────────────────────────────


@pytest.mark.parametrize("by", [STRICT, caller()], ids=["strict", "fair"])
def test_a_swap_to_a_dearer_row_is_declined_where_the_budget_is_strict(
    desk: Desk, run: Run[Any], by: Caller
) -> None:
    data = run(desk.admitted(by=by, max_tokens=20))
    if by is STRICT:
        with pytest.raises(Declined) as raised:
            desk.chosen(data, DEAR_CARD)
        assert (raised.value.refusal.type, raised.value.refusal.status) == (
            "alias_is_changing",
            503,
        )
        return
    desk.chosen(data, DEAR_CARD)
    late = event(data)
    late["litellm_params"]["model_info"]["aspire"] = DEAR_CARD
    run(desk.handler.settle(read_ended(late)))
    assert run(desk.booked()) == [("settled", 10 * CHAT_NANO)]


def test_a_swap_while_a_call_is_under_way_does_not_price_it_anew(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    desk.chosen(data)
    desk.rows["chat"] = [DEAR_CARD]
    run(desk.handler.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_a_cheaper_row_is_taken_and_priced_at_its_own_card(desk: Desk, run: Run[Any]) -> None:
    desk.rows["chat"] = [DEAR_CARD, CHAT_CARD]
    data = run(desk.admitted(by=STRICT, max_tokens=20))
    assert run(desk.standing()) == (0, 10 * WORST)
    desk.chosen(data, CHAT_CARD)
    without = event(data)
    del without["litellm_params"]["model_info"]["aspire"]
    run(desk.handler.settle(read_ended(without)))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_a_row_without_a_card_is_not_asked(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    with pytest.raises(Declined) as raised:
        desk.chosen(data, {"format": 99})
    assert raised.value.refusal.type == "unpriced_alias"


def test_a_call_that_is_built_of_another_keeps_its_bound(desk: Desk, run: Run[Any]) -> None:
    """LiteLLM tells of the row again for the call inside, whose parameters are others."""
    data = run(desk.admitted(messages=[{"role": "user", "content": "x" * 1000}], stream=True))
    desk.chosen(data)
    desk.chosen(data)
    seen = desk.handler.answer(id_of(data))
    assert seen
    seen.saw({"choices": [{"delta": {"content": "y" * 100}}]})
    run(desk.handler.settle(read_ended(reporting(data, None))))
    run(desk.end(data))
    (counted,) = run(desk.counted())
    assert (counted.input_tokens, counted.output_tokens) == (1008, 100)


def test_a_row_of_a_call_that_nobody_admitted_is_none_of_our_business(desk: Desk) -> None:
    desk.handler.chosen({"metadata": {ID: "mine"}, "model_info": {}})


# ── what it cost ─────────────────────────────────────────────────────────────


def test_a_success_event_books_the_reported_units_at_the_reviewed_price(
    desk: Desk, run: Run[Any]
) -> None:
    data = run(desk.admitted())
    run(desk.handler.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_an_event_that_comes_twice_is_booked_once(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    for _ in range(2):
        run(desk.handler.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_an_event_with_an_id_that_we_did_not_make_is_booked_as_unadmitted(
    desk: Desk, run: Run[Any]
) -> None:
    """On a route that LiteLLM would not ask us about, a client may have written any id there."""
    known = id_of(run(desk.admitted()))
    for answer, forged in enumerate((known[:-1] + "x", "mine", "")):
        ended = event({"metadata": {ID: forged}})
        ended["standard_logging_object"]["id"] = f"chatcmpl_{answer}"
        run(desk.handler.settle(read_ended(ended)))
    assert run(desk.booked()) == [("unadmitted", CHAT_NANO)] * 3


def test_litellms_own_health_checks_are_not_booked(desk: Desk, run: Run[Any]) -> None:
    ended = event({"metadata": {}})
    ended["standard_logging_object"]["metadata"] = {"user_api_key_alias": "litellm-internal"}
    run(desk.handler.settle(read_ended(ended)))
    assert run(desk.booked()) == []


@pytest.mark.parametrize(
    "computed", [None, 0.0, -1.0, float("nan"), float("inf"), 1e9, 9e-05, "much"], ids=repr
)
@pytest.mark.parametrize("by", [STRICT, caller()], ids=["strict", "fair"])
def test_what_litellm_computes_decides_nothing(
    desk: Desk, run: Run[Any], computed: object, by: Caller
) -> None:
    data = run(desk.admitted(by=by, max_tokens=20))
    run(desk.handler.settle(read_ended(event(data, response_cost=computed))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]
    differs = computed not in (None, 9e-05, "much")
    assert ("the gateway computed" in run(desk.entry()).note) is differs


UNBELIEVABLE = [
    pytest.param(None, id="none"),
    pytest.param({}, id="nothing"),
    pytest.param({"prompt_tokens": 0, "completion_tokens": 0}, id="zero"),
    pytest.param({"prompt_tokens": -1, "completion_tokens": 20}, id="negative"),
    pytest.param({"prompt_tokens": float("nan"), "completion_tokens": 20}, id="no number"),
    pytest.param({"prompt_tokens": 10**12, "completion_tokens": 20}, id="absurd"),
    pytest.param({"prompt_tokens": 0, "completion_tokens": 20}, id="no input"),
    pytest.param({"prompt_tokens": 10, "completion_tokens": 0}, id="no output of a text"),
]
SAID = {"choices": [{"message": {"role": "assistant", "content": "x" * 7}}]}


@pytest.mark.parametrize("usage", UNBELIEVABLE)
def test_a_strict_budget_pays_what_was_set_aside_where_usage_is_not_believed(
    desk: Desk, run: Run[Any], usage: dict[str, Any] | None
) -> None:
    data = run(desk.admitted(by=STRICT, max_tokens=20))
    run(desk.handler.settle(read_ended(reporting(data, usage), SAID)))
    assert run(desk.booked()) == [("settled", WORST)]
    assert "booked what was set aside" in run(desk.entry()).note


@pytest.mark.parametrize("usage", UNBELIEVABLE)
def test_a_fair_budget_pays_what_was_sent_and_seen_where_usage_is_not_believed(
    desk: Desk, run: Run[Any], usage: dict[str, Any] | None
) -> None:
    data = run(desk.admitted(max_tokens=200))
    run(desk.handler.settle(read_ended(reporting(data, usage), SAID)))
    # Of the report that has no input the output is believed; it is more than was seen.
    output = 20 if usage == {"prompt_tokens": 0, "completion_tokens": 20} else 7
    assert run(desk.booked()) == [("settled", usd(f"{(10 + 4 * output)}E-6"))]
    assert "what was sent and what was seen" in run(desk.entry()).note


@pytest.mark.parametrize("reports", [True, False])
def test_whether_a_stream_reported_usage_is_read_from_what_passed(
    desk: Desk, run: Run[Any], *, reports: bool
) -> None:
    """LiteLLM fills in what a provider did not say, without a mark."""
    data = run(desk.admitted(stream=True))
    desk.chosen(data)
    answer = desk.handler.answer(id_of(data))
    assert answer
    answer.saw({"choices": [{"delta": {"content": "hello"}}]})
    answer.ended([{"usage": {"prompt_tokens": 10, "completion_tokens": 20}}] if reports else [])
    run(desk.handler.settle(read_ended(event(data))))
    run(desk.end(data))
    expected = CHAT_NANO if reports else usd("0.00003")  # 10 sent, 5 seen
    assert run(desk.booked()) == [("settled", expected)]
    assert ("no usage was reported" in run(desk.entry()).note) is not reports


def test_a_stream_that_litellm_tells_of_early_is_settled_when_it_ends(
    desk: Desk, run: Run[Any]
) -> None:
    """It builds some calls of others, and the inner one ends before its usage has passed."""
    data = run(desk.admitted(stream=True))
    desk.chosen(data)
    run(desk.handler.settle(read_ended(event(data))))
    assert run(desk.booked()) == []
    answer = desk.handler.answer(id_of(data))
    assert answer
    answer.saw({"choices": [{"delta": {"content": "hello"}}]})
    answer.ended([{"usage": {"prompt_tokens": 10, "completion_tokens": 20}}])
    run(desk.end(data))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]
    assert not run(desk.entry()).estimated


def test_usage_that_litellm_made_up_for_a_stream_is_an_estimate(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted(stream=True))
    desk.chosen(data)
    answer = desk.handler.answer(id_of(data))
    assert answer
    answer.saw({"choices": [{"delta": {"content": "hello"}}]})
    answer.ended([{"usage": {"prompt_tokens": 1, "completion_tokens": 2}}])
    assert desk.exchange
    desk.exchange.filled_in = True
    run(desk.handler.settle(read_ended(event(data))))
    run(desk.end(data))
    assert run(desk.entry()).estimated
    assert run(desk.booked()) == [("settled", usd("0.00003"))]  # 10 sent, 5 seen


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        pytest.param(1e30, "0.00009", id="absurd: a provider's own figure"),
        pytest.param(0, "0.00009", id="nothing"),
        pytest.param(None, "0.00009", id="none"),
    ],
)
def test_litellms_own_spend_is_our_price(
    desk: Desk, run: Run[Any], reported: float | None, expected: str
) -> None:
    """Else one header of a provider's would lock the app out for the month."""
    data = run(desk.admitted())
    desk.chosen(data)
    ended = read_ended(event(data, response_cost=reported))
    assert desk.handler.price(ended) == Decimal(expected)


def test_litellms_own_spend_of_a_call_that_nobody_can_price_is_nothing(desk: Desk) -> None:
    ended = read_ended(event({"metadata": {}}, response_cost=float("nan"), litellm_params={}))
    assert desk.handler.price(ended) == 0


def test_an_answer_that_litellm_cannot_log_is_booked_by_what_it_says(
    desk: Desk, run: Run[Any]
) -> None:
    """Its log fails on a usage that is no number; the answer itself went to the client."""
    data = run(desk.admitted())
    desk.chosen(data)
    desk.handler.answered(id_of(data), {"choices": [{"message": {"content": "hello"}}]})
    run(desk.end(data, waits_s=0.3))
    assert run(desk.booked()) == [("recovered", usd("0.00003"))]  # 10 sent, 5 seen
    assert run(desk.entry()).estimated


# ── how it failed ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 529])
@pytest.mark.parametrize("by", [STRICT, caller()], ids=["strict", "fair"])
def test_a_vendors_refusal_frees_what_was_set_aside_and_leaves_a_trace(
    desk: Desk, run: Run[Any], by: Caller, status: int
) -> None:
    data = run(desk.admitted(by=by, max_tokens=20))
    desk.chosen(data)
    run(desk.handler.failed(id_of(data), refusal_of_vendor(status)))
    assert run(desk.standing()) == (0, 0)
    ((day, app, alias, row, outcome),) = desk.handler.tallies._failures
    assert (day, app, alias, row) == ("2026-11-23", "shop", "chat", "row-1")
    assert outcome == ("429" if status == 429 else f"{status // 100}xx")


def test_a_thousand_refusals_cost_nothing(desk: Desk, run: Run[Any]) -> None:
    async def story() -> None:
        for _ in range(1000):
            data = await desk.admitted(by=STRICT, max_tokens=20)
            await desk.handler.failed(id_of(data), refusal_of_vendor(500))

    run(story())
    assert run(desk.standing()) == (0, 0)
    assert sum(desk.handler.tallies._failures.values()) == 1000


@pytest.mark.parametrize(
    ("by", "nano"),
    [
        pytest.param(STRICT, WORST, id="strict: what was set aside"),
        pytest.param(caller(), usd("0.00001"), id="fair: what was sent"),
    ],
)
@pytest.mark.parametrize("error", [asyncio.CancelledError(), TimeoutError(), None], ids=repr)
def test_a_call_whose_end_nobody_knows_is_booked_and_says_so(
    desk: Desk, run: Run[Any], by: Caller, nano: int, error: BaseException | None
) -> None:
    data = run(desk.admitted(by=by, max_tokens=20))
    run(desk.handler.failed(id_of(data), error))
    assert run(desk.booked()) == [("settled", nano)]
    assert "the provider may have charged for it" in run(desk.entry()).note


def test_a_stream_that_is_refused_after_it_began_is_not_free(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted(stream=True))
    answer = desk.handler.answer(id_of(data))
    assert answer
    answer.saw({"choices": [{"delta": {"content": "hello"}}]})
    run(desk.handler.failed(id_of(data), refusal_of_vendor(500)))
    assert run(desk.booked()) == [("settled", usd("0.00003"))]


@pytest.mark.parametrize("call_id", ["", "mine", "0" * 48])
def test_a_failure_of_a_call_that_we_did_not_admit_changes_nothing(
    desk: Desk, run: Run[Any], call_id: str
) -> None:
    run(desk.admitted(by=STRICT, max_tokens=20))
    run(desk.handler.failed(call_id, refusal_of_vendor(500)))
    assert run(desk.standing()) == (0, WORST)


@pytest.mark.slow
@pytest.mark.parametrize("late", ["an event", "a failure", "a refusal", "nothing"])
@pytest.mark.parametrize("by", [STRICT, caller()], ids=["strict", "fair"])
def test_an_answer_that_ended_and_was_never_told_of_is_booked_and_corrected_later(
    desk: Desk, run: Run[Any], late: str, by: Caller
) -> None:
    async def story() -> None:
        data = await desk.admitted(by=by, stream=True, max_tokens=20)
        desk.chosen(data)
        desk.handler.ended(id_of(data))
        await asyncio.sleep(0.3)
        guessed = WORST if by is STRICT else usd("0.00001")
        assert await desk.booked() == [("recovered", guessed)]
        if late == "an event":
            await desk.handler.settle(read_ended(event(data)))
        if late == "a failure":
            await desk.handler.failed(id_of(data), TimeoutError())
        if late == "a refusal":
            await desk.handler.failed(id_of(data), refusal_of_vendor(500))

    run(story())
    spent, reserved = run(desk.standing())
    assert reserved == 0
    guessed = WORST if by is STRICT else usd("0.00001")
    assert spent == {"an event": CHAT_NANO, "a refusal": 0}.get(late, guessed)


def test_an_answer_that_was_told_of_in_time_is_not_guessed(desk: Desk, run: Run[Any]) -> None:
    async def story() -> None:
        data = await desk.admitted(max_tokens=20)
        desk.handler.ended(id_of(data))
        await desk.handler.settle(read_ended(event(data)))
        await asyncio.sleep(0.05)

    run(story())
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_a_call_that_is_never_heard_of_again_is_booked_after_its_time(
    desk: Desk, run: Run[Any]
) -> None:
    run(desk.admitted(max_tokens=20))
    for seconds, booked in ((89, []), (91, [("recovered", CHAT_NANO)])):

        async def nothing_logged(_: Any) -> dict[str, Logged]:
            return {}

        moment = NOW + timedelta(seconds=seconds)  # its alias's timeout is 60, and 30 of grace
        run(recover_once(desk.store, moment, nothing_logged))
        assert run(desk.booked()) == booked


def test_a_lost_call_is_booked_at_what_litellm_logged(desk: Desk, run: Run[Any]) -> None:
    call_id = id_of(run(desk.admitted()))

    async def logged(_: Any) -> dict[str, Logged]:
        return {call_id: Logged(Decimal("0.00001"), Counted(10, 4, 20))}

    run(recover_once(desk.store, NOW + timedelta(minutes=2), logged))
    assert run(desk.booked()) == [("recovered", 20_000)]
    assert run(desk.counted()) == [Counted(10, 4, 20)]


def test_what_comes_late_corrects_what_was_counted_too(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())

    async def logged(_: Any) -> dict[str, Logged]:
        return {id_of(data): Logged(Decimal("0.00001"), Counted(7, 4, 20))}

    run(recover_once(desk.store, NOW + timedelta(minutes=2), logged))
    run(desk.handler.settle(read_ended(event(data))))
    assert run(desk.counted()) == [Counted(7, 4, 20), Counted(3, -4, 0)]


@pytest.mark.parametrize(
    ("answer", "pages", "images"),
    [
        pytest.param({"pages": [{}, {}, {}]}, 3, 0, id="pages of the answer"),
        pytest.param({"pages": [{}], "usage_info": {"pages_processed": 3}}, 3, 0, id="more told"),
        pytest.param(
            {"pages": [{}], "usage_info": {"pages_processed": True}}, 1, 0, id="no number"
        ),
        pytest.param({"pages": "x", "usage_info": {"pages_processed": -3}}, 0, 0, id="odd"),
        pytest.param({"data": [{"url": "x"}, {"url": "y"}]}, 0, 2, id="images"),
        pytest.param("no mapping", 0, 0, id="nothing"),
    ],
)
def test_pieces_are_counted_in_the_answer_itself(answer: object, pages: int, images: int) -> None:
    ending = read_ended(event({"metadata": {}}), answer).ending
    assert (ending.pages, ending.images) == (pages, images)


@pytest.mark.parametrize(
    "odd", [{}, {"standard_logging_object": 5}, {"litellm_params": {"metadata": "x"}}], ids=repr
)
def test_an_event_that_says_nothing_is_read_as_that(odd: dict[str, Any]) -> None:
    ended = read_ended(odd, object())
    assert (ended.id, ended.card, ended.ending.counted) == ("", None, None)


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 20, "cached": "4"},
            Counted(10, 4, 20),
            id="a chat",
        ),
        pytest.param({"prompt_tokens": 0, "pages": "3"}, Counted(pages=3), id="OCR"),
        pytest.param({"images": "2", "pages": None}, Counted(images=2), id="images"),
        pytest.param(
            {"prompt_tokens": "many", "cached": "²", "pages": "9" * 99}, Counted(), id="strange"
        ),
    ],
)
def test_what_litellms_log_counted_is_read(row: dict[str, Any], counted: Counted) -> None:
    assert logged_call({"spend": 0.1, **row}) == Logged(Decimal("0.1"), counted)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"metadata": {ID: "mine"}}, id="chat: one place, LiteLLM's and the client's"),
        pytest.param(
            {"litellm_metadata": {ID: "mine"}, "metadata": {ID: "mine"}}, id="messages: two places"
        ),
        pytest.param({"metadata": "no mapping"}, id="no mapping"),
        pytest.param({"metadata": {"spend_logs_metadata": "none"}}, id="a log that is none"),
        pytest.param({}, id="no place at all"),
    ],
)
def test_only_our_id_is_left_on_a_request(data: dict[str, Any]) -> None:
    open_call.mark(data, "ours", {"metadata": {"label": "theirs"}})
    own = data.get("litellm_metadata") or data["metadata"]
    assert (own[ID], own["spend_logs_metadata"][ID]) == ("ours", "ours")
    assert "mine" not in repr(data)
    assert open_call.marked_id(data) == "ours"


def test_a_strict_budget_says_what_is_left_and_what_the_call_may_cost(
    desk: Desk, run: Run[Any]
) -> None:
    poor = caller(aud="0.0001", budget_mode="strict")
    message = declined(desk, run, by=poor, max_tokens=20).refusal.message
    assert "0.0001 are left and this call may cost 0.00018: a smaller max_tokens may fit" in message


def test_a_refusal_that_midnight_overtook_says_to_try_again_now(
    desk: Desk, run: Run[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the old month's; by the new month's end the client would wait for an hour."""
    desk.now = datetime(2026, 11, 30, 12, 59, 59, tzinfo=UTC)
    ask = desk.store.admit

    async def slow(request: Request) -> Answer:
        answer = await ask(request)
        desk.now += timedelta(seconds=2)
        return answer

    monkeypatch.setattr(desk.store, "admit", slow)
    refusal = declined(desk, run, by=caller(aud="0")).refusal
    assert "The month turns at 2026-12-01 00:00 AEDT" in refusal.message
    assert refusal.retry_after_s == 1


GOOD = {URL: "postgresql://ledger", ON_OUTAGE: "allow for 10 minutes", KEYS_WITHOUT_MARK: "allow"}


def test_the_environment_is_read() -> None:
    settings = read_settings({**GOOD, GRACE: "5", LATE: "7"})
    assert settings.allow_for == timedelta(minutes=10)
    assert settings.unmarked is Unmarked.ALLOW
    assert settings.grace == timedelta(seconds=5)
    assert settings.late == timedelta(seconds=7)
    assert read_settings(GOOD).late == timedelta(seconds=30)


@pytest.mark.parametrize(
    "wrong",
    [
        {URL: ""},
        {URL: "mysql://u:planted-password@h/d"},
        {ON_OUTAGE: "allow"},
        {KEYS_WITHOUT_MARK: "maybe"},
        {GRACE: "-1"},
        {LATE: "0"},
        {URL: "sqlite:////var/lib/ledger.sqlite3"},
    ],
    ids=str,
)
def test_a_wrong_variable_ends_the_start_and_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match=next(iter(wrong))) as error:
        read_settings({**GOOD, **wrong})
    assert error.value.help
    assert "planted-password" not in str(error.value)


@pytest.mark.parametrize(
    ("mode", "price", "call_type", "body"),
    [
        pytest.param(
            "ocr", {"usd_per_page": "0.01"}, "acompletion", {}, id="tokens of an OCR alias"
        ),
        pytest.param(
            "embedding",
            {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "0"},
            "acompletion",
            {},
            id="answers of an embedding alias",
        ),
        pytest.param(
            "chat",
            {"input_usd_per_million_tokens": "1", "output_usd_per_million_tokens": "4"},
            "aembedding",
            {"input": "x", "messages": ...},
            id="vectors of a chat alias",
        ),
    ],
)
def test_an_alias_is_called_by_the_kind_of_call_that_it_is_priced_for(
    desk: Desk,
    run: Run[Any],
    *,
    mode: str,
    price: dict[str, str],
    call_type: str,
    body: dict[str, Any],
) -> None:
    """Else what its card has no price for would cost nothing."""
    desk.rows["chat"] = [{"format": 1, "mode": mode, "price": price}]
    refusal = declined(desk, run, call_type, **body).refusal
    assert (refusal.status, refusal.type) == (400, "alias_of_another_mode")


def test_a_file_of_sqlite_stops_the_proxy_with_the_command_that_moves_it() -> None:
    with pytest.raises(WrongSetting, match="aspire-gitops ledger move --from sqlite:"):
        read_settings({**GOOD, URL: "sqlite:////planted/ledger.sqlite3"})


def test_counts_of_more_than_400_days_ago_are_forgotten(run: Run[Any]) -> None:
    store = MemoryStore()
    days = ("2025-10-18", "2025-10-19")
    run(store.count_failures([FailedCalls(day, "wiki", "chat", "eu", "5xx") for day in days]))

    async def story() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await keep_writing(Tallies(), store, lambda: NOW, every_s=0.001)

    run(story())
    assert [each.day for each in run(store.failures("", "9"))] == ["2025-10-19"]
