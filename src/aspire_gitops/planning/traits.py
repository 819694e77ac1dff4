"""What is different from kind to kind, as a table. Facts: verified against LiteLLM 1.106.2."""

from collections.abc import Mapping
from dataclasses import dataclass

from aspire_gitops.state import Kind

_PRICES = (
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)


@dataclass(frozen=True, slots=True)
class Trait:
    """How objects of one kind are compared and changed.

    `owned` are the prefixes of fields that are ours alone on an object of
    ours: whatever stands there and is not declared was put there by hand.
    `unsettable` are the fields that an update can clear; None means all.
    """

    owned: tuple[str, ...]
    unsettable: frozenset[str] | None
    parallel: int  # writes at once; more only queue at the gateway

    def owns(self, path: str) -> bool:
        return path.startswith(self.owned)

    def can_unset(self, path: str) -> bool:
        return self.unsettable is None or path in self.unsettable


TRAITS: Mapping[Kind, Trait] = {
    Kind.CREDENTIAL: Trait(owned=("credential_values.",), unsettable=None, parallel=4),
    # PATCH ignores null for nearly every field of a deployment, and writes queue
    # behind one lock; at 32 at once the gateway has lost a row.
    Kind.DEPLOYMENT: Trait(
        owned=("litellm_params.", "blocked"),
        unsettable=frozenset(
            {"blocked", "litellm_params.litellm_credential_name"}
            | {f"litellm_params.{price}" for price in _PRICES}
        ),
        parallel=1,
    ),
    # Everything but metadata: a limit, a budget or a road to another model that
    # somebody set on an app's key by hand is drift.
    Kind.KEY: Trait(
        owned=(
            "max_budget",
            "budget_duration",
            "budget_id",
            "rpm_limit",
            "tpm_limit",
            "max_parallel_requests",
            "models",
            "allowed_routes",
            "aliases",
            "router_settings",
            "budget_fallbacks",
            "permissions",
            "config",
            "blocked",
            "expires",
        ),
        unsettable=None,
        parallel=8,
    ),
}
