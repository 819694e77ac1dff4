"""Calls that would be billed wrongly: a price that others name, usage misstated, what hides a call."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from aspire_gitops.rehearsal.attacks.values import (
    BRIDGED,
    IMAGE_STREAM,
    IMAGES,
    RESPONSES,
    TEXT_STREAMS,
    WHOLE,
    Attack,
    AttackKind,
    Body,
    CallType,
)
from aspire_gitops.sandbox.upstream.behaviour import Misbehaviour, Reset
from aspire_gitops.sandbox.upstream.bill import Report


def prices() -> Iterator[Attack]:
    for title, change in _OWN_PRICES.items():
        for call in (*WHOLE, *BRIDGED):
            yield Attack(AttackKind.PRICE, title, call, change)
    # What may lock a key out for good comes last, so that it hides nothing else.
    for title, fault in _LIES.items():
        for call in (*WHOLE, *TEXT_STREAMS, *BRIDGED, IMAGE_STREAM):
            yield Attack(AttackKind.PRICE, title, call, fault=fault)


_LIES: Final[Mapping[str, Misbehaviour]] = {
    "a header says 0": Misbehaviour(cost_header="0"),
    "usage.cost says 0": Misbehaviour(usage_cost=0),
    "usage.cost says minus one": Misbehaviour(usage_cost=-1),
    **{
        f"usage is {report.value}": Misbehaviour(report=report)
        for report in (Report.ABSENT, Report.ZERO, Report.NEGATIVE, Report.TEXT)
    },
    "usage is nan": Misbehaviour(report=Report.NAN),
    "usage is absurd": Misbehaviour(report=Report.ABSURD),
    "a header says nonsense": Misbehaviour(cost_header="NaN"),
    "usage.cost says 1e30": Misbehaviour(usage_cost=1e30),
    "a header says 1e30": Misbehaviour(cost_header="1e30"),
}
_OWN_PRICES: Final[Mapping[str, Body]] = {
    "the caller states prices": {"input_cost_per_token": 0, "output_cost_per_token": 0},
    "the caller states a price a second": {"input_cost_per_second": 0},
    "the caller states model_info": {"model_info": {"input_cost_per_token": 0, "aspire": {}}},
    "metadata states model_info": {"metadata": {"model_info": {"input_cost_per_token": 0}}},
    "extra_body states prices": {"extra_body": {"input_cost_per_token": 0}},
    "the caller names a base model": {"base_model": "gpt-3.5-turbo"},
    "the caller names another region": {"region_name": "eu", "custom_pricing": True},
}


def unbooked() -> Iterator[Attack]:
    for call in WHOLE:
        for title, change in _HIDES.items():
            yield Attack(AttackKind.UNBOOKED, title, call, change)
        for title, headers in _HIDING_HEADERS.items():
            yield Attack(AttackKind.UNBOOKED, title, call, headers=headers)
        yield from _while_it_fails(call)
    for call in (*TEXT_STREAMS, IMAGE_STREAM):
        for count in (0, 1, 3):
            title = f"the stream breaks after {count} events"
            yield Attack(AttackKind.UNBOOKED, title, call, fault=Misbehaviour(breaks_after=count))
        broken = Misbehaviour(breaks_after=2, reports_first=True)
        title = "the stream breaks after its usage"
        yield Attack(AttackKind.UNBOOKED, title, call, fault=broken)
    yield Attack(AttackKind.UNBOOKED, "a streamed picture", IMAGE_STREAM)
    for call in (RESPONSES, IMAGES):
        for value in (True, "auto", "true", 1):
            title = f"in the background: {value!r}"
            yield Attack(AttackKind.UNBOOKED, title, call, {"background": value})


def _while_it_fails(call: CallType) -> Iterator[Attack]:
    slow, once = Misbehaviour(delay_s=0.8), Misbehaviour(status=500, times=1)
    lost = Misbehaviour(reset=Reset.AFTER_READING)
    for title, (change, headers) in _TIMEOUTS.items():
        yield Attack(AttackKind.UNBOOKED, title, call, change, headers=headers, fault=slow)
    for title, (change, headers) in _RETRIES.items():
        for what, fault in (("after a reset", lost), ("after a failure", once)):
            named = f"{title}, {what}"
            yield Attack(AttackKind.UNBOOKED, named, call, change, headers=headers, fault=fault)
    yield Attack(AttackKind.UNBOOKED, "the connection is reset", call, fault=lost)
    unread = Misbehaviour(reset=Reset.BEFORE_READING)
    yield Attack(AttackKind.UNBOOKED, "the connection is closed unread", call, fault=unread)
    failing = Misbehaviour(status=503)
    yield Attack(AttackKind.UNBOOKED, "the provider is down", call, fault=failing)
    leaving = "the caller leaves"
    yield Attack(AttackKind.UNBOOKED, leaving, call, fault=slow, leaves_after_s=0.3)


_Asked: TypeAlias = tuple[Body, Mapping[str, str]]  # in the body, in headers
_TIMEOUTS: Final[Mapping[str, _Asked]] = {
    "a timeout in the body": ({"timeout": 0.2}, {}),
    "a timeout in extra_body": ({"extra_body": {"timeout": 0.2}}, {}),
    "a timeout for streams": ({"stream_timeout": 0.2}, {}),
    "a timeout in a header": ({}, {"x-litellm-timeout": "0.2"}),
    "a timeout in a header for streams": ({}, {"x-litellm-stream-timeout": "0.2"}),
}
_RETRIES: Final[Mapping[str, _Asked]] = {
    "retries in the body": ({"num_retries": 8}, {}),
    "retries of the client": ({"max_retries": 8}, {}),
    "a policy of retries": ({"retry_policy": {"TimeoutErrorRetries": 8}}, {}),
    "retries in a header": ({}, {"x-litellm-num-retries": "8"}),
}
_HIDES: Final[Mapping[str, Body]] = {
    "a mocked answer": {"mock_response": "hello"},
    "a mocked tool call": {"mock_tool_calls": [{"id": "x"}], "mock_timeout": True},
    "no log": {"no-log": True, "no_log": True},
    "a cache": {"cache": {"no-cache": False, "ttl": 600}, "caching": True},
    "a cache of the caller": {"cache_key": "x", "s-maxage": 600},
    "fallbacks allowed": {"disable_fallbacks": False, "fallbacks": []},
    "tags": {"tags": ["free"], "metadata": {"tags": ["free"]}},
    "spend_logs_metadata": {"metadata": {"spend_logs_metadata": {"aspire_ledger": "mine"}}},
    "our own id": {"metadata": {"aspire_ledger": "mine"}, "litellm_call_id": "same"},
    "our own id in LiteLLM's notes": {"litellm_metadata": {"aspire_ledger": "mine"}},
    "another key's name": {
        "metadata": {"user_api_key": "x", "user_api_key_metadata": {"budget": "x"}},
        "litellm_metadata": {"user_api_key_alias": "x", "user_api_key_auth": {}},
    },
    "another trace": {"litellm_trace_id": "x", "litellm_session_id": "x", "litellm_parent_otel": 1},
    "parameters let through": {"allowed_openai_params": ["n"], "drop_params": True},
    "parameters taken out": {"additional_drop_params": ["max_tokens", "max_output_tokens"]},
    "guardrails": {"guardrails": [], "disable_global_guardrails": True},
    "callbacks switched off": {
        "litellm_disabled_callbacks": ["aspire"],
        "turn_off_message_logging": True,
        "litellm_disable_no_log_param": True,
    },
    "a stored prompt of LiteLLM": {"prompt_id": "x", "prompt_variables": {}},
    "rules of the caller": {
        "order": 1,
        "weight": 1,
        "rpm": 1,
        "tpm": 1,
        "max_parallel_requests": 1,
    },
    "a word of no API": {"zz_unknown": 1},
}
_HIDING_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "tags in a header": {"x-litellm-tags": "free"},
    "notes in a header": {"x-litellm-spend-logs-metadata": '{"aspire_ledger": "mine"}'},
    "an id in a header": {"x-litellm-call-id": "same", "x-litellm-trace-id": "same"},
    "an end user in a header": {"x-litellm-end-user-id": "x", "x-litellm-agent-id": "x"},
    "redaction in a header": {"x-litellm-enable-message-redaction": "true"},
    "callbacks in a header": {"x-litellm-disable-callbacks": "aspire_gitops"},
    "keepalive in a header": {"x-litellm-keepalive-seconds": "1"},
}
