"""Compile a whole catalog: every kind, in the order in which the gateway needs them."""

from collections.abc import Iterator
from datetime import date

from aspire_gitops.catalog import Catalog
from aspire_gitops.compiling.config import compile_config
from aspire_gitops.compiling.credential import compile_credential
from aspire_gitops.compiling.deployment import compile_deployment
from aspire_gitops.compiling.key import compile_key
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.state import (
    Approved,
    Compiled,
    GatewayObject,
    GatewayTarget,
    Intent,
    ObjectKey,
)
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
    compiled = sorted(_objects(catalog, exchange, gateway, today), key=lambda pair: pair[0].key)
    return Compiled(
        revision=catalog.revision,
        gateway=_target(gateway, exchange),
        objects={wanted.key: wanted for wanted, _ in compiled},
        intents={wanted.key: intent for wanted, intent in compiled},
        approvals=_approvals(catalog, today),
        config_yaml=compile_config(gateway),
    )


def _objects(
    catalog: Catalog, exchange: ExchangeRate, gateway: GatewaySpec, today: date
) -> Iterator[tuple[GatewayObject, Intent]]:
    for provider in catalog.providers.values():
        if provider.spec.deferred is None:
            yield compile_credential(provider)
    for alias in catalog.aliases.values():
        yield compile_deployment(alias, catalog.providers[alias.spec.target.provider])
    elsewhere = {(one.spec.app, one.spec.key): one.spec for one in catalog.deliveries.values()}
    for app in catalog.apps.values():
        budget = catalog.budgets[app.spec.budget].spec
        aliases = (catalog.aliases.get(name) for name in app.spec.aliases)
        modes = frozenset(alias.spec.mode for alias in aliases if alias)
        for place in range(len(app.spec.keys)):
            yield compile_key(
                app,
                place,
                budget,
                modes=modes,
                exchange=exchange,
                gateway=gateway,
                today=today,
                elsewhere=elsewhere.get((app.name, app.spec.keys[place].name)),
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
        has_ledger=gateway.ledger is not None,
    )


def _approvals(catalog: Catalog, today: date) -> tuple[Approved, ...]:
    specs = (declared.spec for declared in catalog.approvals.values())
    in_force = (
        Approved(spec.change, ObjectKey.parse(spec.object), spec.owner, spec.reason)
        for spec in specs
        if spec.expires >= today
    )
    return tuple(sorted(in_force, key=lambda one: (one.object, one.change, one.owner, one.reason)))
