"""What a provider charges for one call, and how it reports what the call used, lies included."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

INPUT_TOKENS, OUTPUT_TOKENS = 10, 20
CACHED_TOKENS = 4  # of the input, for a request that asks for its prompt to be cached


class Billing(StrEnum):
    """How a provider arrives at its bill."""

    USUAL = "as usual"  # 10 tokens in, 20 out, one page, one image, whatever was asked
    ASKED = "as asked"  # all that the request allows it to use


class BillingOrder(BaseModel):
    """An order to bill: unset selectors match every request.

    `ignores_limits` makes it write 50,000 tokens an answer, whatever limit was asked;
    `bytes_per_token` is how dense its tokens are, 1 being the most that a model makes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    billing: Billing = Billing.USUAL
    ignores_limits: bool = False
    bytes_per_token: int = Field(default=4, ge=1)
    provider: str | None = None
    model: str | None = None


class Billed(BaseModel):
    """What one call used, by the provider's own count.

    `input_tokens` and `output_tokens` are totals: cached, cache-write and image tokens are
    parts of the first, reasoning of the second. `reported` says whether the answer
    carried this usage, and the whole of it was sent to somebody who still listened.
    """

    model_config = ConfigDict(frozen=True)

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0  # for some minutes
    cache_write_1h_tokens: int = 0
    input_image_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    pages: int = 0
    annotated_pages: int = 0
    images: int = 0
    size: str = ""  # of each image
    quality: str = ""
    tool_uses: Mapping[str, int] = {}  # of tools that run at the provider, by kind
    reported: bool = False

    @property
    def is_nothing(self) -> bool:
        return self == NOTHING.model_copy(update={"reported": self.reported})


NOTHING = Billed()
FREE = Billed(reported=True)  # a refusal: its status says that nothing is billed


def total(bills: Iterable[Billed]) -> Billed:
    """Add bills up. The sum is reported if each part is; it has no size and no quality."""
    sums: dict[str, int] = {}
    uses: dict[str, int] = {}
    reported = True
    for bill in bills:
        reported = reported and (bill.reported or bill.is_nothing)
        for name, value in bill:
            if isinstance(value, int) and not isinstance(value, bool):
                sums[name] = sums.get(name, 0) + value
        for kind, count in bill.tool_uses.items():
            uses[kind] = uses.get(kind, 0) + count
    return Billed.model_validate({**sums, "tool_uses": uses, "reported": reported})


Json: TypeAlias = dict[str, Any]


class Report(StrEnum):
    """What an answer says of its usage."""

    TRUE = "true"
    ABSENT = "absent"
    ZERO = "zero"
    NEGATIVE = "negative"
    NAN = "nan"
    ABSURD = "absurd"  # a number that no call can have used
    TEXT = "text"  # words where a number belongs


def reported(usage: Json, report: Report) -> Json | None:
    """Return a usage as it is reported: every number of it true, or every number a lie."""
    if report is Report.ABSENT:
        return None
    lie = _LIES.get(report)
    return usage if lie is None else {name: _each(value, lie) for name, value in usage.items()}


def _each(value: Any, lie: Callable[[int], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _each(part, lie) for name, part in value.items()}
    return lie(value) if type(value) is int else value


_LIES: Final[Mapping[Report, Callable[[int], Any]]] = {
    Report.ZERO: lambda _: 0,
    Report.NEGATIVE: lambda count: -max(count, 1),
    Report.NAN: lambda _: float("nan"),
    Report.ABSURD: lambda _: 1e30,
    Report.TEXT: lambda _: "several",
}


def of_chat(billed: Billed) -> Json:
    """Return usage as chat and completions of OpenAI report it."""
    usage: Json = {
        "prompt_tokens": billed.input_tokens,
        "completion_tokens": billed.output_tokens,
        "total_tokens": billed.input_tokens + billed.output_tokens,
        "prompt_tokens_details": {"cached_tokens": billed.cached_input_tokens},
    }
    if billed.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": billed.reasoning_tokens}
    return usage | _tools(billed)


def of_responses(billed: Billed) -> Json:
    """Return usage as OpenAI's responses report it. The uses of tools are items of the answer."""
    return {
        "input_tokens": billed.input_tokens,
        "input_tokens_details": {"cached_tokens": billed.cached_input_tokens},
        "output_tokens": billed.output_tokens,
        "output_tokens_details": {"reasoning_tokens": billed.reasoning_tokens},
        "total_tokens": billed.input_tokens + billed.output_tokens,
    }


def of_message_input(billed: Billed) -> Json:
    """Return the input's part of what Anthropic reports: cached tokens are beside the others."""
    written = billed.cache_write_tokens + billed.cache_write_1h_tokens
    usage: Json = {
        "input_tokens": billed.input_tokens - billed.cached_input_tokens - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": billed.cached_input_tokens,
    }
    if written:
        usage["cache_creation"] = {
            "ephemeral_5m_input_tokens": billed.cache_write_tokens,
            "ephemeral_1h_input_tokens": billed.cache_write_1h_tokens,
        }
    return usage


def of_message_output(billed: Billed) -> Json:
    """Return the output's part of what Anthropic reports."""
    return {"output_tokens": billed.output_tokens} | _tools(billed)


def of_embedding(billed: Billed) -> Json:
    return {"prompt_tokens": billed.input_tokens, "total_tokens": billed.input_tokens}


def of_images(billed: Billed) -> Json | None:
    """Return usage as gpt-image models report it, or None for a model that is paid by picture."""
    if not billed.output_tokens:
        return None
    pictures = billed.input_image_tokens
    details = {"text_tokens": billed.input_tokens - pictures, "image_tokens": pictures}
    return {
        "input_tokens": billed.input_tokens,
        "input_tokens_details": details,
        "output_tokens": billed.output_tokens,
        "total_tokens": billed.input_tokens + billed.output_tokens,
    }


def of_pages(billed: Billed) -> Json:
    usage: Json = {"pages_processed": billed.pages, "doc_size_bytes": 1000}
    if billed.annotated_pages:
        usage["pages_processed_annotation"] = billed.annotated_pages
    return usage


def _tools(billed: Billed) -> Json:
    """Say how often tools ran at the provider, as Anthropic and OpenRouter do."""
    if not billed.tool_uses:
        return {}
    return {
        "server_tool_use": {f"{kind}_requests": uses for kind, uses in billed.tool_uses.items()}
    }
