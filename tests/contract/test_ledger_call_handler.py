"""What becomes of a call between LiteLLM's hooks, without LiteLLM: shapes recorded from it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from aspire_gitops.ledger.litellm import asked
from aspire_gitops.ledger.litellm.ended import ID, read_ended
from aspire_gitops.ledger.litellm.prices import PriceList, read_tariff
from aspire_gitops.ledger.litellm.recovery import recover_once
from aspire_gitops.ledger.litellm.running import logged_call
from aspire_gitops.ledger.litellm.settings import (
    GRACE,
    KEYS_WITHOUT_MARK,
    ON_OUTAGE,
    URL,
    Unmarked,
    WrongSetting,
    read_settings,
)
from aspire_gitops.ledger.litellm.till import Caller, Declined
from aspire_gitops.ledger.opening import open_store
from aspire_gitops.ledger.recovering import Logged
from aspire_gitops.ledger.values import Answer, Counted, Request
from support.ledger_desk import CHAT_NANO, NOW, Desk, event
from support.ledger_real import PRICES, account

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]

CHAT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def run() -> Iterator[Run[Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def desk(run: Run[Any], tmp_path: Path) -> Iterator[Desk]:
    store = open_store(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield Desk(store)
    run(store.close())


def test_a_success_event_books_what_litellm_computed(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    run(desk.till.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_an_event_that_comes_twice_is_booked_once(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    for _ in range(2):
        run(desk.till.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


def test_an_event_with_an_id_that_we_did_not_make_is_booked_as_unadmitted(
    desk: Desk, run: Run[Any]
) -> None:
    """On a route that LiteLLM would not ask us about, a client may have written any id there."""
    known = run(desk.admitted())["metadata"][ID]
    for answer, forged in enumerate((known[:-1] + "x", "mine", "")):
        ended = event({"metadata": {ID: forged}})
        ended["standard_logging_object"]["id"] = f"chatcmpl_{answer}"
        run(desk.till.settle(read_ended(ended)))
    assert run(desk.booked()) == [("unadmitted", CHAT_NANO)] * 3


def test_litellms_own_health_checks_are_not_booked(desk: Desk, run: Run[Any]) -> None:
    ended = event({"metadata": {}})
    ended["standard_logging_object"]["metadata"] = {"user_api_key_alias": "litellm-internal"}
    run(desk.till.settle(read_ended(ended)))
    assert run(desk.booked()) == []


def test_a_failed_request_frees_what_was_set_aside(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())
    run(desk.till.release(asked.call_id(data)))
    (total,) = run(desk.store.totals("2026-11"))
    assert (total.spent, total.reserved) == (0, 0)


@pytest.mark.parametrize(
    ("attempt_usd", "booked"),
    [
        pytest.param(0, CHAT_NANO, id="a failure that cost nothing"),
        pytest.param(0.00009, 2 * CHAT_NANO, id="a failure that the provider charged for"),
    ],
)
def test_a_retry_is_booked_with_what_the_failed_attempt_cost(
    desk: Desk, run: Run[Any], attempt_usd: float, booked: int
) -> None:
    data = run(desk.admitted())
    run(desk.till.attempt_failed(read_ended(event(data, response_cost=attempt_usd))))
    run(desk.till.settle(read_ended(event(data))))
    assert run(desk.booked()) == [("settled", booked)]


def test_a_request_that_failed_is_booked_if_an_attempt_cost_something(
    desk: Desk, run: Run[Any]
) -> None:
    data = run(desk.admitted())
    run(desk.till.attempt_failed(read_ended(event(data, response_cost=0.00009))))
    run(desk.till.release(asked.call_id(data)))
    assert run(desk.booked()) == [("settled", CHAT_NANO)]


@pytest.mark.parametrize(
    ("cost", "booked"),
    [
        pytest.param(None, CHAT_NANO, id="none: what was reserved"),
        pytest.param(-1.0, CHAT_NANO, id="negative"),
        pytest.param(float("nan"), CHAT_NANO, id="no number"),
        pytest.param(1e9, CHAT_NANO, id="absurd"),
        pytest.param(0.0, 0, id="nothing, as from a cache"),
    ],
)
def test_a_cost_that_cannot_be_true_is_not_booked(
    desk: Desk, run: Run[Any], cost: float | None, booked: int
) -> None:
    data = run(desk.admitted(max_tokens=20))
    run(desk.till.settle(read_ended(event(data, response_cost=cost))))
    assert run(desk.booked()) == [("settled", booked)]


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
    call_id = run(desk.admitted())["metadata"][ID]

    async def logged(_: Any) -> dict[str, Logged]:
        return {call_id: Logged(Decimal("0.00001"), Counted(10, 4, 20))}

    run(recover_once(desk.store, NOW + timedelta(minutes=2), logged))
    assert run(desk.booked()) == [("recovered", 20_000)]
    assert run(desk.counted()) == [Counted(10, 4, 20)]


def test_what_comes_late_corrects_what_was_counted_too(desk: Desk, run: Run[Any]) -> None:
    data = run(desk.admitted())

    async def logged(_: Any) -> dict[str, Logged]:
        return {data["metadata"][ID]: Logged(Decimal("0.00001"), Counted(7, 4, 20))}

    run(recover_once(desk.store, NOW + timedelta(minutes=2), logged))
    run(desk.till.settle(read_ended(event(data))))
    assert run(desk.counted()) == [Counted(7, 4, 20), Counted(3, -4, 0)]


def usage(**more: Any) -> dict[str, Any]:
    return {"metadata": {"usage_object": more}}


class _Usage:
    def __init__(self, pages: Any) -> None:
        self.pages_processed = pages


class _Ocr:
    """An answer of LiteLLM's OCR, as far as it is read."""

    def __init__(self, pages: Any) -> None:
        self.usage_info = _Usage(pages)


@pytest.mark.parametrize(
    ("logged", "answer", "counted"),
    [
        pytest.param({}, None, Counted(10, 0, 20), id="tokens"),
        pytest.param(
            usage(prompt_tokens_details={"cached_tokens": 4}), None, Counted(10, 4, 20), id="cached"
        ),
        pytest.param(
            usage(cache_read_input_tokens=4),
            None,
            Counted(10, 4, 20),
            id="cached, Anthropic's word",
        ),
        pytest.param(
            usage(prompt_tokens_details={"cached_tokens": 400}),
            None,
            Counted(10, 10, 20),
            id="more from the cache than there were",
        ),
        pytest.param(usage(prompt_tokens_details=None), None, Counted(10, 0, 20), id="no details"),
        pytest.param(usage(output_image_count=2), None, Counted(10, 0, 20, 0, 2), id="images"),
        pytest.param({}, _Ocr(3), Counted(10, 0, 20, 3), id="pages"),
        pytest.param({}, _Ocr(None), Counted(10, 0, 20), id="no pages"),
        pytest.param({}, _Ocr(True), Counted(10, 0, 20), id="pages that are no number"),
        pytest.param({"prompt_tokens": -1}, {"text": "x"}, Counted(0, 0, 20), id="below zero"),
        pytest.param({"cache_hit": True}, None, Counted(), id="the gateway's own cache"),
    ],
)
def test_what_a_call_is_charged_by_is_counted(
    logged: dict[str, Any], answer: object, counted: Counted
) -> None:
    ended = event({"metadata": {}})
    ended["standard_logging_object"] |= logged
    assert read_ended(ended, answer).counted == counted


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
    asked.mark(data, "ours")
    own = data.get("litellm_metadata") or data["metadata"]
    assert (own[ID], own["spend_logs_metadata"][ID]) == ("ours", "ours")
    assert "mine" not in repr(data)
    assert asked.call_id(data) == "ours"


@pytest.mark.parametrize(
    ("call_type", "body", "kind"),
    [
        pytest.param("acreate_batch", {}, "route_not_counted", id="a batch"),
        pytest.param("a_call_of_tomorrow", {}, "route_not_counted", id="a route nobody knows"),
        pytest.param("aresponses", {"background": True}, "route_not_counted", id="background"),
        pytest.param("acompletion", {"model": "a,b"}, "one_alias_per_call", id="two aliases"),
        pytest.param("acompletion", {"model": None}, "one_alias_per_call", id="no alias"),
        pytest.param("acompletion", {"model": "other"}, "unpriced_alias", id="no price"),
        pytest.param("aocr", {}, "unpriced_alias", id="no price for pages"),
    ],
)
def test_what_cannot_be_counted_is_declined(
    desk: Desk, run: Run[Any], call_type: str, body: dict[str, Any], kind: str
) -> None:
    with pytest.raises(Declined) as declined:
        run(desk.admitted(call_type, **body))
    assert declined.value.refusal.type == kind


def test_policy_may_let_keys_pass_that_are_not_ours(desk: Desk, run: Run[Any]) -> None:
    lenient = Desk(desk.store, Unmarked.ALLOW)
    data: dict[str, Any] = {"model": "chat"}
    run(lenient.till.admit(Caller("theirs", {"team": "x"}, "/"), "acompletion", data))
    assert data == {"model": "chat"}


def test_a_strict_budget_says_what_is_left_and_what_the_call_may_cost(
    desk: Desk, run: Run[Any]
) -> None:
    poor = Caller("k", account("shop", "0.0001", budget_mode="strict"), "/")
    body = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20}
    with pytest.raises(Declined) as declined:
        run(desk.till.admit(poor, "acompletion", body))
    message = declined.value.refusal.message
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
    with pytest.raises(Declined) as declined:
        run(desk.till.admit(Caller("k", account("shop", "0"), "/"), "acompletion", CHAT))
    assert "The month turns at 2026-12-01 00:00 AEDT" in declined.value.refusal.message
    assert declined.value.refusal.retry_after_s == 1


@pytest.mark.parametrize(
    ("keys", "body", "input_price"),
    [
        pytest.param({}, {}, "0.000001", id="plain"),
        pytest.param({"above_200k_tokens": 6e-6}, {}, "0.000001", id="a tier, and a short call"),
        pytest.param({"above_200k_tokens": 6e-6}, {"prompt": "x" * 200_000}, "0.000006", id="long"),
        pytest.param({"priority": 2e-6}, {"service_tier": "priority"}, "0.000002", id="priority"),
        pytest.param({"batches": 9e-6}, {"service_tier": "x"}, "0.000001", id="batches never"),
    ],
)
def test_prices_of_a_tier_bound_calls_that_may_be_in_it(
    keys: dict[str, float], body: dict[str, Any], input_price: str
) -> None:
    tiers = {f"input_cost_per_token_{name}": price for name, price in keys.items()}
    tariff = read_tariff(PriceList(tiers, PRICES))
    assert tariff.prices(body).input == Decimal(input_price)


GOOD = {URL: "sqlite:////tmp/x", ON_OUTAGE: "allow for 10 minutes", KEYS_WITHOUT_MARK: "allow"}


def test_the_environment_is_read() -> None:
    settings = read_settings({**GOOD, GRACE: "5"})
    assert settings.allow_for == timedelta(minutes=10)
    assert settings.unmarked is Unmarked.ALLOW
    assert settings.grace == timedelta(seconds=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {URL: ""},
        {URL: "mysql://u:planted-password@h/d"},
        {ON_OUTAGE: "allow"},
        {KEYS_WITHOUT_MARK: "maybe"},
        {GRACE: "-1"},
    ],
    ids=str,
)
def test_a_wrong_variable_ends_the_start_and_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match=next(iter(wrong))) as error:
        read_settings({**GOOD, **wrong})
    assert "planted-password" not in str(error.value)
