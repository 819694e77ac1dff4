"""What is known of a client: one row of the tables."""

from dataclasses import dataclass
from enum import StrEnum


class Road(StrEnum):
    """How a client reaches the gateway."""

    OPENAI = "openai"  # it speaks OpenAI's protocol and takes an address
    ANTHROPIC = "anthropic"  # Anthropic's; the address is without /v1
    REPLACE = "replace"  # no road: another client takes its place


@dataclass(frozen=True, slots=True)
class Client:
    """One way to make a client.

    `base` are the arguments that take an address, the first is the one that we
    suggest; `variables` the environment variables that it reads one from by
    itself. `own_endpoint`: its address is the provider's own resource unless
    the code plainly says otherwise (Azure).
    """

    provider: str
    base: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    road: Road = Road.OPENAI
    own_endpoint: bool = False
    fix: str | None = None  # `{url}` and `{key}` are filled in


OPENAI_VARIABLES = ("OPENAI_BASE_URL",)
BOTH = ("OPENAI_API_BASE", "OPENAI_BASE_URL")
ANTHROPIC_VARIABLES = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL")
