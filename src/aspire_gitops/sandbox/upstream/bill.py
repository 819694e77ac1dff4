"""What a provider charges for one call: the values that are recorded with it.

A stand-in provider bills a fixed handful of tokens, so that tests can compute prices,
or what it was asked for, so that a request which shrinks its own worst case shows.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

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
