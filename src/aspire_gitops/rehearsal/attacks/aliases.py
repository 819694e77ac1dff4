"""Another alias by another road: in the body, the query, the path."""

from collections.abc import Iterator, Mapping
from typing import Final

from aspire_gitops.rehearsal.attacks.values import CHAT, WHOLE, Attack, AttackKind, Body, CallType


def aliases() -> Iterator[Attack]:
    for call in WHOLE:
        for title, change in _OTHER_MODELS.items():
            yield Attack(AttackKind.ALIAS, title, call, change)
        yield Attack(AttackKind.ALIAS, "named in the query", call, query="?model={other}")
        twice = "?model={alias}&model={other}"
        yield Attack(AttackKind.ALIAS, "named twice in the query", call, query=twice)
        silent = ("model",)
        yield Attack(
            AttackKind.ALIAS, "named in the query alone", call, drop=silent, query="?model={other}"
        )
        for title, path in _roads(call).items():
            yield Attack(AttackKind.ALIAS, title, call, path=path)
        trailing = {"model": "{other}"}
        yield Attack(AttackKind.ALIAS, "a slash at the end", call, trailing, path=f"{call.path}/")
    for title, path in _NO_CALLS.items():
        yield Attack(AttackKind.ALIAS, title, CHAT, _CHECKED, path=path)
    repeated = '{"model": "{alias}", "model": "{other}", "messages": [], "max_tokens": 1}'
    yield Attack(AttackKind.ALIAS, "named twice in the body", CHAT, raw=repeated)


_OTHER_MODELS: Final[Mapping[str, Body]] = {
    "named in the body": {"model": "{other}"},
    "a comma list": {"model": "{alias},{other}"},
    "a list": {"model": ["{alias}", "{other}"]},
    "named in extra_body": {"extra_body": {"model": "{other}"}},
    "a list of models": {"models": ["{other}"], "route": "fallback"},
    "a list of fallbacks": {"fallbacks": ["{other}"]},
    "a fallback with a body": {"fallbacks": [{"model": "{other}"}]},
    "fallbacks for long prompts": {"context_window_fallbacks": [{"{alias}": ["{other}"]}]},
    "a group": {"model_group": "{other}", "model_group_alias": {"{alias}": "{other}"}},
    "an alias of its own": {"model_alias_map": {"{alias}": "{other}"}},
    "a deployment": {"specific_deployment": True, "model": "gw.{other}.1"},
    "a deployment by id": {"model_id": "gw.{other}.1", "deployment_id": "{other}"},
    "in another case of model": {"Model": "{other}", "MODEL": "{other}"},
    "with a blank": {"model": " {other}"},
    "with a protocol": {"model": "openai/{other}"},
    "every model": {"model": "*"},
    "in metadata": {"metadata": {"model_group": "{other}", "deployment": "{other}"}},
    "in metadata of LiteLLM": {"litellm_metadata": {"model_group": "{other}"}},
}

# What LiteLLM serves besides calls and what can call a model all the same.
_NO_CALLS: Final[Mapping[str, str]] = {
    "a check of a connection": "/health/test_connection",
    "a test of a prompt": "/prompts/test",
    "a test of routing": "/auto_router/test_routing",
    "passed through to a provider": "/openrouter/v1/chat/completions",
    "a call that no release has yet": "/v1/chat/completions_of_tomorrow",
}
_CHECKED: Final[Body] = {
    "model": "{other}",
    "litellm_params": {"model": "openai/gpt-x", "litellm_credential_name": "gw.{other}"},
    "mode": "chat",
}


def _roads(call: CallType) -> Mapping[str, str]:
    path = call.path
    bare = path.removeprefix("/v1")
    return {
        "/engines": f"/engines/{{other}}{bare}",
        "/v1/engines": f"/v1/engines/{{other}}{bare}",
        "/openai/deployments": f"/openai/deployments/{{other}}{bare}",
        "/openai/deployments with a slash": f"/openai/deployments/{{other}}{bare}/",
        "/openai/deployments encoded": f"/openai%2Fdeployments%2F{{other}}{bare}",
        "/openai/v1": f"/openai{path}?model={{other}}",
        "/anthropic": f"/anthropic{path}?model={{other}}",
        "/v1 in capitals": f"{path.replace('/v1', '/V1')}?model={{other}}",
        "two slashes": f"/{path}?model={{other}}",
        "two slashes within": f"/v1/{bare}?model={{other}}",
        "an encoded slash": f"/v1%2F{bare.removeprefix('/')}?model={{other}}",
        "a dot": f"/v1/.{bare}?model={{other}}",
        "two dots": f"/x/..{path}?model={{other}}",
        "without /v1": f"{bare}?model={{other}}",
        "the alias in front": f"/{{other}}{path}",
    }
