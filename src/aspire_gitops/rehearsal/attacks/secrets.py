"""Another provider's secret, a secret of the caller's, or another address."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aspire_gitops.rehearsal.attacks.values import CALLERS_SECRET, WHOLE, Attack, AttackKind, Body


def secrets() -> Iterator[Attack]:
    for call in WHOLE:
        for title, change in _CREDENTIALS.items():
            yield Attack(AttackKind.SECRET, title, call, change)
            if title in _ALSO_NESTED:
                nested = {"extra_body": change}
                yield Attack(AttackKind.SECRET, f"{title}, in extra_body", call, nested)
        for title, headers in _HEADERS.items():
            yield Attack(AttackKind.SECRET, title, call, headers=headers)
        for title, query in _QUERIES.items():
            yield Attack(AttackKind.SECRET, title, call, query=query)


_THERE: Final[Mapping[str, Any]] = {
    "model": "openai/gpt-4o",
    "api_base": "{elsewhere}",
    "api_key": CALLERS_SECRET,
}
_ROW: Final[Mapping[str, Any]] = {"model_name": "{alias}", "litellm_params": _THERE}
_CREDENTIALS: Final[Mapping[str, Body]] = {
    "another credential by name": {"litellm_credential_name": "{credential}"},
    "another address": {"api_base": "{elsewhere}"},
    "another base_url": {"base_url": "{elsewhere}"},
    "a key of the caller": {"api_key": CALLERS_SECRET},
    "headers": {"headers": {"authorization": f"Bearer {CALLERS_SECRET}"}},
    "extra_headers": {"extra_headers": {"authorization": f"Bearer {CALLERS_SECRET}"}},
    "extra_query": {"extra_query": {"api-key": CALLERS_SECRET}},
    "another protocol": {"custom_llm_provider": "anthropic"},
    "a configuration of the caller": {"user_config": {"model_list": [_ROW]}},
    "a list of rows": {"model_list": [_ROW]},
    "parameters of LiteLLM": {"litellm_params": dict(_THERE)},
    "credentials of a cloud": {
        "aws_access_key_id": CALLERS_SECRET,
        "aws_secret_access_key": CALLERS_SECRET,
        "vertex_credentials": "{}",
        "azure_ad_token": CALLERS_SECRET,
    },
    "an organisation": {"organization": "org-x", "api_type": "azure", "api_version": "1"},
    "a header of one provider": {
        "provider_specific_header": {
            "custom_llm_provider": "openai",
            "extra_headers": {"authorization": f"Bearer {CALLERS_SECRET}"},
        }
    },
    "LiteLLM's own notes": {
        "proxy_server_request": {"url": "{elsewhere}", "headers": {}, "body": {}},
        "secret_fields": {"raw_headers": {}},
        "litellm_logging_obj": {},
        "client": {},
    },
    "a proxy": {"http_client": "{elsewhere}", "proxy": "{elsewhere}", "ssl_verify": False},
    "an assumed environment": {"model": "{alias}", "api_key": "os.environ/LITELLM_MASTER_KEY"},
    "keys of other services": {
        "langfuse_host": "{elsewhere}",
        "langfuse_public_key": "x",
        "langfuse_secret": CALLERS_SECRET,
        "success_callback": ["langfuse"],
        "callbacks": ["langfuse"],
    },
    "metadata with headers": {"metadata": {"headers": {"authorization": CALLERS_SECRET}}},
    "metadata with credentials": {"metadata": {"user_api_key": "x", "api_base": "{elsewhere}"}},
    "a mock of the request": {"mock_testing_fallbacks": True, "provider": {"order": ["x"]}},
}
_ALSO_NESTED: Final = frozenset(
    {"another credential by name", "another address", "a key of the caller", "extra_headers"}
)
_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "the caller's own token in authorization": {"authorization": f"Bearer {CALLERS_SECRET}"},
    "the caller's own x-api-key": {"x-api-key": CALLERS_SECRET},
    "the caller's own api-key": {"api-key": CALLERS_SECRET},
    "the caller's own x-goog-api-key": {"x-goog-api-key": CALLERS_SECRET},
    "headers to be passed on": {
        "x-pass-authorization": f"Bearer {CALLERS_SECRET}",
        "x-litellm-api-base": "{elsewhere}",
    },
    "LiteLLM's headers for a row": {
        "x-litellm-model": "{other}",
        "x-litellm-model-id": "gw.{other}.1",
        "x-litellm-credential-name": "{credential}",
        "x-litellm-customer-id": "x",
    },
    "another organisation": {"openai-organization": "org-x", "openai-project": "p"},
}
_QUERIES: Final[Mapping[str, str]] = {
    "another address in the query": "?api_base={elsewhere}&base_url={elsewhere}",
    "another credential in the query": "?litellm_credential_name={credential}",
    "a key in the query": f"?api_key={CALLERS_SECRET}&key={CALLERS_SECRET}",
    "another protocol in the query": "?custom_llm_provider=anthropic&api-version=1",
}
