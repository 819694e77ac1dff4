"""`kind: Alias` → the one LiteLLM deployment behind it.

The address stays open: planning chooses `gw.<alias>.<n>`, because a
replacement needs a new one. `validation` has made sure that the provider
exists and is in use, and that no parameter routes, retries or authenticates.
"""

from collections.abc import Mapping

from aspire_gitops.catalog import Declared
from aspire_gitops.compiling.api import APIS
from aspire_gitops.compiling.card import CARD_FIELD, card_of
from aspire_gitops.compiling.credential import credential_name
from aspire_gitops.compiling.fields import as_stored, stated
from aspire_gitops.compiling.prices import price_fields
from aspire_gitops.resources import AliasSpec, ProviderSpec
from aspire_gitops.state import GatewayObject, Intent, Kind, ObjectKey
from aspire_ledger.canonical import JsonValue

CAPABILITY_FIELDS: Mapping[str, str] = {
    "audio": "supports_audio_input",
    "json_schema": "supports_response_schema",
    "ocr": "supports_ocr",  # LiteLLM has no name for it and keeps ours as it is
    "prompt_caching": "supports_prompt_caching",
    "reasoning": "supports_reasoning",
    "tools": "supports_function_calling",
    "vision": "supports_vision",
}


def compile_deployment(
    alias: Declared[AliasSpec], provider: Declared[ProviderSpec]
) -> tuple[GatewayObject, Intent]:
    """Compile one alias whose target is at `provider`."""
    spec = alias.spec
    params = {
        **_parameters(spec),
        **_target(spec, provider.spec),
        **price_fields(spec),
        **_limits(spec),
    }
    fields = {f"litellm_params.{name}": value for name, value in params.items()}
    fields |= {f"model_info.{name}": value for name, value in _model_info(spec).items()}
    fields[CARD_FIELD] = card_of(spec)
    wanted = GatewayObject(ObjectKey(Kind.DEPLOYMENT, spec.name), spec.name, stated(fields))
    return wanted, Intent(adopt=spec.adopt, source=alias.document.path)


def _parameters(spec: AliasSpec) -> dict[str, JsonValue]:
    return {name: as_stored(value) for name, value in (spec.parameters or {}).items()}


def _target(spec: AliasSpec, provider: ProviderSpec) -> dict[str, JsonValue]:
    api = APIS[provider.api]
    return {
        "model": api.model(spec.target.model),
        "litellm_credential_name": credential_name(provider.name),
        # Also in the credential. Here it outlives the credential: without it a
        # deployment whose credential is gone would call the vendor's public address.
        "api_base": api.base_url(provider.base_url),
    }


def _limits(spec: AliasSpec) -> dict[str, JsonValue]:
    if spec.limits is None:
        return {}
    return {
        "rpm": spec.limits.requests_per_minute,
        "tpm": spec.limits.tokens_per_minute,
        "timeout": spec.limits.timeout_s,
    }


def _model_info(spec: AliasSpec) -> dict[str, JsonValue]:
    return {
        "mode": spec.mode,
        "max_input_tokens": spec.context_window_tokens,
        "max_output_tokens": spec.max_output_tokens,
        "output_vector_size": spec.embedding_dimensions,
        **{CAPABILITY_FIELDS[capability]: True for capability in spec.capabilities},
    }
