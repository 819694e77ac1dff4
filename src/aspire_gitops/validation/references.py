"""Names must lead somewhere, and each name to one thing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity, Span
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import AliasSpec, AppSpec, ResourceKind, ResourceSpec
from aspire_gitops.validation.suggest import did_you_mean

UNKNOWN_PROVIDER = Rule("AG201", "unknown-provider")
UNKNOWN_ALIAS = Rule("AG202", "unknown-alias")
UNKNOWN_BUDGET = Rule("AG203", "unknown-budget")
NAME_TWICE = Rule("AG204", "name-twice")
NO_GATEWAY = Rule("AG205", "no-gateway")
SEVERAL_GATEWAYS = Rule("AG206", "several-gateways")
UNUSED_PROVIDER = Rule("AG207", "unused-provider", Severity.WARNING)
UNUSED_ALIAS = Rule("AG208", "unused-alias", Severity.WARNING)
UNUSED_BUDGET = Rule("AG209", "unused-budget", Severity.WARNING)
DEFERRED_PROVIDER = Rule("AG308", "deferred-provider")
ALIAS_OF_TWO_TARGETS = Rule("AG320", "alias-of-two-targets")


@dataclass(frozen=True, slots=True)
class Unusable:
    """What files with mistakes would have declared.

    Their names are known, so that one mistake is not reported again by
    everybody who refers to it. `hides_anything` says that there is a file of
    which nothing is known: then nothing can be said to be missing or unused.
    """

    names: Mapping[ResourceKind, Collection[str]] = field(default_factory=dict)
    stems: Collection[str] = ()
    hides_anything: bool = False

    def may_declare(self, kind: ResourceKind, name: str) -> bool:
        return name in self.names.get(kind, ()) or name in self.stems

    def has(self, kind: ResourceKind) -> bool:
        return self.hides_anything or bool(self.names.get(kind))


def check_references(catalog: Catalog, unusable: Unusable) -> Iterator[Diagnostic]:
    """Yield AG201 to AG203, AG207 to AG209 and AG308."""
    yield from _check_aliases(catalog, unusable)
    yield from _check_apps(catalog, unusable)
    yield from _check_unused(catalog, unusable)


def _check_aliases(catalog: Catalog, unusable: Unusable) -> Iterator[Diagnostic]:
    for alias in catalog.aliases.values():
        wanted = alias.spec.target.provider
        provider = catalog.providers.get(wanted)
        if provider is None:
            if not unusable.may_declare(ResourceKind.PROVIDER, wanted):
                path = ("target", "provider")
                yield _unknown(UNKNOWN_PROVIDER, alias, path, wanted, declared=catalog.providers)
        elif provider.spec.deferred is not None:
            yield DEFERRED_PROVIDER.at(
                alias.span("target", "provider"),
                f'provider "{wanted}" is deferred: nothing of it is on the gateway, '
                f'and calls to "{alias.name}" would fail',
                help=f"choose another provider, or remove `deferred` from {provider.document.path}",
            )


def _check_apps(catalog: Catalog, unusable: Unusable) -> Iterator[Diagnostic]:
    for app in catalog.apps.values():
        budget = app.spec.budget
        if budget not in catalog.budgets and not unusable.may_declare(ResourceKind.BUDGET, budget):
            yield _unknown(UNKNOWN_BUDGET, app, ("budget",), budget, declared=catalog.budgets)
        for index, name in enumerate(app.spec.aliases):
            if name not in catalog.aliases and not unusable.may_declare(ResourceKind.ALIAS, name):
                path = ("aliases", index)
                yield _unknown(UNKNOWN_ALIAS, app, path, name, declared=catalog.aliases)


def _unknown(
    rule: Rule,
    user: Declared[AliasSpec] | Declared[AppSpec],
    path: tuple[str | int, ...],
    name: str,
    *,
    declared: Collection[str],
) -> Diagnostic:
    what, folder = _WANTED[rule]
    return rule.at(
        user.span(*path),
        f'{user.spec.kind.lower()} "{user.name}" names {what} "{name}", which no file declares',
        help=did_you_mean(name, declared)
        or f"declare it in `{folder}/{name}.yaml`, or name another one",
    )


_WANTED = {
    UNKNOWN_PROVIDER: ("provider", "providers"),
    UNKNOWN_ALIAS: ("alias", "aliases"),
    UNKNOWN_BUDGET: ("budget", "budgets"),
}


def _check_unused(catalog: Catalog, unusable: Unusable) -> Iterator[Diagnostic]:
    apps, aliases = catalog.apps.values(), catalog.aliases.values()
    if not unusable.has(ResourceKind.APP):
        used = {name for app in apps for name in app.spec.aliases}
        for name in catalog.aliases.keys() - used:
            yield _unused(
                UNUSED_ALIAS, catalog.aliases[name], "no app lists it, so nobody can call"
            )
        used = {app.spec.budget for app in apps}
        for name in catalog.budgets.keys() - used:
            yield _unused(UNUSED_BUDGET, catalog.budgets[name], "no app names it, so it caps")
    if not unusable.has(ResourceKind.ALIAS):
        used = {alias.spec.target.provider for alias in aliases}
        for name in catalog.providers.keys() - used:
            if catalog.providers[name].spec.deferred is None:
                yield _unused(
                    UNUSED_PROVIDER, catalog.providers[name], "no alias uses it, so it does"
                )


def _unused(rule: Rule, resource: Declared[ResourceSpec], why: str) -> Diagnostic:
    end = "it" if rule is UNUSED_ALIAS else "nothing"
    return rule.at(
        resource.span("name"), f'"{resource.name}": {why} {end}', help="use it, or delete the file"
    )


def check_repeated(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG204 for each name declared again, AG320 when it is an alias with another target."""
    for again in catalog.repeated:
        first = _first(catalog, again)
        if first is None or again.spec is first.spec:
            continue
        if isinstance(again.spec, AliasSpec) and isinstance(first.spec, AliasSpec):
            yield from _check_same_target(again, again.spec, first.spec, first)
        kind = str(again.document.value.get("kind"))
        if kind != ResourceKind.GATEWAY:
            yield NAME_TWICE.at(
                again.span("name"),
                f'{kind.lower()} "{again.name}" is already declared at {first.span("name")}',
                help="one file for each resource: delete one of the two, or rename it",
            )


def _first(catalog: Catalog, again: Declared[ResourceSpec]) -> Declared[ResourceSpec] | None:
    groups: Mapping[str, Mapping[str, Declared[ResourceSpec]]] = {
        ResourceKind.PROVIDER: catalog.providers,
        ResourceKind.ALIAS: catalog.aliases,
        ResourceKind.APP: catalog.apps,
        ResourceKind.BUDGET: catalog.budgets,
        ResourceKind.APPROVAL: catalog.approvals,
    }
    return groups.get(str(again.document.value.get("kind")), {}).get(again.name)


def _check_same_target(
    again: Declared[ResourceSpec], spec: AliasSpec, other: AliasSpec, first: Declared[ResourceSpec]
) -> Iterator[Diagnostic]:
    if spec.target != other.target:
        yield ALIAS_OF_TWO_TARGETS.at(
            again.span("target"),
            f'alias "{again.name}" has another target at {first.span("target")}: LiteLLM would '
            "spread calls over both, and over to one when the other fails",
            help="one alias, one target: keep one, or give the second a name of its own",
        )


def check_gateways(
    catalog: Catalog, documents: Collection[Document], unusable: Unusable
) -> Iterator[Diagnostic]:
    """Yield AG205 and AG206: there is exactly one gateway."""
    if catalog.gateway is None and not unusable.has(ResourceKind.GATEWAY):
        path = min((document.path for document in documents), default="gateway.d")
        yield NO_GATEWAY.at(
            Span(f"{path.split('/', 1)[0]}/gateway.yaml" if "/" in path else "gateway.yaml"),
            "no file declares the gateway",
            help="declare it with `kind: Gateway`",
        )
    for again in catalog.repeated:
        if again.document.value.get("kind") == ResourceKind.GATEWAY and catalog.gateway:
            yield SEVERAL_GATEWAYS.at(
                again.span("name"),
                f"a second gateway; the first is at {catalog.gateway.span('name')}",
                help="one folder for each gateway",
            )
