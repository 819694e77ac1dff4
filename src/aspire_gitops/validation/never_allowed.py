"""What no alias may let apps send: `allow_parameters` is for a vendor's own parameters.

A name that LiteLLM itself reads is none of these: it would route, re-price,
authenticate, retry, time out or hide the call before the vendor saw it.
"""

from aspire_gitops.diagnostics import Rule
from aspire_gitops.validation.forbidden_words import Forbidden, forbidden_parameter

NOT_THE_VENDORS = Rule("AG341", "not-the-vendors")

# `all_litellm_params` of LiteLLM 1.106.2, without what the patterns below find.
_LITELLMS_OWN = frozenset(
    """
    acompletion aembedding aimg_generation allm_passthrough_route allow_client_keepalive_override
    allowed_model_region allowed_openai_params assistant_continue_message async_call
    atext_completion attempted_targets azure base_model bos_token budget_duration cache cache_key
    caching caching_groups complete_response completion_call_id custom_prompt_dict data_residency
    default_api_key_rpm_limit default_api_key_tpm_limit disable_add_transform_inline_image_block
    disable_global_guardrails enable_json_schema_validation enable_prompt_caching
    ensure_alternating_roles eos_token fastest_response final_prompt_value
    fireworks_forward_user_id guardrail_config guardrails hf_model_name id itpm keepalive_seconds
    log_client_error_tracebacks logger_fn max_agentic_loops max_file_size_mb max_parallel_requests
    merge_reasoning_content_in_choices messages_to_log model_config model_file_id_mapping
    model_list no_log otpm output_vector_size policies preset_cache_key prompt_environment
    prompt_id prompt_label prompt_variables prompt_version provider_specific_header
    proxy_server_request region_name roles rust search_tool_name secret_fields self shared_session
    silent_model ssl_verify stream_chunk_size stream_response supports_system_message tag_regex
    tenant_id text_completion ttl turn_off_message_logging use_chat_completions_api use_client
    user_continue_message user_config verbose
    """.split()  # noqa: SIM905 (it reads better as words)
)
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
        reason = "moves a call to other prices than the alias's"
    elif name in _LEAD_ELSEWHERE:
        reason = "lets an aggregator answer with another model or provider than the priced one"
    elif name in _LITELLMS_OWN or name.startswith(_PREFIXES):
        reason = "means something to LiteLLM itself, which acts on it before the vendor does"
    elif any(word in name for word in _WORDS):
        reason = "is no setting of a model: it is about routes, prices, retries or credentials"
    else:
        return None
    help_ = (
        "remove it: `allow_parameters` is for a vendor's own settings, such as `enable_thinking`"
    )
    return Forbidden(NOT_THE_VENDORS, f"`{name}` {reason}", help_)
