"""One revision's documents to a catalog and everything that is wrong with it.

Stages: the kind of each file, its schema, references to other files, policy.
Later stages see what earlier ones accepted, and know the names of the rest, so
that each mistake is reported once.

pydantic judges each document first, because it accepts a valid one in
microseconds; jsonschema explains the documents that pydantic refused. A document
that only one of them refuses is refused: see `validation.schema`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.loading import Loaded
from aspire_gitops.loading import rules as loading_rules
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import (
    AliasSpec,
    AppSpec,
    ResourceKind,
    ResourceSpec,
)
from aspire_gitops.validation import (
    alias_rules,
    app_rules,
    delivery_rules,
    fallback_roads,
    forbidden_words,
    gateway_rules,
    hosts,
    judging,
    literal_secrets,
    parameters,
    references,
)
from aspire_gitops.validation.judging import Judge, judge, secrets_in, stem_of
from aspire_gitops.validation.literal_secrets import LITERAL_SECRET, HiddenParts
from aspire_gitops.vocabulary import Diagnostic, Findings, Revision, Rule


@dataclass(frozen=True, slots=True)
class Validated:
    """What one revision declares and everything wrong with it, findings of loading included, sorted."""

    catalog: Catalog
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Return whether the catalog may be compiled: warnings do not prevent it."""
        return not any(found.is_error for found in self.diagnostics)


def validate(loaded: Loaded, revision: Revision, *, today: date, judge: Judge = judge) -> Validated:
    """Check everything. Never raises for what a file contains.

    To validate two revisions that share most of their files, pass one
    `judge_once()` to both.
    """
    reading = _Reading(judge, loaded.diagnostics)
    for document in loaded.documents:
        reading.read(document)
    for path, text in loaded.unparsed.items():
        reading.search(path, text)
    catalog = _catalog(revision, reading.accepted)
    unusable = references.Unusable(
        names=reading.refused,
        stems={stem_of(path) for path in loaded.unread},
        hides_anything=bool(loaded.unread) or reading.has_unknown_kind,
    )
    found = reading.found
    found.extend(_secrets_beside_findings(loaded))
    found.extend(references.check_gateways(catalog, loaded.documents, unusable))
    found.extend(references.check_repeated(catalog))
    found.extend(references.check_references(catalog, reading.references, unusable))
    found.extend(_policy(catalog, today))
    shown = (
        literal_secrets.without_secrets(item, reading.hidden.get(item.span.path))
        for item in found.in_order()
    )
    return Validated(catalog, tuple(shown))


def file_rules() -> Mapping[str, Rule]:
    """Return every rule that reviewed files can break, by code. Rules are defined next to their checks."""
    from aspire_gitops.validation import explain  # noqa: PLC0415 (as in `judging`)

    return rules_of(
        loading_rules,
        alias_rules,
        app_rules,
        delivery_rules,
        explain,
        fallback_roads,
        forbidden_words,
        gateway_rules,
        hosts,
        judging,
        literal_secrets,
        parameters,
        references,
    )


def rules_of(*modules: ModuleType) -> Mapping[str, Rule]:
    """Return the rules that these modules define, by code, in order.

    Raises:
        ValueError: Two rules share a code.
    """
    found: dict[str, Rule] = {}
    for module in modules:
        for rule in vars(module).values():
            if isinstance(rule, Rule) and found.setdefault(rule.code, rule) is not rule:
                raise ValueError(f"{rule.code} is {found[rule.code].name} and {rule.name}")
    return dict(sorted(found.items()))


class _Reading:
    """Sorts documents into those that the resources accept and those that they refuse."""

    def __init__(self, judge: Judge, earlier: Collection[Diagnostic]) -> None:
        self.judge = judge
        self.reported = {(item.span.path, item.span.line) for item in earlier}
        self.accepted: dict[ResourceKind, list[Declared[Any]]] = {kind: [] for kind in ResourceKind}
        self.refused: defaultdict[ResourceKind, set[str]] = defaultdict(set)
        self.has_unknown_kind = False
        self.references: list[references.Reference] = []
        self.hidden: dict[str, HiddenParts] = {}
        self.found = Findings()
        self.found.extend(earlier)

    def search(self, path: str, text: str) -> None:
        found, self.hidden[path] = secrets_in(path, text)
        self.found.extend(found)

    def read(self, document: Document) -> None:
        judged = self.judge(document)
        self.found.extend(_unexplained(judged.found, self.reported))
        self.hidden[document.path] = judged.hidden
        self.references.extend(judged.references)
        if judged.kind is None:
            self.has_unknown_kind = True
        elif judged.declared is None:
            self.refused[judged.kind].update(judged.refused)
        else:
            self.accepted[judged.kind].append(judged.declared)


def _catalog(revision: Revision, accepted: dict[ResourceKind, list[Declared[Any]]]) -> Catalog:
    groups: dict[ResourceKind, dict[str, Declared[Any]]] = {}
    repeated: list[Declared[ResourceSpec]] = []
    for kind, declared in accepted.items():
        group: dict[str, Declared[Any]] = {}
        for item in declared:
            if kind is ResourceKind.GATEWAY and group:
                repeated.append(item)  # there is one gateway, whatever its name
            elif group.setdefault(item.name, item) is not item:
                repeated.append(item)
        groups[kind] = dict(sorted(group.items()))
    return Catalog(
        revision=revision,
        gateway=next(iter(groups[ResourceKind.GATEWAY].values()), None),
        providers=groups[ResourceKind.PROVIDER],
        aliases=groups[ResourceKind.ALIAS],
        apps=groups[ResourceKind.APP],
        budgets=groups[ResourceKind.BUDGET],
        approvals=groups[ResourceKind.APPROVAL],
        deliveries=groups[ResourceKind.DELIVERY],
        repeated=tuple(repeated),
    )


def _policy(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    if catalog.gateway:
        yield from gateway_rules.check_gateway(catalog.gateway, today)
    for provider in catalog.providers.values():
        yield from hosts.check_provider_address(provider)
        yield from gateway_rules.check_credential(provider)
    for alias in catalog.aliases.values():
        yield from _check_alias(alias)
    for app in catalog.apps.values():
        yield from _check_app(app)
    yield from alias_rules.check_limits(catalog)
    yield from alias_rules.check_same_targets(catalog)
    yield from app_rules.check_needs(catalog)
    yield from app_rules.check_keys(catalog)
    yield from delivery_rules.check_deliveries(catalog)
    yield from gateway_rules.check_folders(catalog)
    yield from app_rules.check_budgets(catalog, today)
    yield from alias_rules.check_unknown_parameters(catalog, today)
    yield from gateway_rules.check_approvals(catalog, today)


def _check_alias(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    spec, document = alias.spec, alias.document
    yield from alias_rules.check_price(alias)
    yield from alias_rules.check_probe(alias)
    yield from parameters.check_stated(alias)
    names = fallback_roads.check_alias_names(document, spec.name, spec.target.model)
    yield from (diagnostic for _, diagnostic in names)
    allowed = fallback_roads.check_allowed_parameters(document, spec.allow_parameters)
    yield from (diagnostic for _, diagnostic in allowed)
    yield from parameters.check_parameters(alias)


def _check_app(app: Declared[AppSpec]) -> Iterator[Diagnostic]:
    listed = fallback_roads.check_listed_aliases(app.document, app.spec.aliases)
    return (diagnostic for _, diagnostic in listed)


def _unexplained(
    found: Collection[Diagnostic], reported: Collection[tuple[str, int]]
) -> Iterator[Diagnostic]:
    """Drop the schema's findings where loading or the search for secrets has given the reason."""
    secrets: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for item in found:
        if item.rule is LITERAL_SECRET:
            secrets[item.span.path, item.span.line].append(item.span.column)
    for item in found:
        span, line = item.span, (item.span.path, item.span.line)
        holds_secret = any(span.column <= at < span.end_column for at in secrets.get(line, ()))
        if not (item.rule.code.startswith("AG1") and (line in reported or holds_secret)):
            yield item


def _secrets_beside_findings(loaded: Loaded) -> Iterator[Diagnostic]:
    """Look for secrets in files that are not even text: in their known lines."""
    unread = loaded.unread - loaded.unparsed.keys()
    for item in loaded.diagnostics:
        if item.span.path in unread and item.span.snippet:
            line = item.span.snippet
            yield from literal_secrets.diagnose(
                item.span.path, line, literal_secrets.find(line), first_line=item.span.line
            )
