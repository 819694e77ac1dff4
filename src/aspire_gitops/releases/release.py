"""What a release of LiteLLM is to this program: data, and no more than the code depends on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """How LiteLLM speaks one wire protocol.

    `prefix` stands in front of a model's name. `added` are the path endings that
    LiteLLM appends to a base URL, or that belong to the protocol and not to the
    base; longest first.
    """

    prefix: str
    added: tuple[str, ...] = ()

    def model(self, name: str) -> str:
        """Return the model as `litellm_params.model` names it, such as `openai/qwen3-max`."""
        return f"{self.prefix}/{name}"

    def base_url(self, declared: str) -> str:
        """Return the declared URL without what LiteLLM will append again."""
        url = declared.rstrip("/")
        for ending in self.added:
            url = url.removesuffix(ending)
        return url


@dataclass(frozen=True, slots=True)
class PriceTier:
    """A threshold of input tokens that LiteLLM has prices for, and which prices those are."""

    name: str  # `200k`, as in `input_cost_per_token_above_200k_tokens`
    prices: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release. Every fact has to be stated, so that none is taken over unseen."""

    version: str
    apis: Mapping[str, Api]
    """By the name that a Provider's `api` has."""
    price_tiers: Mapping[int, PriceTier]
    """By input tokens. LiteLLM sends the name of any other tier to the provider."""
    own_parameters: frozenset[str]
    """`all_litellm_params`: what LiteLLM acts on itself, before the vendor sees it."""
    prisma_client: str
    """The release of its database client that it works with."""

    models: str
    """The file beside this one with what its own list says of models."""

    @property
    def line(self) -> str:
        """The first two numbers, for sentences about the shape of its replies."""
        return ".".join(self.version.split(".")[:2])
