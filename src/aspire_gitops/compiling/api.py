"""How LiteLLM 1.106.2 speaks each wire protocol: its prefix for models, and the base URL it wants.

A table, read from LiteLLM's source. `credential` and `deployment` use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """One wire protocol.

    `added` are the path endings that LiteLLM appends to a base URL, or that
    belong to the protocol and not to the base; longest first.
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


APIS: Mapping[str, Api] = {
    "openai": Api("openai", ("/chat/completions",)),
    # LiteLLM appends `/v1/messages` to whatever it is given, `…/v1` included.
    "anthropic": Api("anthropic", ("/v1/messages", "/v1")),
    "mistral": Api("mistral", ("/chat/completions",)),
}
