"""References between documents: each name is declared exactly once, and used."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import AliasSpec, ResourceKind, ResourceSpec
from aspire_gitops.validation.fallback_roads import is_several
from aspire_gitops.validation.wording import Speller, shown_name
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity, Span
from aspire_gitops.vocabulary.spec import NAME_PATTERN

UNKNOWN_PROVIDER = Rule("AG201", "unknown-provider")
UNKNOWN_ALIAS = Rule("AG202", "unknown-alias")
UNKNOWN_BUDGET = Rule("AG203", "unknown-budget")
UNKNOWN_APP = Rule("AG217", "unknown-app")
NAME_TWICE = Rule("AG204", "name-twice")
NO_GATEWAY = Rule("AG205", "no-gateway")
SEVERAL_GATEWAYS = Rule("AG206", "several-gateways")
UNUSED_PROVIDER = Rule("AG207", "unused-provider", Severity.WARNING)
UNUSED_ALIAS = Rule("AG208", "unused-alias", Severity.WARNING)
UNUSED_BUDGET = Rule("AG209", "unused-budget", Severity.WARNING)
DEFERRED_PROVIDER = Rule("AG308", "deferred-provider")
ALIAS_OF_TWO_TARGETS = Rule("AG320", "alias-of-two-targets")

_MOST_SPELLED = 500  # different names in all files
_NAME = re.compile(NAME_PATTERN)

_WANTED = {
    ResourceKind.PROVIDER: (UNKNOWN_PROVIDER, "provider", "providers"),
    ResourceKind.ALIAS: (UNKNOWN_ALIAS, "alias", "aliases"),
    ResourceKind.BUDGET: (UNKNOWN_BUDGET, "budget", "budgets"),
    ResourceKind.APP: (UNKNOWN_APP, "app", "apps"),
}

_UNUSED = {
    ResourceKind.PROVIDER: (
        UNUSED_PROVIDER,
        ResourceKind.ALIAS,
        "no alias uses it: it does nothing",
    ),
    ResourceKind.ALIAS: (UNUSED_ALIAS, ResourceKind.APP, "no app lists it, so nobody can call it"),
    ResourceKind.BUDGET: (UNUSED_BUDGET, ResourceKind.APP, "no app names it, so it caps nothing"),
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """What files with mistakes would have declared.

    Their names are kept, so that one mistake is not reported again at every
    reference. `hides_anything` says that some file is entirely unknown: then
    nothing can be called missing or unused.
    """

    names: Mapping[ResourceKind, Collection[str]] = field(default_factory=dict)
    stems: Collection[str] = ()
    hides_anything: bool = False

    def may_declare(self, kind: ResourceKind, name: str) -> bool:
        return name in self.names.get(kind, ()) or name in self.stems

    def has(self, kind: ResourceKind) -> bool:
        return self.hides_anything or bool(self.names.get(kind))


@dataclass(frozen=True, slots=True)
class Reference:
    """One place of one document that names another resource."""

    document: Document
    kind: ResourceKind  # of what is named
    name: str
    path: tuple[str | int, ...]


def references_in(document: Document, kind: ResourceKind) -> Iterator[Reference]:
    """Yield the names in a document, as far as it can be read: it may have other mistakes."""
    value = document.value
    if kind is ResourceKind.ALIAS:
        target = value.get("target")
        provider = target.get("provider") if isinstance(target, dict) else None
        if isinstance(provider, str):
            yield Reference(document, ResourceKind.PROVIDER, provider, ("target", "provider"))
    elif kind is ResourceKind.APP:
        budget, aliases = value.get("budget"), value.get("aliases")
        if isinstance(budget, str):
            yield Reference(document, ResourceKind.BUDGET, budget, ("budget",))
        for index, name in enumerate(aliases if isinstance(aliases, list) else ()):
            if isinstance(name, str):
                yield Reference(document, ResourceKind.ALIAS, name, ("aliases", index))
    elif kind is ResourceKind.DELIVERY and isinstance(app := value.get("app"), str):
        yield Reference(document, ResourceKind.APP, app, ("app",))


def check_references(
    catalog: Catalog, references: Iterable[Reference], unusable: Unusable
) -> Iterator[Diagnostic]:
    """Yield AG201 to AG203, AG207 to AG209, AG217 and AG308."""
    groups = {kind: catalog.by_kind[kind] for kind in _WANTED}
    used: dict[ResourceKind, set[str]] = {kind: set() for kind in _WANTED}
    spellers = {kind: Speller(groups[kind], most=_MOST_SPELLED) for kind in _WANTED}
    for reference in references:
        kind, name = reference.kind, reference.name
        used[kind].add(name)
        if name in groups[kind] or unusable.may_declare(kind, name) or not _is_name(name):
            continue
        meant = spellers[kind].closest(name)
        used[kind].update([meant] if meant else [])  # a typo does not make it unused
        yield _unknown(reference, meant)
    yield from _check_deferred(catalog)
    yield from _check_unused(groups, used, unusable)


def _is_name(name: str) -> bool:
    # The schema or AG302 reports what cannot be a name.
    return _NAME.fullmatch(name) is not None and not is_several(name)


def _unknown(reference: Reference, meant: str | None) -> Diagnostic:
    rule, what, folder = _WANTED[reference.kind]
    value, name = reference.document.value, shown_name(reference.name)
    user = f'{str(value.get("kind")).lower()} "{shown_name(str(value.get("name")))}"'
    return rule.at(
        reference.document.span(*reference.path),
        f'{user} names {what} "{name}", which no file declares',
        help=f'did you mean "{meant}"?'
        if meant
        else f"declare it in `{folder}/{name}.yaml`, or name a declared one",
    )


def _check_deferred(catalog: Catalog) -> Iterator[Diagnostic]:
    for alias in catalog.aliases.values():
        wanted = alias.spec.target.provider
        provider = catalog.providers.get(wanted)
        if provider and provider.spec.deferred is not None:
            yield DEFERRED_PROVIDER.at(
                alias.span("target", "provider"),
                f'provider "{wanted}" is deferred: it is not on the gateway, '
                f'and calls to "{alias.name}" would fail',
                help=f"choose another provider, or remove `deferred` from {provider.document.path}",
            )


def _check_unused(
    groups: Mapping[ResourceKind, Mapping[str, Declared[ResourceSpec]]],
    used: Mapping[ResourceKind, Collection[str]],
    unusable: Unusable,
) -> Iterator[Diagnostic]:
    for kind, (rule, user, why) in _UNUSED.items():
        if unusable.has(user):
            continue  # it may be the one that uses it
        for name in sorted(groups[kind].keys() - used[kind]):
            resource = groups[kind][name]
            if getattr(resource.spec, "deferred", None) is None:
                yield rule.at(
                    resource.span("name"), f'"{name}": {why}', help="use it, or delete the file"
                )


def check_repeated(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG204 for each name declared again, AG320 when it is an alias with another target."""
    groups = catalog.by_kind
    for again in catalog.repeated:
        kind = ResourceKind(again.document.value["kind"])
        if kind is ResourceKind.GATEWAY:
            continue  # AG206 reports it
        first = groups[kind][again.name]
        if isinstance(again.spec, AliasSpec) and isinstance(first.spec, AliasSpec):
            yield from _check_same_target(again, again.spec, first.spec, first)
        yield NAME_TWICE.at(
            again.span("name"),
            f'{kind.lower()} "{again.name}" is already declared at {first.span("name")}',
            help="delete or rename one of the two",
        )


def _check_same_target(
    again: Declared[ResourceSpec], spec: AliasSpec, other: AliasSpec, first: Declared[ResourceSpec]
) -> Iterator[Diagnostic]:
    if spec.target != other.target:
        yield ALIAS_OF_TWO_TARGETS.at(
            again.span("target"),
            f'alias "{again.name}" has another target at {first.span("target")}: LiteLLM would '
            "spread calls over both, and over to one when the other fails",
            help="an alias has one target: keep one, or give the second its own name",
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
                help="use one folder per gateway",
            )
