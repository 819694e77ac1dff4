"""`kind: Alias`: the model name that apps call, and the one target behind it."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.resources.base import (
    Amount,
    ResourceName,
    ResourceSpec,
    Sentence,
    Spec,
    WholeNumber,
)

Capability = Literal[
    "vision", "ocr", "tools", "json_schema", "reasoning", "prompt_caching", "audio"
]
ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ParameterText = Annotated[str, Field(max_length=200)]


class TargetSpec(Spec):
    """The provider and model that answer. There is exactly one: an alias never falls back."""

    provider: ResourceName = Field(description="Name of a declared provider.")
    model: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$",
        description="The provider's own name for the model.",
        examples=["qwen3-vl-235b-a22b-instruct"],
    )


class PriceSpec(Spec):
    """What a call costs, in US dollars. State the units that the mode is charged by."""

    input_usd_per_million_tokens: Amount | None = Field(
        default=None, description="A million tokens in."
    )
    output_usd_per_million_tokens: Amount | None = Field(
        default=None, description="A million tokens out."
    )
    cached_input_usd_per_million_tokens: Amount | None = Field(
        default=None, description="A million tokens read from the provider's prompt cache."
    )
    usd_per_page: Amount | None = Field(default=None, description="One page, for `mode: ocr`.")
    usd_per_image: Amount | None = Field(
        default=None, description="One image, for `mode: image_generation`."
    )
    zero_because: Sentence | None = Field(
        default=None,
        description="Why a price of zero is right. LiteLLM checks no budget for such an alias.",
    )


class AliasLimitsSpec(Spec):
    """What one alias may carry, all apps together. LiteLLM treats the rates as routing hints."""

    requests_per_minute: WholeNumber | None = Field(
        default=None, gt=0, le=1_000_000, description="Calls a minute."
    )
    tokens_per_minute: WholeNumber | None = Field(
        default=None, gt=0, le=1_000_000_000, description="Tokens a minute."
    )
    timeout_s: WholeNumber | None = Field(
        default=None, gt=0, le=3600, description="Seconds until a call is given up."
    )


class AliasSpec(ResourceSpec):
    """A model name that apps may call. Swapping what is behind it is a change in this file alone."""

    kind: Literal["Alias"] = Field(description="The kind of this resource.")
    mode: Literal["chat", "embedding", "ocr", "image_generation"] = Field(
        description="What kind of call it answers. Vision and OCR through a chat model are `chat`."
    )
    capabilities: tuple[Capability, ...] = Field(
        default=(),
        strict=False,
        json_schema_extra={"uniqueItems": True},
        description="What apps may count on, beyond the mode.",
    )
    target: TargetSpec = Field(description="The provider and model behind the alias.")
    price: PriceSpec | None = Field(
        default=None,
        description="What a call costs. Required by policy: a budget cannot count what has no price.",
    )
    context_window_tokens: WholeNumber | None = Field(
        default=None, gt=0, le=100_000_000, description="Tokens that fit in one call."
    )
    max_output_tokens: WholeNumber | None = Field(
        default=None, gt=0, le=10_000_000, description="Tokens that one answer may have."
    )
    limits: AliasLimitsSpec | None = Field(
        default=None, description="Limits of the alias, all apps together."
    )
    parameters: dict[ParameterName, bool | WholeNumber | float | ParameterText] | None = Field(
        default=None,
        description="Defaults sent with each call, such as `temperature`. Nothing that routes, retries or authenticates.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a model of the same name that somebody made by hand on the gateway.",
    )
    description: Sentence | None = Field(default=None, description="What the alias is for.")
