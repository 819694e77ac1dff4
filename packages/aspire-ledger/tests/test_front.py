"""What stands in front of LiteLLM: it sees requests as they come, and refuses what no caller decides."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from aspire_ledger.contract import CHAT as CONTRACT
from aspire_ledger.litellm.front import Exchange
from ledger_support.behind_front import FORM, Behind, Gate, Reply

CHAT = "/v1/chat/completions"
HI: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
COUNT: dict[str, Any] = HI


def ask(gate: Gate, method: str = "POST", path: str = CHAT, body: Any = HI, **more: Any) -> Reply:
    return asyncio.run(gate.ask(method, path, body, **more))


def passed(method: str = "POST", path: str = CHAT, body: Any = HI, **more: Any) -> bytes:
    """Return the query with which a request arrived; its body arrived as it was sent."""
    gate = Gate()
    assert ask(gate, method, path, body, **more).status == 200
    (arrived,) = gate.behind.arrived
    return arrived.query


def refused(method: str = "POST", path: str = CHAT, body: Any = HI, **more: Any) -> Reply:
    gate = Gate()
    reply = ask(gate, method, path, body, **more)
    assert gate.behind.arrived == []
    assert gate.ended == []
    return reply


# ── paths ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/engines/OTHER/chat/completions",
        "/openai/deployments/OTHER/chat/completions",
        "//v1/chat/completions",
        "/v1/chat/completions/",
        "/v1/responses/compact",
        "/v1/audio/transcriptions",
        "/models/OTHER:generateContent",
    ],
)
def test_another_road_is_answered_here_with_403_and_what_to_use(path: str) -> None:
    reply = refused(path=path)
    assert reply.status == 403
    assert (reply.error["type"], reply.error["code"]) == ("route_not_counted", "403")
    assert path in reply.error["message"]


def test_a_path_below_a_root_is_judged_without_it() -> None:
    assert passed(path=f"/gateway{CHAT}", root_path="/gateway") == b""
    assert refused(path="/gateway/engines/x/completions", root_path="/gateway").status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/models"), ("HEAD", "/"), ("OPTIONS", CHAT), ("GET", "/ui/")]
)
def test_what_is_no_call_passes_untouched(method: str, path: str) -> None:
    assert passed(method, path, None, query="return_wildcard_routes=true") == (
        b"return_wildcard_routes=true"
    )


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/realtime", "/openai/v1/realtime"])
def test_a_websocket_to_a_model_is_closed(path: str) -> None:
    gate = Gate()
    assert ask(gate, path=path, kind="websocket").closed == 1008
    assert gate.behind.arrived == []


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_not_asked_of_a_model_goes_on(kind: str) -> None:
    gate = Gate()
    ask(gate, path="/ui/live", kind=kind)
    assert len(gate.behind.arrived) == 1


# ── queries and headers ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "query", "arrives"),
    [
        (CHAT, "", b""),
        (CHAT, "api-version=2024-10-21", b""),
        ("/v1/messages", "beta=true", b"beta=true"),
        ("/v1/messages", "beta=true&api-version=x", b"beta=true"),
        ("/v1/messages/count_tokens", "beta=true", b"beta=true"),
    ],
)
def test_a_query_that_clients_send_passes(path: str, query: str, arrives: bytes) -> None:
    assert passed(path=path, query=query) == arrives


@pytest.mark.parametrize(
    "query",
    [
        *("model=OTHER", "beta=true", "api_base=https%3A%2F%2Fevil", "%6dodel=OTHER", "model"),
        *("api-version=x&model=OTHER", "timeout=1", "litellm_credential_name=gw.OTHER"),
        *("Model=OTHER", "a%00=1", "=", "model+=x"),
    ],
)
def test_a_query_that_names_a_parameter_is_refused(query: str) -> None:
    """LiteLLM takes each for a parameter of the body."""
    reply = refused(query=query)
    assert (reply.status, reply.error["type"]) == (400, "parameter_not_allowed")


@pytest.mark.parametrize(
    "name",
    [
        *("x-litellm-timeout", "x-litellm-stream-timeout", "x-litellm-num-retries"),
        *("x-litellm-tags", "x-litellm-spend-logs-metadata", "X-LiteLLM-Timeout"),
        *(
            "x-litellm-enable-message-redaction",
            "x-mcp-auth",
            "litellm-metadata",
            "x-pass-api-base",
        ),
    ],
)
def test_a_header_that_steers_the_gateway_is_refused(name: str) -> None:
    reply = refused(headers=[(name, "1")])
    assert (reply.status, reply.error["type"]) == (400, "header_not_allowed")
    assert reply.error["param"] == name.lower()


@pytest.mark.parametrize(
    "name",
    ["x-stainless-timeout", "anthropic-beta", "idempotency-key", "openai-organization", "x-app"],
)
def test_headers_of_honest_clients_pass(name: str) -> None:
    assert passed(headers=[(name, "1")]) == b""


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        pytest.param([("x-api-key", "sk-1")], True, id="the same key twice"),
        pytest.param([("x-litellm-api-key", "Bearer sk-1")], True, id="the same as LiteLLM's"),
        pytest.param([("x-litellm-api-key", "sk-2")], False, id="another vendor's token"),
        pytest.param([("api-key", "sk-2")], False, id="Azure's"),
        pytest.param([("authorization", "Bearer sk-2")], False, id="two of one name"),
        pytest.param([("x-goog-api-key", "sk-2")], False, id="Google's"),
    ],
)
def test_a_request_brings_one_credential(
    headers: Iterable[tuple[str, str]], *, allowed: bool
) -> None:
    if allowed:
        passed(headers=headers)
        return
    assert refused(headers=headers).error["type"] == "header_not_allowed"


# ── bodies ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [None, b"", b"  \n", [], [HI], "x", b"null", 5, b"{}x"[2:]])
@pytest.mark.parametrize("path", [CHAT, "/v1/messages/count_tokens"])
def test_a_body_that_is_no_object_is_refused(body: Any, path: str) -> None:
    payload = b"null" if body == b"null" else body
    assert refused(path=path, body=payload).status == 400


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b'{"model": "m"', b', "messages"', b": []}"], id="in parts"),
        pytest.param([b"", b" \n", b'{"model": "m"}'], id="blanks first"),
        pytest.param([b'{"a": 1, "a": 2, "\\u006dodel": "m"}'], id="odd, and byte for byte"),
        pytest.param([b'{"x": "' + b"y" * (20 * 2**20) + b'"}'], id="20 MB"),
        pytest.param([b'{"x": "'] + [b"y" * 2**20] * 20 + [b'"}'], id="20 MB in parts"),
    ],
)
def test_a_counted_calls_body_arrives_as_it_was_sent(chunks: list[bytes]) -> None:
    gate = Gate()
    assert ask(gate, chunks=chunks).status == 200
    assert gate.behind.arrived[0].body == b"".join(chunks)


def test_blanks_without_an_end_are_too_large_to_look_at() -> None:
    assert refused(chunks=[b" " * 2**20] * 40).status == 413


def test_a_body_that_nobody_counts_is_too_large_at_32_mb() -> None:
    chunks = [b'{"model": "m", "x": "', *[b"y" * 2**20] * 33, b'"}']
    assert refused(path="/v1/messages/count_tokens", chunks=chunks).status == 413


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        pytest.param("/v1/messages/count_tokens", {}, 200, id="honest"),
        pytest.param("/v1/messages/count_tokens", {"thread": {"a": 1}}, 200, id="thread"),
        pytest.param("/v1/messages/count_tokens", {"api_base": "x"}, 400, id="an address"),
        pytest.param(
            "/v1/messages/count_tokens", {"litellm_credential_name": "gw.X"}, 400, id="a secret"
        ),
        pytest.param("/v1/messages/count_tokens", {"messages": []}, 400, id="no messages"),
        pytest.param(
            "/v1/responses/input_tokens", {"messages": None, "input": "x"}, 200, id="free"
        ),
        pytest.param("/v1/responses/input_tokens", {"messages": None, "zz": 1}, 400, id="unknown"),
    ],
)
def test_a_free_calls_body_is_judged_here_because_no_hook_sees_it(
    path: str, more: dict[str, Any], status: int
) -> None:
    gate = Gate()
    assert ask(gate, path=path, body={**COUNT, **more}).status == status
    assert len(gate.behind.arrived) == (status == 200)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/resp_1/input_items"),
    ],
)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(None, 200, id="none"),
        pytest.param({}, 200, id="an empty one"),
        pytest.param({"api_base": "https://x.example"}, 400, id="an address"),
        pytest.param({"litellm_credential_name": "gw.OTHER"}, 400, id="another's secret"),
        pytest.param({"custom_llm_provider": "x", "model": "OTHER"}, 400, id="another's model"),
        pytest.param([1], 400, id="a list"),
    ],
)
def test_a_call_on_a_stored_response_has_no_parameters(
    method: str, path: str, body: Any, status: int
) -> None:
    """LiteLLM reads the body of these like any other, also of a DELETE."""
    assert ask(Gate(), method, path, body).status == status


@pytest.mark.parametrize("body", [b'{"model": "m", "messages": [', b"{\xff\xfe}", b'{"a":' * 9_000])
def test_json_that_nobody_can_read_is_refused(body: bytes) -> None:
    assert refused(path="/v1/messages/count_tokens", body=body).status == 400


def test_a_body_in_another_encoding_is_not_guessed_at() -> None:
    body = '{"model": "m"}'.encode("utf-16-be").lstrip(b"\x00")
    assert refused(path="/v1/messages/count_tokens", body=body).status == 400


@pytest.mark.parametrize(
    ("path", "status"), [(CHAT, 400), ("/v1/messages/count_tokens", 400), ("/v1/images/edits", 200)]
)
def test_a_form_is_taken_where_files_are(path: str, status: int) -> None:
    gate = Gate()
    body = {"model": "m", "prompt": "x", "image": "file"}
    assert ask(gate, path=path, body=body, content_type=FORM).status == status
    if status == 200:
        exchange = gate.behind.arrived[0].exchange
        assert exchange
        assert exchange.is_form
        assert exchange.body == body


def test_several_content_types_are_refused_because_readers_differ_in_which_counts() -> None:
    reply = refused(headers=[("content-type", FORM)])
    assert (reply.status, reply.error["param"]) == (400, "content-type")


def test_what_litellm_adds_to_a_parsed_body_is_not_the_callers() -> None:
    gate = Gate()
    ask(gate)
    exchange = gate.behind.arrived[0].exchange
    assert exchange
    _, values = exchange.scope["parsed_body"]
    values["litellm_call_id"] = "added"
    assert exchange.body == HI


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        pytest.param(b'{"model": "m", "metadata": {"a": "b"}}', {"a": "b"}, id="labels"),
        pytest.param(b'{"metadata": {"a": "b"}, "metadata": {"c": "d"}}', {"c": "d"}, id="twice"),
        pytest.param(b'{"metadata": {"tags": ["x"]}}', {"tags": ["x"]}, id="LiteLLM's words"),
    ],
)
def test_the_labels_of_a_request_are_its_callers_without_what_litellm_wrote_among_them(
    body: bytes, labels: dict[str, Any]
) -> None:
    gate = Gate()
    ask(gate, chunks=[body[:9], body[9:]])
    exchange = gate.behind.arrived[0].exchange
    assert exchange
    _, values = exchange.scope["parsed_body"]
    values["metadata"]["user_api_key_alias"] = "written by LiteLLM"
    assert exchange.body
    assert exchange.body["metadata"] == labels


@pytest.mark.parametrize("parsed", [None, 5, (), (("a",), None), (("a",), ["a"])])
def test_a_body_that_litellm_has_not_parsed_is_unknown(parsed: object) -> None:
    found = Exchange({"headers": [], "parsed_body": parsed}, CONTRACT)
    assert found.body is None


# ── answers ──────────────────────────────────────────────────────────────────


def test_an_error_has_the_form_that_anthropics_clients_read_on_their_routes() -> None:
    reply = refused(path="/v1/messages", query="model=OTHER")
    assert b'"type": "error"' in reply.body
    assert reply.error["type"] == "parameter_not_allowed"


def test_notes_become_headers_of_the_answer() -> None:
    gate = Gate(Behind(notes={"x-aspire-limits": "max_tokens=7"}))
    reply = ask(gate)
    assert reply.headers["x-aspire-limits"] == "max_tokens=7"
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "fails", [None, RuntimeError("x"), asyncio.CancelledError(), GeneratorExit()], ids=repr
)
def test_the_end_of_an_admitted_calls_answer_is_told_however_it_ends(
    fails: BaseException | None,
) -> None:
    gate = Gate(Behind(call_id="c1", fails=fails))
    try:
        ask(gate)
    except BaseException as raised:  # noqa: BLE001 (whatever was raised is the one that we raised)
        assert type(raised) is type(fails)  # noqa: PT017
    assert gate.ended == ["c1"]


def test_the_end_of_a_call_that_was_not_admitted_is_not() -> None:
    gate = Gate()
    ask(gate)
    assert gate.ended == []


def test_a_client_that_is_gone_before_its_body_came_is_left_to_the_gateway() -> None:
    for path in (CHAT, "/v1/messages/count_tokens"):
        gate = Gate()
        ask(gate, path=path, chunks=[])
        assert gate.behind.arrived[0].body == b""


# ── bodies that LiteLLM would stumble over before its hook ───────────────────

EARLY = ["/v1/completions", "/v1/images/generations", "/v1/ocr"]


@pytest.mark.parametrize("path", EARLY)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"model": "m", "prompt": NaN}', id="no number"),
        pytest.param(
            b'{"model": "m", "prompt": ' + b"[" * 1500 + b"]" * 1500 + b"}", id="too deep"
        ),
        pytest.param(b'{"model": "m", "litellm_logging_obj": 1}', id="a name of LiteLLM's own"),
    ],
)
def test_a_body_that_litellm_would_answer_with_500_is_refused_before_it_reads_it(
    path: str, body: bytes
) -> None:
    assert refused(path=path, body=body).status == 400


@pytest.mark.parametrize("path", EARLY)
def test_a_name_that_only_the_alias_can_allow_is_left_to_the_hook(path: str) -> None:
    passed(path=path, body={"model": "m", "prompt": "x", "top_k": 1, "zz": 2})


@pytest.mark.parametrize("name", ["litellm_params", "metadata", "zz", "api_key"])
def test_a_forms_names_are_judged_before_litellm_reads_them(name: str) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1\r\n--x--\r\n'
    content_type = "multipart/form-data; boundary=x"
    reply = refused(path="/v1/images/edits", body=part.encode(), content_type=content_type)
    assert (reply.status, reply.error["param"]) == (400, name)
