"""Compile a whole catalog: every kind has its objects in it."""

from datetime import date

from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling.config import compile_config
from aspire_gitops.kinds import KINDS, Reviewed, parse_key
from aspire_gitops.releases import release_of
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.state import Approved, Compiled, GatewayTarget
from aspire_ledger.money import ExchangeRate


def compile_catalog(catalog: Catalog, *, today: date) -> Compiled:
    """Compile a catalog that `validation` accepts; `today` decides which approvals and uplifts still count.

    Raises:
        ValueError, KeyError: The catalog was not validated. A bug of the caller.
    """
    if catalog.gateway is None:
        raise ValueError("the catalog declares no gateway; validate it before compiling")
    gateway = catalog.gateway.spec
    exchange = _exchange(gateway)
    release = release_of(gateway.litellm.version)
    reviewed = Reviewed(catalog, gateway, exchange, release, today)
    found = (pair for kind in KINDS.values() for pair in kind.compile(reviewed))
    compiled = sorted(found, key=lambda pair: pair[0].key)
    return Compiled(
        revision=catalog.revision,
        gateway=_target(gateway, exchange),
        objects={wanted.key: wanted for wanted, _ in compiled},
        intents={wanted.key: intent for wanted, intent in compiled},
        approvals=_approvals(catalog, today),
        config_yaml=compile_config(gateway),
    )


def _exchange(gateway: GatewaySpec) -> ExchangeRate:
    declared = gateway.exchange
    return ExchangeRate(
        declared.usd_per_aud, declared.as_of, declared.source, declared.max_age_days
    )


def _target(gateway: GatewaySpec, exchange: ExchangeRate) -> GatewayTarget:
    return GatewayTarget(
        name=gateway.name,
        url=gateway.url,
        litellm_version=gateway.litellm.version,
        max_deletions=gateway.policy.max_deletions,
        exchange=exchange,
        heals_drift=gateway.policy.drift == "heal",
        removes_intruders=gateway.policy.intruders == "remove",
        has_ledger=gateway.ledger is not None,
    )


def _approvals(catalog: Catalog, today: date) -> tuple[Approved, ...]:
    specs = (declared.spec for declared in catalog.approvals.values())
    in_force = (
        Approved(spec.change, parse_key(spec.object), spec.owner, spec.reason)
        for spec in specs
        if spec.expires >= today
    )
    return tuple(sorted(in_force, key=lambda one: (one.object, one.change, one.owner, one.reason)))
