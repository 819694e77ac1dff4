"""A call that failed cost nothing where its provider said no or was never reached; else nobody knows.

The chains of causes are those that LiteLLM 1.106.2 raised, outermost first.
"""

from itertools import pairwise
from typing import Any

import pytest

from aspire_ledger.litellm.failures import Outcome, outcome_of


def error(name: str, base: type[BaseException] = Exception, *args: object, **fields: Any) -> Any:
    """Return an error of a class of this name, as a library that is not here would raise it."""
    found = type(name, (base,), {})(*args)
    for field, value in fields.items():
        setattr(found, field, value)
    return found


class Response:
    def __init__(self, status_code: object) -> None:
        self.status_code = status_code


HTTP_STATUS: Any = type("HTTPStatusError", (Exception,), {})


def answered(status: object, base: Any = HTTP_STATUS, name: str = "HTTPStatusError") -> Any:
    return error(name, base, response=Response(status))


def chain(*errors: BaseException) -> BaseException:
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


def rust(status: int, text: str) -> Any:
    return error("RustUpstreamError", Exception, status, text)


FREE = [
    pytest.param(
        lambda: chain(
            error("InternalServerError", status_code=500),
            error("OpenAIError"),
            error("InternalServerError"),
            answered(500, Exception),
        ),
        "5xx",
        id="the vendor's 500",
    ),
    pytest.param(
        lambda: chain(
            error("InternalServerError"),
            error("BaseLLMException"),
            answered(529, HTTP_STATUS, "MaskedHTTPStatusError"),
        ),
        "5xx",
        id="Anthropic's",
    ),
    pytest.param(
        lambda: chain(error("RateLimitError", status_code=429), answered(429)),
        "429",
        id="the vendor's 429",
    ),
    pytest.param(
        lambda: chain(error("BadRequestError", status_code=400), answered(400)),
        "4xx",
        id="the vendor's 400",
    ),
    pytest.param(
        lambda: chain(error("InternalServerError"), rust(500, "{}")), "5xx", id="OCR's 500"
    ),
    pytest.param(lambda: chain(error("APIError"), rust(429, "{}")), "429", id="OCR's 429"),
    pytest.param(
        lambda: chain(
            error("APIConnectionError"),
            RuntimeError("upstream network error: error sending request: client error (Connect)"),
        ),
        "unreachable",
        id="OCR's connection",
    ),
    pytest.param(
        lambda: chain(
            error("InternalServerError"),
            error("APIConnectionError"),
            error("ConnectError"),
            error("ClientConnectorError"),
            ConnectionRefusedError(),
        ),
        "unreachable",
        id="a refused connection",
    ),
    pytest.param(
        lambda: chain(
            error("Timeout", status_code=408), error("APITimeoutError"), error("ConnectTimeout")
        ),
        "unreachable",
        id="a connection that timed out",
    ),
    pytest.param(
        lambda: error("UnsupportedParamsError", status_code=400), "refused", id="LiteLLM's own 400"
    ),
    pytest.param(
        lambda: error("ProxyException", code="403"), "refused", id="the guard's own refusal"
    ),
    pytest.param(lambda: error("HTTPException", status_code=429), "refused", id="LiteLLM's limits"),
]
UNKNOWN = [
    pytest.param(
        lambda: chain(
            error("InternalServerError"),
            error("ConnectError"),
            error("ClientOSError"),
            ConnectionResetError(),
        ),
        "broken",
        id="a connection that was reset after sending, which a library calls one of connecting",
    ),
    pytest.param(
        lambda: chain(
            error("InternalServerError"),
            error("APIConnectionError"),
            error("ReadError"),
            error("ServerDisconnectedError"),
        ),
        "broken",
        id="a reset after sending",
    ),
    pytest.param(
        lambda: chain(
            error("Timeout", status_code=408),
            error("APITimeoutError"),
            error("ReadTimeout"),
            error("SocketTimeoutError"),
        ),
        "timeout",
        id="a hang",
    ),
    pytest.param(
        lambda: chain(error("Timeout", status_code=408), rust(408, "OCR request timed out")),
        "timeout",
        id="OCR's hang",
    ),
    pytest.param(
        lambda: error("Timeout", status_code=408), "timeout", id="a timeout without a cause"
    ),
    pytest.param(
        lambda: chain(
            error("APIConnectionError"),
            RuntimeError(
                "upstream network error: error sending request: client error (SendRequest): reset"
            ),
        ),
        "unknown",
        id="OCR's reset",
    ),
    pytest.param(
        lambda: chain(
            error("ReadError"), error("ClientPayloadError"), error("TransferEncodingError")
        ),
        "broken",
        id="a stream that was cut",
    ),
    pytest.param(lambda: error("CancelledError", BaseException), "cancelled", id="a client gone"),
    pytest.param(GeneratorExit, "cancelled", id="a stream that nobody reads"),
    pytest.param(
        lambda: error("InternalServerError", status_code=500), "unknown", id="LiteLLM's own 500"
    ),
    pytest.param(lambda: ValueError("x"), "unknown", id="what nobody knows"),
    pytest.param(lambda: None, "unknown", id="nothing"),
    pytest.param(
        lambda: chain(error("APIError"), answered(200)), "unknown", id="a status that is no error"
    ),
    pytest.param(
        lambda: chain(error("APIError"), answered("500")),
        "unknown",
        id="a status that is no number",
    ),
    pytest.param(lambda: chain(error("APIError"), rust(0, "")), "unknown", id="Rust without one"),
    pytest.param(
        lambda: RuntimeError("client error (SendRequest)"), "unknown", id="a runtime error"
    ),
]


@pytest.mark.parametrize(("make", "name"), FREE)
def test_a_refusal_or_a_connection_that_never_opened_is_free(make: Any, name: str) -> None:
    assert outcome_of(make()) == Outcome(name, is_free=True)


@pytest.mark.parametrize(("make", "name"), UNKNOWN)
def test_whatever_else_happened_may_have_cost_something(make: Any, name: str) -> None:
    assert outcome_of(make()) == Outcome(name, is_free=False)


def test_a_cause_that_was_not_named_counts_too() -> None:
    outer = error("InternalServerError")
    outer.__context__ = answered(503)
    assert outcome_of(outer) == Outcome("5xx", is_free=True)


def test_the_first_cause_that_tells_decides() -> None:
    """A read that failed after an earlier attempt was refused is not free."""
    assert not outcome_of(chain(error("X"), error("ReadError"), answered(500))).is_free


def test_a_chain_that_has_no_end_is_left() -> None:
    one, other = error("A"), error("B")
    one.__cause__, other.__cause__ = other, one
    assert outcome_of(one).name == "unknown"
