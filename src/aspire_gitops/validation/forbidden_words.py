"""Keys and parameters that lead calls elsewhere, and why each is refused. Data for `fallback_roads`.

Most of the facts were tried live; those that move with LiteLLM are in `releases`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aspire_gitops.releases import TESTED
from aspire_gitops.validation.wording import shown_name
from aspire_gitops.vocabulary import Diagnostic, Rule, Span

FALLBACK_ROAD = Rule("AG301", "fallback-road")
REDIRECTING_PARAMETER = Rule("AG303", "redirecting-parameter")
MISPLACED_PARAMETER = Rule("AG322", "misplaced-parameter")

_ONE_TARGET = "remove it: an alias has one target, and a call that fails there fails visibly"
_RETRIES = "remove it: apps retry, and see that they do"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A word that must not be a key, why, and what to do instead."""

    rule: Rule
    message: str
    help: str

    def at(self, span: Span) -> Diagnostic:
        return self.rule.at(span, self.message, help=self.help)


def _forbidden(rule: Rule, help_: str, reasons: Mapping[str, str]) -> dict[str, Forbidden]:
    return {word: Forbidden(rule, f"`{word}` {reason}", help_) for word, reason in reasons.items()}


_ANSWERS = "lets another model answer silently"
FORBIDDEN_EVERYWHERE = {
    **_forbidden(
        FALLBACK_ROAD,
        _ONE_TARGET,
        {
            "fallbacks": f"{_ANSWERS}; on a deployment it even ignores a key's `disable_fallbacks`",
            "fallback": _ANSWERS,
            "fallback_models": _ANSWERS,
            "default_fallbacks": f"{_ANSWERS}, for every alias at once",
            "context_window_fallbacks": f"{_ANSWERS} when a prompt is too long",
            "context_window_fallback_dict": f"{_ANSWERS} when a prompt is too long",
            "content_policy_fallbacks": f"{_ANSWERS} when a vendor refuses the content",
            "model_fallbacks": _ANSWERS,
            "budget_fallbacks": f"{_ANSWERS} when a budget is spent",
            "max_fallbacks": "limits fallbacks, and there are none",
            "enforce_fallback_model_access": "is about fallbacks, and there are none",
            "disable_fallbacks": "is always on; a file that could set it could also turn it off",
            "router_settings": "may hold fallbacks, and on a key it overrides the gateway's file",
            "router_settings_override": "may hold fallbacks that override the gateway's file",
            "routing_groups": "lets the router pick among several models",
            "routing_strategy": "is about picking among several targets, and there is one",
            "model_group_alias": "points one name at another model without review",
            "model_aliases": "points one name at another model without review",
            "enable_weighted_failover": _ANSWERS,
            "order": "ranks targets; LiteLLM counts going to the next one as a fallback",
            "weight": "spreads calls over several targets",
            "allowed_fails": "decides when calls go to another target",
            "allowed_fails_policy": "decides when calls go to another target",
            "cooldown_time": "takes a failing target out, so that another one answers",
            "targets": "would be several targets; LiteLLM moves between them when one fails",
        },
    ),
    **_forbidden(
        FALLBACK_ROAD,
        _RETRIES,
        {
            "num_retries": "makes the router pick a target again after a failure",
            "max_retries": "makes the router pick a target again after a failure",
            "retry_policy": "makes the router pick a target again after a failure",
            "model_group_retry_policy": "makes the router pick a target again after a failure",
            "retry_after": "is about retries, and the gateway makes none",
        },
    ),
}
"""Keys that are wrong anywhere."""

_AUTH = "carries a credential, and every admin can read the parameters that the gateway stores"
_ELSEWHERE = "sends calls somewhere other than the reviewed provider"
_PROVIDER = "write it in the provider's file: `base_url` and `credential: {env: NAME}`"
REDIRECTS = _forbidden(
    REDIRECTING_PARAMETER,
    _PROVIDER,
    {
        "api_key": _AUTH,
        "api_base": _ELSEWHERE,
        "base_url": _ELSEWHERE,
        "api_version": _ELSEWHERE,
        "api_type": _ELSEWHERE,
        "custom_llm_provider": _ELSEWHERE,
        "litellm_credential_name": "names a credential without review; LiteLLM does not "
        "check that it exists, and takes a key from its environment instead",
        "extra_headers": "is stored and shown in clear text by LiteLLM, keys in it included",
        "default_headers": "is stored and shown in clear text by LiteLLM, keys in it included",
        "headers": "is stored and shown in clear text by LiteLLM, keys in it included",
        "extra_body": "can hold anything, a model and fallbacks included",
        "extra_query": "can hold anything, keys included",
        "organization": _AUTH,
        "mock_response": "makes LiteLLM answer by itself; nobody would notice",
        "mock_tool_calls": "makes LiteLLM answer by itself; nobody would notice",
        "mock_timeout": "makes LiteLLM fail by itself; nobody would notice",
        "mock_testing_fallbacks": "makes LiteLLM fail by itself; nobody would notice",
        "use_litellm_proxy": _ELSEWHERE,
        "use_in_pass_through": _ELSEWHERE,
        "use_xai_oauth": _AUTH,
        "configurable_clientside_auth_params": "lets apps choose where their calls go",
        "proxy": _ELSEWHERE,
        "client": _ELSEWHERE,
    },
)
_PRICE = "is a price, and prices are reviewed as such"
_PRICE_HELP = "write it in the alias's `price:`"
ONLY_PARAMETERS = {
    **_forbidden(REDIRECTING_PARAMETER, "write it as `target: {model: …}`", {"model": _ELSEWHERE}),
    **_forbidden(
        MISPLACED_PARAMETER,
        _PRICE_HELP,
        dict.fromkeys(
            (
                "input_cost_per_token",
                "output_cost_per_token",
                "cache_read_input_token_cost",
                "cache_creation_input_token_cost",
                "input_cost_per_second",
                "output_cost_per_second",
                "input_cost_per_character",
                "output_cost_per_character",
                "ocr_cost_per_page",
                "output_cost_per_image",
                "tiered_pricing",
            ),
            _PRICE,
        ),
    ),
    **_forbidden(
        MISPLACED_PARAMETER,
        "write it in the alias's `limits:`",
        dict.fromkeys(("rpm", "tpm", "timeout", "stream_timeout"), "is a limit"),
    ),
    **_forbidden(
        MISPLACED_PARAMETER,
        "budgets are `kind: Budget`, and an app names one",
        dict.fromkeys(("max_budget", "budget_duration", "soft_budget"), "is a budget"),
    ),
    **_forbidden(
        MISPLACED_PARAMETER,
        "remove it",
        dict.fromkeys(
            ("model_info", "tags", "metadata", "user"),
            "belongs to the gateway's own bookkeeping, or to the app that calls",
        ),
    ),
}
"""Keys that are wrong in `parameters` and right, or unknown, elsewhere."""

_TIER_HELP = "write it in the alias's `price: {tiers: …}`"
_CREDENTIAL_WORDS = ("secret", "password", "credential", "api_key", "_auth")
_CLOUD_PREFIXES = ("aws_", "vertex_", "azure_", "watsonx_")


def forbidden_parameter(name: str) -> Forbidden | None:
    """Return why a parameter of this name is refused, or None."""
    for table in (FORBIDDEN_EVERYWHERE, REDIRECTS, ONLY_PARAMETERS):
        if name in table:
            return table[name]
    shown = shown_name(name)
    if "_cost" in name or "cost_" in name:
        help_ = _TIER_HELP if "_above_" in name else _PRICE_HELP
        return Forbidden(MISPLACED_PARAMETER, f"`{shown}` {_PRICE}", help_)
    if name.startswith(_CLOUD_PREFIXES) or _is_credential(name):
        return Forbidden(REDIRECTING_PARAMETER, f"`{shown}` {_AUTH}", _PROVIDER)
    return None


def _is_credential(name: str) -> bool:
    # `max_tokens` and `stop_token_ids` count tokens; `access_token` and `token_url` are about one.
    carries = "token" in name.split("_") and "token_id" not in name
    return carries or any(word in name for word in _CREDENTIAL_WORDS)


NOT_THE_VENDORS = Rule("AG341", "not-the-vendors")

_PREFIXES = (
    *("litellm_", "anthropic_", "openai_", "s3_", "gcs_", "bedrock_", "langfuse_", "langsmith_"),
    *("arize_", "dd_", "humanloop_", "newrelic_", "posthog_", "signoz_", "wandb_", "weave_"),
    *("mock_", "extra_", "regional_", "api_"),
)
_WORDS = (
    *("cost", "price", "pricing", "fallback", "retry", "retries", "timeout", "router", "routing"),
    *("header", "callback", "max_budget", "credential", "base_url", "endpoint", "oauth", "webhook"),
)
_LEAD_ELSEWHERE = frozenset({"models", "provider", "providers", "route", "transforms", "plugins"})
_MOVE_THE_PRICE = frozenset({"service_tier", "speed", "inference_geo"})


def never_allowed(name: str) -> Forbidden | None:
    """Return why `allow_parameters` must not name a parameter, or None."""
    if forbidden := forbidden_parameter(name):
        return forbidden
    if name in _MOVE_THE_PRICE:
        reason = "moves a call to prices other than the alias's"
    elif name in _LEAD_ELSEWHERE:
        reason = "lets an aggregator answer with a model or provider other than the priced one"
    elif name in TESTED.own_parameters or name.startswith(_PREFIXES):
        reason = "means something to LiteLLM itself, which acts on it before the vendor does"
    elif any(word in name for word in _WORDS):
        reason = "is not a model setting: it concerns routes, prices, retries or credentials"
    else:
        return None
    help_ = (
        "remove it: `allow_parameters` is for a vendor's own settings, such as `enable_thinking`"
    )
    return Forbidden(NOT_THE_VENDORS, f"`{shown_name(name)}` {reason}", help_)
