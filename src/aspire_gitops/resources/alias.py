"""`kind: Alias`: the model name that apps call, and the one target behind it."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.resources.base import (
    Amount,
    OrAbsent,
    RequestsPerMinute,
    ResourceName,
    ResourceSpec,
    Sentence,
    Spec,
    TokensPerMinute,
    Unique,
    Whole,
    in_words,
)

Capability = Literal[
    "vision", "ocr", "tools", "json_schema", "reasoning", "prompt_caching", "audio"
]
ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ParameterText = Annotated[str, Field(max_length=200)]
ParameterNumber = Annotated[float, Field(ge=-1_000_000_000, le=1_000_000_000)]
ParameterCount = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000), Whole]
ParameterValue = Annotated[
    bool | ParameterCount | ParameterNumber | ParameterText, Field(union_mode="left_to_right")
]
Tokens = Annotated[int, Field(ge=1, le=100_000_000), Whole]
Dimensions = Annotated[int, Field(ge=1, le=100_000), Whole]
Seconds = Annotated[int, Field(ge=1, le=3600), Whole]


class TargetSpec(Spec):
    """The provider and model that answer. There is exactly one: an alias never falls back."""

    provider: ResourceName = Field(description="Name of a declared provider.")
    model: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$",
        description="The provider's own name for the model.",
        json_schema_extra=in_words(
            "one model's name: letters, digits, dots, dashes, underscores, colons, slashes, at-signs"
        ),
        examples=["qwen3-vl-235b-a22b-instruct"],
    )


class PriceSpec(Spec):
    """What a call costs, in US dollars. State the units that the mode is charged by."""

    input_usd_per_million_tokens: OrAbsent[Amount] = Field(
        default=None, description="A million tokens in."
    )
    output_usd_per_million_tokens: OrAbsent[Amount] = Field(
        default=None, description="A million tokens out."
    )
    cached_input_usd_per_million_tokens: OrAbsent[Amount] = Field(
        default=None, description="A million tokens read from the provider's prompt cache."
    )
    usd_per_page: OrAbsent[Amount] = Field(default=None, description="One page, for `mode: ocr`.")
    usd_per_image: OrAbsent[Amount] = Field(
        default=None, description="One image, for `mode: image_generation`."
    )
    zero_because: OrAbsent[Sentence] = Field(
        default=None,
        description="Why a price of zero is right. LiteLLM checks no budget for such an alias.",
    )


class AliasLimitsSpec(Spec):
    """What one alias may carry, all apps together. LiteLLM treats the rates as routing hints."""

    requests_per_minute: OrAbsent[RequestsPerMinute] = Field(
        default=None, description="Calls a minute."
    )
    tokens_per_minute: OrAbsent[TokensPerMinute] = Field(
        default=None, description="Tokens a minute."
    )
    timeout_s: OrAbsent[Seconds] = Field(
        default=None, description="Seconds until a call is given up."
    )


class AliasSpec(ResourceSpec):
    """A model name that apps may call. Swapping what is behind it is a change in this file alone."""

    kind: Literal["Alias"] = Field(description="The kind of this resource.")
    mode: Literal["chat", "embedding", "ocr", "image_generation"] = Field(
        description="What kind of call it answers. Vision and OCR through a chat model are `chat`."
    )
    capabilities: Unique[Capability] = Field(
        default=(),
        description="What apps may count on, beyond the mode.",
    )
    target: TargetSpec = Field(description="The provider and model behind the alias.")
    price: OrAbsent[PriceSpec] = Field(
        default=None,
        description="What a call costs. Required by policy: a budget cannot count what has no price.",
    )
    context_window_tokens: OrAbsent[Tokens] = Field(
        default=None, description="Tokens that fit in one call."
    )
    max_output_tokens: OrAbsent[Tokens] = Field(
        default=None, description="Tokens that one answer may have."
    )
    embedding_dimensions: OrAbsent[Dimensions] = Field(
        default=None,
        description="Length of the vectors, for `mode: embedding`. Vectors of another length do not fit into what apps have stored.",
    )
    limits: OrAbsent[AliasLimitsSpec] = Field(
        default=None, description="Limits of the alias, all apps together."
    )
    parameters: OrAbsent[dict[ParameterName, ParameterValue]] = Field(
        default=None,
        description="Defaults sent with each call, such as `temperature`. Nothing that routes, retries or authenticates.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a model of the same name that somebody made by hand on the gateway.",
    )
    description: OrAbsent[Sentence] = Field(default=None, description="What the alias is for.")
