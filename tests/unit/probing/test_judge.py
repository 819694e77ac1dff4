"""What an operator is told of an answer: one sentence for each way to be broken, and no secret."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aspire_gitops.probing import Answer, Booked, Finding, Verdict, judge, said_of
from support.probes import BOOKED, EXPECTED, GOOD, HEADERS, PROBE

SECRET = "sk-planted-0123456789abcdef"


def found(answer: Answer = GOOD, booked: Booked | None = BOOKED, *, ledger: bool = True) -> Finding:
    return judge(PROBE, EXPECTED, answer, booked, has_ledger=ledger)


def error(status: int, message: str, type_: str = "x", **more: Any) -> Finding:
    body = {"error": {"message": message, "type": type_, "code": str(status), **more}}
    return found(Answer(status, 0.1, {}, said_of(body)), None)


def test_an_alias_that_works() -> None:
    result = found()
    assert (result.verdict, result.told, result.aud, result.by_ledger) == (
        Verdict.WORKS,
        "",
        Decimal("0.000138"),
        True,
    )


def test_without_a_ledger_the_headers_decide_and_it_says_so() -> None:
    result = found(booked=None, ledger=False)
    assert (result.verdict, result.by_ledger, result.aud) == (Verdict.WORKS, False, None)


OPENAI = "litellm.{0}: {0}: OpenAIException - "
ANTHROPIC = 'litellm.{0}: AnthropicException - {{"type": "error", "error": {{"type": "{1}", "message": "x"}}}}'


@pytest.mark.parametrize(
    ("status", "message", "type_", "verdict"),
    [
        (401, OPENAI.format("AuthenticationError"), "", Verdict.CREDENTIAL_REFUSED),
        (403, OPENAI.format("APIError"), "permission_error", Verdict.CREDENTIAL_REFUSED),
        (402, OPENAI.format("APIError"), "", Verdict.CREDENTIAL_REFUSED),
        (404, OPENAI.format("NotFoundError"), "", Verdict.MODEL_UNKNOWN),
        (404, ANTHROPIC.format("NotFoundError", "not_found_error"), "", Verdict.MODEL_UNKNOWN),
        (
            400,
            OPENAI.format("BadRequestError") + "{'error': {'code': 'model_not_found'}}",
            "",
            Verdict.MODEL_UNKNOWN,
        ),
        (
            400,
            ANTHROPIC.format("BadRequestError", "authentication_error"),
            "",
            Verdict.CREDENTIAL_REFUSED,
        ),
        (429, OPENAI.format("RateLimitError"), "throttling_error", Verdict.LIMITED),
        (
            429,
            OPENAI.format("RateLimitError") + '{"code": "insufficient_quota"}',
            "",
            Verdict.CREDENTIAL_REFUSED,
        ),
        (408, OPENAI.format("Timeout"), "timeout_error", Verdict.TOO_SLOW),
        (500, OPENAI.format("InternalServerError"), "", Verdict.VENDOR_FAILED),
        (503, OPENAI.format("ServiceUnavailableError"), "", Verdict.VENDOR_FAILED),
        (500, OPENAI.format("Timeout"), "", Verdict.TOO_SLOW),
        (400, OPENAI.format("BadRequestError"), "", Verdict.REQUEST_REFUSED),
        (422, OPENAI.format("UnprocessableEntityError"), "", Verdict.REQUEST_REFUSED),
        (401, "Invalid proxy server token passed", "token_not_found_in_db", Verdict.KEY_REFUSED),
        (401, "Authentication Error, something new", "strange", Verdict.KEY_REFUSED),
        (403, "not available for this API key", "key_model_access_denied", Verdict.KEY_REFUSED),
        (429, "has spent 5.00", "monthly_budget_aud_exceeded", Verdict.OVER_BUDGET),
        (429, "Budget has been exceeded!", "budget_exceeded", Verdict.OVER_BUDGET),
        (403, "no reviewed file says", "unpriced_alias", Verdict.NOT_LIVE),
        (503, "the spend ledger does not answer", "ledger_unavailable", Verdict.NOT_COUNTED),
    ],
)
def test_what_an_error_means(status: int, message: str, type_: str, verdict: Verdict) -> None:
    result = error(status, message, type_)
    assert (result.verdict, bool(result.told), bool(result.help)) == (verdict, True, True)


def test_the_sentence_has_the_vendor_the_model_and_both_codes() -> None:
    message = ANTHROPIC.format("AuthenticationError", "authentication_error")
    assert error(401, message, "authentication_error").told == (
        "cloud-first.ai refuses our credential for openai/qwen3-max"
        " (LiteLLM: AuthenticationError 401, vendor: authentication_error)"
    )


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"x-litellm-model-id": "f3a9"}, "deployment f3a9 at api.cloud-first.ai answered"),
        (
            {"x-litellm-model-api-base": "https://elsewhere.example/v1"},
            "elsewhere.example answered",
        ),
        ({"x-litellm-model-name": "openai/gpt-5"}, "openai/gpt-5 answered in place of"),
        ({"x-litellm-attempted-fallbacks": "1"}, "by a fallback"),
        ({"x-litellm-model-id": ""}, "does not say which deployment"),
    ],
)
def test_another_than_git_says_answered(headers: dict[str, str], told: str) -> None:
    result = found(replace(GOOD, headers={**HEADERS, **headers}))
    assert result.verdict is Verdict.WRONG_VENDOR
    assert told in result.told


@pytest.mark.parametrize(
    ("booked", "verdict", "told"),
    [
        (None, Verdict.NOT_COUNTED, "the ledger has no line of it"),
        (replace(BOOKED, usd=Decimal(0)), Verdict.NOT_COUNTED, "at nothing"),
        (replace(BOOKED, estimated=True), Verdict.NOT_COUNTED, "reports no usage"),
        (replace(BOOKED, usd=Decimal("0.00018")), Verdict.WRONG_PRICE, "git says 0.00009"),
        (replace(BOOKED, deployment="f3a9"), Verdict.WRONG_VENDOR, "f3a9, which is not ours"),
    ],
)
def test_an_answer_that_the_books_contradict(
    booked: Booked | None, verdict: Verdict, told: str
) -> None:
    result = found(booked=booked)
    assert result.verdict is verdict
    assert told in result.told


def test_no_answer_is_the_gateways_fault_and_a_late_one_the_targets() -> None:
    assert found(Answer(None, 1.0), None).verdict is Verdict.GATEWAY_AWAY
    assert found(Answer(200, 1.0), None).verdict is Verdict.GATEWAY_AWAY, "a login page"
    assert found(Answer(502, 1.0), None).verdict is Verdict.GATEWAY_AWAY
    assert found(Answer(None, 60.0, late=True), None).verdict is Verdict.TOO_SLOW


@pytest.mark.parametrize(
    "body",
    [
        {"message": f"litellm.AuthenticationError: bad key {SECRET}", "type": SECRET},
        {"message": f"refused {SECRET}", "type": SECRET, "code": SECRET},
        {"message": f"Received API Key = {SECRET}", "type": "auth_error", "code": "401"},
        {"message": f"litellm.X: 'code': '{SECRET}'", "code": f"401 {SECRET}"},
        {"message": "litellm.BadRequestError", "provider_specific_fields": {"type": SECRET + "\n"}},
    ],
)
def test_no_text_of_an_error_is_repeated(body: dict[str, Any]) -> None:
    result = found(Answer(401, 0.1, {}, said_of({"error": body})), None)
    assert SECRET not in result.told


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"error": "no"}, {"error": None}, {"error": []}]
)
def test_what_is_no_error_of_litellms(body: Any) -> None:
    assert said_of(body) is None


def test_only_what_says_something_of_the_alias_is_red() -> None:
    grey = {verdict for verdict in Verdict if not verdict.is_red} - {Verdict.WORKS}
    assert grey == {Verdict.KEY_REFUSED, Verdict.OVER_BUDGET, Verdict.GATEWAY_AWAY}
