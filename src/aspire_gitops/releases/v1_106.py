"""LiteLLM 1.106.2. Read from its source, and most of it tried live."""

from typing import Final

from aspire_gitops.releases.release import Api, PriceTier, Release

_INPUT, _OUTPUT = "input_cost_per_token", "output_cost_per_token"
_READ, _WRITE = "cache_read_input_token_cost", "cache_creation_input_token_cost"
_WRITE_1H = "cache_creation_input_token_cost_above_1hr"

RELEASE: Final = Release(
    version="1.106.2",
    apis={
        "openai": Api("openai", ("/chat/completions",)),
        # LiteLLM appends `/v1/messages` to whatever it is given, `…/v1` included.
        "anthropic": Api("anthropic", ("/v1/messages", "/v1")),
        "mistral": Api("mistral", ("/chat/completions",)),
    },
    price_tiers={
        100_000: PriceTier("100k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE, _WRITE_1H})),
        128_000: PriceTier("128k", frozenset({_INPUT, _OUTPUT})),
        200_000: PriceTier("200k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE})),
        272_000: PriceTier("272k", frozenset({_INPUT, _OUTPUT, _READ, _WRITE})),
        512_000: PriceTier("512k", frozenset({_INPUT, _OUTPUT, _READ})),
    },
    # Without what the patterns of `validation.forbidden_words` find.
    own_parameters=frozenset(
        """
        acompletion aembedding aimg_generation allm_passthrough_route
        allow_client_keepalive_override allowed_model_region allowed_openai_params
        assistant_continue_message async_call atext_completion attempted_targets azure base_model
        bos_token budget_duration cache cache_key caching caching_groups complete_response
        completion_call_id custom_prompt_dict data_residency default_api_key_rpm_limit
        default_api_key_tpm_limit disable_add_transform_inline_image_block
        disable_global_guardrails enable_json_schema_validation enable_prompt_caching
        ensure_alternating_roles eos_token fastest_response final_prompt_value
        fireworks_forward_user_id guardrail_config guardrails hf_model_name id itpm
        keepalive_seconds log_client_error_tracebacks logger_fn max_agentic_loops max_file_size_mb
        max_parallel_requests merge_reasoning_content_in_choices messages_to_log model_config
        model_file_id_mapping model_list no_log otpm output_vector_size policies preset_cache_key
        prompt_environment prompt_id prompt_label prompt_variables prompt_version
        provider_specific_header proxy_server_request region_name roles rust search_tool_name
        secret_fields self shared_session silent_model ssl_verify stream_chunk_size
        stream_response supports_system_message tag_regex tenant_id text_completion ttl
        turn_off_message_logging use_chat_completions_api use_client user_continue_message
        user_config verbose
        """.split()  # noqa: SIM905 (it reads better as words)
    ),
    # LiteLLM sets a private attribute of this release of its client; later ones renamed it.
    prisma_client="0.11.0",
    models="v1_106_models.json",
)
