"""`kind: Alias` → the one LiteLLM deployment behind it.

The address stays open: planning chooses `gw.<alias>.<n>`, because a
replacement needs a new one. `validation` has made sure that the provider
exists and is in use, and that no parameter routes, retries or authenticates.
"""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from aspire_gitops.canonical import JsonValue
from aspire_gitops.catalog import Declared
from aspire_gitops.compiling.api import APIS
from aspire_gitops.compiling.credential import credential_name
from aspire_gitops.compiling.fields import stated
from aspire_gitops.money import json_number, per_unit
from aspire_gitops.resources import AliasSpec, ProviderSpec
from aspire_gitops.resources.alias import PriceSpec
from aspire_gitops.state import GatewayObject, Intent, Kind, ObjectKey

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
    wanted = GatewayObject(ObjectKey(Kind.DEPLOYMENT, spec.name), spec.name, stated(fields))
    return wanted, Intent(adopt=spec.adopt, source=alias.document.path)


def _parameters(spec: AliasSpec) -> dict[str, JsonValue]:
    return {name: _number(value) for name, value in (spec.parameters or {}).items()}


def _number(value: JsonValue) -> JsonValue:
    # PostgreSQL gives 1.0 back as 1, so that is how we write it.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _target(spec: AliasSpec, provider: ProviderSpec) -> dict[str, JsonValue]:
    api = APIS[provider.api]
    return {
        "model": api.model(spec.target.model),
        "litellm_credential_name": credential_name(provider.name),
        # Also in the credential. Here it outlives the credential: without it a
        # deployment whose credential is gone would call the vendor's public address.
        "api_base": api.base_url(provider.base_url),
    }


def price_fields(spec: AliasSpec) -> dict[str, JsonValue]:
    """Return what LiteLLM bills the alias's calls by: US dollars per unit, None where not stated."""
    # Prices belong in litellm_params: the admin API strips them from model_info in silence.
    price = spec.price or PriceSpec()
    prices = {
        "input_cost_per_token": _per_token(price.input_usd_per_million_tokens),
        "output_cost_per_token": _per_token(price.output_usd_per_million_tokens),
        "ocr_cost_per_page": _price(price.usd_per_page),
        "output_cost_per_image": _price(price.usd_per_image),
    }
    return prices | (_cache_prices(price) if spec.mode == "chat" else {})


def _cache_prices(price: PriceSpec) -> dict[str, JsonValue]:
    # Left out, LiteLLM takes these from its built-in list for models that it
    # knows: prices that nobody reviewed and that change with its release. A
    # cached token therefore counts as a plain one unless the file says less.
    plain = price.input_usd_per_million_tokens
    cached = price.cached_input_usd_per_million_tokens
    return {
        "cache_read_input_token_cost": _per_token(plain if cached is None else cached),
        "cache_creation_input_token_cost": _per_token(plain),
        "cache_creation_input_token_cost_above_1hr": _per_token(plain),
    }


def _per_token(usd_per_million: Decimal | None) -> JsonValue:
    return _price(None if usd_per_million is None else per_unit(usd_per_million))


def _price(usd: Decimal | None) -> JsonValue:
    # Up, so that a call never counts as cheaper than the file says.
    return None if usd is None else json_number(usd, rounding=ROUND_UP)


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
