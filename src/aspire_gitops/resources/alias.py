"""`kind: Alias`: the model name that apps call, and the one target behind it."""

from typing import Annotated, Literal

from pydantic import Field

from aspire_gitops.vocabulary.spec import (
    OrAbsent,
    Price,
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
ParameterName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        examples=["temperature"],
        json_schema_extra=in_words(
            "a parameter's name: lower-case letters, digits and underscores"
        ),
    ),
]
ParameterText = Annotated[str, Field(max_length=200)]
ParameterNumber = Annotated[float, Field(ge=-1_000_000_000, le=1_000_000_000)]
ParameterCount = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000), Whole]
NestedName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_]{1,64}$",
        json_schema_extra=in_words("a name like max_tokens: letters, digits and underscores"),
    ),
]
_MOST = 64  # in one list or mapping
ParameterScalar = Annotated[
    bool | ParameterCount | ParameterNumber | ParameterText, Field(union_mode="left_to_right")
]
ParameterValue = Annotated[
    bool
    | ParameterCount
    | ParameterNumber
    | ParameterText
    | Annotated[list[ParameterScalar], Field(max_length=_MOST)]
    | Annotated[dict[NestedName, ParameterScalar], Field(max_length=_MOST)],
    Field(union_mode="left_to_right"),
]
"""One list or mapping deep: no permitted parameter needs more."""

Tokens = Annotated[int, Field(ge=1, le=100_000_000), Whole]
Dimensions = Annotated[int, Field(ge=1, le=100_000), Whole]
Seconds = Annotated[int, Field(ge=1, le=3600), Whole]
ProbeSeconds = Annotated[int, Field(ge=1, le=600), Whole]
ProbeMinutes = Annotated[int, Field(ge=1, le=44_640), Whole]


ToolName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$",
        json_schema_extra=in_words(
            "a tool's name like web_search: lower-case letters, digits and underscores"
        ),
    ),
]
ImageWord = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._:-]{0,31}$",
        json_schema_extra=in_words(
            "what a request says, like 1024x1024 or high: lower-case letters, digits, dots, "
            "dashes, colons and underscores"
        ),
    ),
]


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
    max_output_tokens: OrAbsent[Tokens] = Field(
        default=None, description="The most tokens that the model can write in one answer."
    )
    ignores_output_limit: bool = Field(
        default=False,
        description="The target ignores the limit of a request; `max_output_tokens` here bounds its answers.",
    )


class TokenPriceSpec(Spec):
    """Prices of tokens, in US dollars per million. A part without a price costs what the whole costs."""

    input_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million input tokens."
    )
    output_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million output tokens."
    )
    cached_input_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million tokens read from the provider's prompt cache."
    )
    cache_write_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million tokens written to the prompt cache, kept for minutes."
    )
    cache_write_1h_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million tokens written to the prompt cache, kept for an hour."
    )
    input_audio_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million audio input tokens."
    )
    input_image_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million image input tokens."
    )
    reasoning_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million reasoning tokens, which are part of the output."
    )
    output_audio_usd_per_million_tokens: OrAbsent[Price] = Field(
        default=None, description="A million audio output tokens."
    )


class PriceTierSpec(TokenPriceSpec):
    """Prices of all tokens of a call whose input is longer than a threshold."""

    above_input_tokens: Tokens = Field(
        description="The tier applies to calls with more input tokens."
    )

    @property
    def name(self) -> str:
        """What a dotted path calls it: `tiers.200000`."""
        return str(self.above_input_tokens)


class ImagePriceSpec(Spec):
    """What one image of a size and quality costs, in US dollars. A field left out matches every value."""

    size: OrAbsent[ImageWord] = Field(
        default=None, description="`size` of the request.", examples=["1024x1024"]
    )
    quality: OrAbsent[ImageWord] = Field(
        default=None, description="`quality` of the request.", examples=["high"]
    )
    usd: Price = Field(description="One such image.")

    @property
    def name(self) -> str:
        """What a dotted path calls it: `images.1024x1024.high`."""
        return f"{self.size or 'any size'}.{self.quality or 'any quality'}"


class PriceSpec(TokenPriceSpec):
    """What a call costs, in US dollars. State the units that the mode is charged by."""

    usd_per_page: OrAbsent[Price] = Field(default=None, description="One page, for `mode: ocr`.")
    usd_per_annotated_page: OrAbsent[Price] = Field(
        default=None,
        description="Annotating one page, besides reading it. Without it: the price of a page.",
    )
    usd_per_image: OrAbsent[Price] = Field(
        default=None, description="One image, for `mode: image_generation`."
    )
    images: tuple[ImagePriceSpec, ...] = Field(
        default=(),
        strict=False,
        description="Images by size and quality. An unlisted image costs `usd_per_image`, or else the highest listed price.",
    )
    usd_per_use: OrAbsent[dict[ToolName, Price]] = Field(
        default=None,
        description="One use of a tool that runs at the provider, by its name, such as `web_search`.",
    )
    tiers: tuple[PriceTierSpec, ...] = Field(
        default=(),
        strict=False,
        description="Prices of long calls. Each tier states every token price that the alias has.",
    )
    zero_because: OrAbsent[Sentence] = Field(
        default=None,
        description="Why a price of zero is right. LiteLLM checks no budget for such an alias.",
    )


class AliasLimitsSpec(Spec):
    """What one alias may carry, all apps together. LiteLLM treats the rates as routing hints."""

    requests_per_minute: OrAbsent[RequestsPerMinute] = Field(
        default=None, description="Calls per minute."
    )
    tokens_per_minute: OrAbsent[TokensPerMinute] = Field(
        default=None, description="Tokens per minute."
    )
    timeout_s: OrAbsent[Seconds] = Field(
        default=None, description="Seconds until a call times out."
    )


ProbeVariant = Literal["plain", "streamed", "tools", "image"]


class ProbeSpec(Spec):
    """How the controller calls the alias to see that it works."""

    every_minutes: OrAbsent[ProbeMinutes] = Field(
        default=None,
        description="Minutes between two probes. Without it: what the Gateway's `probes` say.",
    )
    timeout_s: ProbeSeconds = Field(
        default=60, description="Seconds after which a probe without a whole answer is too slow."
    )
    variants: Unique[ProbeVariant] = Field(
        default=(),
        description="Which calls are made, in turns. Without it: all that the mode and the capabilities allow.",
    )


class AliasSpec(ResourceSpec):
    """A model name that apps may call. Swapping its target changes this file alone."""

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
        description="Length of the vectors, for `mode: embedding`. Vectors of another length do not match what apps have stored.",
    )
    limits: OrAbsent[AliasLimitsSpec] = Field(
        default=None, description="Limits of the alias, all apps together."
    )
    parameters: OrAbsent[dict[ParameterName, ParameterValue]] = Field(
        default=None,
        description="Defaults sent with each call, such as `temperature`. Only names on the mode's list.",
    )
    allow_parameters: Unique[ParameterName] = Field(
        default=(),
        description="Parameters that apps may send beyond those of the API: the vendor's own, such as `enable_thinking`.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a model of the same name that was made by hand on the gateway.",
    )
    probe: OrAbsent[Literal["off"] | ProbeSpec] = Field(
        default=None,
        description="How the controller calls the alias to see that it works. `off`: never. Without it: as the mode and the capabilities allow, but an image is never made.",
    )
    description: OrAbsent[Sentence] = Field(default=None, description="What the alias is for.")

    @property
    def claimed_probes(self) -> tuple[ProbeVariant, ...]:
        """The calls that the mode and the capabilities claim to answer."""
        if self.mode != "chat":
            return ("plain",)
        sees = {"vision", "ocr"} & set(self.capabilities)
        tools: tuple[ProbeVariant, ...] = ("tools",) if "tools" in self.capabilities else ()
        return ("plain", "streamed", *tools, *(("image",) if sees else ()))
