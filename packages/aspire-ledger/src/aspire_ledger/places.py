"""Where a request arrives: at a contract, at LiteLLM's administration, or nowhere. Pure.

LiteLLM has some hundred paths that reach a provider, and each release adds some: passed
through, under a provider's name, in a check of health or a test of a prompt. So what may
pass is listed here, and everything else is refused by its name.
"""

from dataclasses import dataclass
from typing import Final

from aspire_ledger.contract import CONTRACTS, STORED_INPUT, STORED_RESPONSE, Contract


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request arrives.

    Without a contract it is either administration, which reaches no provider, or refused,
    perhaps with a hint.
    """

    contract: Contract | None
    hint: str = ""
    is_administration: bool = False


_NAMES_MODEL: Final = (
    "use the plain path /v1/chat/completions, /v1/embeddings, … and name the alias as `model`; "
    "for AzureOpenAI, use the OpenAI client with the base URL that ends in /v1"
)
_MODEL_IN_PATH: Final = frozenset({"engines", "openai", "azure", "azure_ai"})
_CHECKS_BY_CALLING: Final = "it checks models by calling them, and nobody would book that"

# First segments of paths, after a version. Those of keys, people, rows and settings:
_WRITTEN: Final = frozenset(
    {
        *("key", "user", "team", "organization", "customer", "end_user", "project", "tag"),
        *("access_group", "unified_access_group", "scim", "jwt", "invitation", "onboarding"),
        *("model", "model_group", "credentials", "budget", "cache", "fallback", "router"),
        *("config", "config_overrides", "coordination_redis", "settings", "management"),
        *("get", "update", "add", "delete", "spend", "global", "cost", "email", "audit"),
        *("login", "logout", "sso", "session", "cloudzero", "vantage"),
    }
)
# Those that are only looked at; a write there may call a model.
_READ: Final = frozenset(
    {
        *("", "models", "model_hub", "model-insights", "provider", "public", "routes", "test"),
        *("metrics", "usage", "tool", "agent", "agents", "callbacks", "active", "debug", "utils"),
        *("guardrails", "policies", "policy", "prompts", "search_tools", "vector_store"),
        *("cost_optimization", "auto_router", "adaptive_router", "claude-code", "alerting"),
        *("ui", "_next", "litellm", "litellm-asset-prefix", "docs", "redoc", "swagger"),
        *("openapi.json", "favicon.ico", "robots.txt", ".well-known"),
        *("get_image", "get_favicon", "get_logo_url"),
    }
)
_HEALTH: Final = frozenset(
    {
        *("liveliness", "liveness", "readiness", "readiness/details"),
        *("services", "history", "latest", "license", "backlog", "drain", "shared-status"),
    }
)


def place_of(method: str, path: str) -> Place:
    """Return where a request arrives. `path` is decoded, as servers route it."""
    for contract in CONTRACTS:
        if any(_fits(pattern, path) for pattern in contract.paths) and _method_fits(
            contract, method, path
        ):
            return Place(contract)
    family, _, below = _without_version(path).partition("/")
    is_read = method in {"GET", "HEAD"}
    if family == "health":
        is_listed = is_read and below in _HEALTH
        return Place(None, "" if is_listed else _CHECKS_BY_CALLING, is_listed)
    if family in _WRITTEN or (is_read and family in _READ):
        return Place(None, is_administration=True)
    # Google's way to call a model names it in the path too.
    names_model = family.lower() in _MODEL_IN_PATH or family == "models"
    return Place(None, _NAMES_MODEL if names_model else "")


def _fits(pattern: str, path: str) -> bool:
    plain = path.removeprefix("/v1") if path.startswith("/v1/") else path
    wanted, found = pattern.split("/"), plain.split("/")
    return len(wanted) == len(found) and all(
        (part == "{id}" and bool(there)) or part == there
        for part, there in zip(wanted, found, strict=True)
    )


def _method_fits(contract: Contract, method: str, path: str) -> bool:
    if contract is STORED_INPUT:
        return method == "GET"
    if contract is STORED_RESPONSE:
        return method == "POST" if path.endswith("/cancel") else method in {"GET", "DELETE"}
    return method == "POST"


def _without_version(path: str) -> str:
    """Return a path after its slash and its version: LiteLLM has /v1, /v2 and /v3 of some."""
    plain = path.removeprefix("/")
    version, _, below = plain.partition("/")
    return below if version in {"v1", "v2", "v3"} else plain
