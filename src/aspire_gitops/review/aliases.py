"""What changes behind an alias: who answers, what it offers and costs, who relies on it.

Also what a reviewer must not miss about it; `findings` has what concerns apps, budgets and
the gateway.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.kinds.prices import named_amounts
from aspire_gitops.releases import ListedModel, listed_model, release_of
from aspire_gitops.rendering.card import brief_price_words as unit_words
from aspire_gitops.resources import AliasSpec, NeedSpec, PriceSpec, ProviderSpec, ResourceKind
from aspire_gitops.resources.price_units import INPUT, OUTPUT, PAGE
from aspire_gitops.review import findings as rules
from aspire_gitops.review.comparison import Compared
from aspire_gitops.review.value import (
    AliasImpact,
    Edit,
    Gap,
    Moved,
    PriceMove,
    ResourceEdit,
)
from aspire_gitops.review.wording import in_brackets, number, percent
from aspire_gitops.vocabulary import Diagnostic, Span, plural

T = TypeVar("T")
_BEHIND_AN_ALIAS = frozenset({"vendor", "base_url", "api", "billing"})


@dataclass(frozen=True, slots=True)
class _Behind:
    """One side of an alias: its own file, and the provider of its target if there is one."""

    spec: AliasSpec
    provider: ProviderSpec | None

    @property
    def vendor(self) -> str | None:
        return self.provider.vendor if self.provider else None

    @property
    def billing(self) -> str | None:
        return self.provider.billing if self.provider else None


def alias_impacts(compared: Compared, edits: Iterable[ResourceEdit]) -> tuple[AliasImpact, ...]:
    """Return the impact on each alias that is edited, or whose provider is, by name."""
    touched = _touched(compared.base, compared.head, edits)
    callers = _callers(compared.base, compared.head) if touched else {}
    return tuple(
        _impact(name, touched[name], callers.get(name, ()), compared) for name in sorted(touched)
    )


def gaps(alias: str, base: Catalog, head: Catalog, apps: Iterable[str]) -> Iterator[Gap]:
    """Yield the stated needs of apps that `alias` met before the change and does not meet after it."""
    before, after = base.aliases.get(alias), head.aliases.get(alias)
    for name in apps:
        app = head.apps.get(name)
        needs = (app.spec.needs or {}).get(alias) if app else None
        if needs is None or before is None:
            continue
        lacked = set(_lacking(needs, before.spec))
        lacks = _lacking(needs, after.spec if after else None)
        yield from (Gap(name, need) for need in lacks if need not in lacked)


def unspoken(alias: str, head: Catalog, apps: Iterable[str]) -> Sequence[str]:
    """Return the apps that may call `alias` after the change and do not state what they need of it."""
    return [
        name
        for name in apps
        if (app := head.apps.get(name))
        and alias in app.spec.aliases
        and alias not in (app.spec.needs or {})
    ]


def _lacking(needs: NeedSpec, offer: AliasSpec | None) -> Iterator[str]:
    offered = offer.capabilities if offer else ()
    yield from (f"capability {name}" for name in needs.capabilities if name not in offered)
    if _less(offer.context_window_tokens if offer else None, needs.context_window_tokens):
        yield f"context window of {needs.context_window_tokens:,} tokens"
    if _less(offer.max_output_tokens if offer else None, needs.max_output_tokens):
        yield f"output of {needs.max_output_tokens:,} tokens"
    wanted = needs.embedding_dimensions
    if wanted and (offer is None or offer.embedding_dimensions != wanted):
        yield f"vectors of {plural(wanted, 'dimension')}"


def _less(offered: int | None, needed: int | None) -> bool:
    return needed is not None and (offered is None or offered < needed)


def _touched(
    base: Catalog, head: Catalog, edits: Iterable[ResourceEdit]
) -> Mapping[str, ResourceEdit]:
    """Return the edit that touches each alias: its own, or else its provider's."""
    own = {edit.name: edit for edit in edits if edit.kind is ResourceKind.ALIAS}
    providers = {
        edit.name: edit
        for edit in edits
        if edit.kind is ResourceKind.PROVIDER
        and any(change.path in _BEHIND_AN_ALIAS for change in edit.fields)
    }
    found: dict[str, ResourceEdit] = {}
    for catalog in (base, head) if providers else ():
        for alias in catalog.aliases.values():
            if edit := providers.get(alias.spec.target.provider):
                found[alias.name] = edit
    return found | own


def _callers(base: Catalog, head: Catalog) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for catalog in (base, head):
        for app in catalog.apps.values():
            for alias in app.spec.aliases:
                found[alias].add(app.name)
    return {alias: tuple(sorted(apps)) for alias, apps in found.items()}


def _impact(
    name: str, edit: ResourceEdit, apps: tuple[str, ...], compared: Compared
) -> AliasImpact:
    base, head, repricing = compared.base, compared.head, compared.repricing
    both = Moved(_behind(base, name), _behind(head, name))
    before, after = _capabilities(both.before), _capabilities(both.after)
    return AliasImpact(
        name=name,
        edit=edit.edit if edit.kind is ResourceKind.ALIAS else Edit.CHANGED,
        place=_place(edit, head.aliases.get(name)),
        apps=apps,
        provider=_moved(both, lambda side: side.spec.target.provider),
        vendor=_moved(both, lambda side: side.vendor),
        model=_moved(both, lambda side: side.spec.target.model),
        mode=_moved(both, lambda side: side.spec.mode),
        capabilities_lost=tuple(sorted(before - after)),
        capabilities_gained=tuple(sorted(after - before)),
        context_window_tokens=_moved(both, lambda side: side.spec.context_window_tokens),
        max_output_tokens=_moved(both, lambda side: side.spec.max_output_tokens),
        embedding_dimensions=_moved(both, lambda side: side.spec.embedding_dimensions),
        billing=_moved(both, lambda side: side.billing),
        prices=tuple(_prices(both)),
        gaps=tuple(gaps(name, base, head, apps)),
        repriced=repricing.of_alias(name, apps) if repricing else None,
    )


def _behind(catalog: Catalog, name: str) -> _Behind | None:
    alias = catalog.aliases.get(name)
    if alias is None:
        return None
    provider = catalog.providers.get(alias.spec.target.provider)
    return _Behind(alias.spec, provider.spec if provider else None)


def _place(edit: ResourceEdit, alias: Declared[AliasSpec] | None) -> Span:
    # A swap is shown at its target, whatever else the file changes.
    paths = {change.path for change in edit.fields}
    for path in ("target.provider", "target.model"):
        if path in paths and alias:
            return alias.span(*path.split("."))
    return edit.place


def _prices(both: Moved[_Behind]) -> Iterator[PriceMove]:
    before, after = _stated(both.before), _stated(both.after)
    known = {**before, **after}
    order = [*PriceSpec.model_fields]
    for unit in sorted(known, key=lambda unit: (order.index(unit.partition(".")[0]), unit)):
        yield PriceMove(unit, Moved(before.get(unit), after.get(unit)))


def _stated(side: _Behind | None) -> Mapping[str, Decimal]:
    price = side.spec.price if side else None
    return dict(named_amounts(price)) if price else {}


def _moved(both: Moved[_Behind], read: Callable[[_Behind], T | None]) -> Moved[T]:
    before, after = both.before, both.after
    return Moved(read(before) if before else None, read(after) if after else None)


def _capabilities(side: _Behind | None) -> set[str]:
    return set(side.spec.capabilities) if side else set()


def alias_findings(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    """Yield what changes behind an alias that apps called before."""
    if alias.provider.before is None or alias.name not in head.aliases:
        return  # added: no app called it yet; removed: reported for the apps that lose it
    silent = unspoken(alias.name, head, alias.apps)
    yield from _vendor(alias)
    yield from _mode(alias, head)
    yield from _vectors(alias, head, silent)
    yield from _offers_less(alias, head, silent)
    yield from _unpriced(alias, head)
    yield from _facts_kept(alias, head)
    yield from _dearer(alias, head)
    yield from _billing(alias)


def _vendor(alias: AliasImpact) -> Iterator[Diagnostic]:
    if _swapped(alias.vendor):
        yield rules.VENDOR_CHANGES.at(
            alias.place,
            f'what {_apps(alias.apps)} send to alias "{alias.name}" goes to another company:'
            f" {alias.vendor.after} in place of {alias.vendor.before}",
            help="make sure that the owners of the apps, and of their data, agree",
        )


def _mode(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    if _swapped(alias.mode):
        yield rules.MODE_CHANGES.at(
            _span(alias, head, "mode"),
            f'alias "{alias.name}" answers {alias.mode.after} calls in place of'
            f" {alias.mode.before}: the calls of {_apps(alias.apps)} fail",
            help="declare a new alias, move the apps, then remove this one",
        )


def _vectors(alias: AliasImpact, head: Catalog, silent: Iterable[str]) -> Iterator[Diagnostic]:
    if alias.mode != Moved("embedding", "embedding"):
        return
    before, after = alias.embedding_dimensions.before, alias.embedding_dimensions.after
    if before and before != after and (silent := list(silent)):
        became = f"{after:,}" if after else "an unstated number of"
        yield rules.VECTORS_CHANGE.at(
            _span(alias, head, "embedding_dimensions"),
            f'vectors of alias "{alias.name}" have {became} dimensions in place of {before:,}, and'
            f" {_unstated(silent)}",
            help="declare a new alias for the new length, and re-embed what is stored",
        )
    elif _swapped(alias.model):
        yield rules.VECTORS_CHANGE.at(
            _span(alias, head, "target", "model"),
            f'vectors of alias "{alias.name}" come from another model: those that'
            f" {_apps(alias.apps)} stored cannot be compared with new ones",
            help="declare a new alias for the new model, and re-embed what is stored",
        )


def _offers_less(alias: AliasImpact, head: Catalog, silent: Iterable[str]) -> Iterator[Diagnostic]:
    lost = list(_lost(alias))
    if lost and (silent := list(silent)):
        yield rules.OFFERS_LESS.at(
            _span(alias, head, "capabilities"),
            f'alias "{alias.name}" loses {", ".join(lost)}, and {_unstated(silent)}',
            help=f"ask their owners, and have them add `needs: {{{alias.name}: …}}` to the apps' files",
        )


def _lost(alias: AliasImpact) -> Iterator[str]:
    yield from alias.capabilities_lost
    for name, moved in (
        ("context window", alias.context_window_tokens),
        ("longest answer", alias.max_output_tokens),
    ):
        if moved.before and (moved.after is None or moved.after < moved.before):
            became = f"{moved.after:,}" if moved.after else "no stated number of"
            yield f"{name} ({became} tokens in place of {moved.before:,})"


def _unpriced(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    if alias.repriced and alias.repriced.unpriced:
        units = ", ".join(unit.replace("_", " ") for unit in alias.repriced.unpriced)
        yield rules.USED_WITHOUT_PRICE.at(
            _span(alias, head, "price"),
            f'apps used {units} of alias "{alias.name}", which no longer has a price for them:'
            " no budget counts them",
            help="state the price",
        )


def _facts_kept(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    """Yield that a swap left what the file says of the old target, unless it is true of the new one."""
    swapped = _swapped(alias.provider) or _swapped(alias.model)
    if not (swapped and alias.prices) or any(price.usd.changed for price in alias.prices):
        return
    kept = ["price"]
    if alias.context_window_tokens.after and not alias.context_window_tokens.changed:
        kept.append("context window")
    if not (alias.capabilities_lost or alias.capabilities_gained):
        kept.append("capabilities")
    listed = _listed(alias, head)
    if listed and _agrees(listed, alias):
        return
    known = f"; not reviewed, LiteLLM's own list has {listed}" if listed else ""
    yield rules.FACTS_KEPT.at(
        _span(alias, head, "price"),
        f'alias "{alias.name}" gets another target ({alias.provider.after}/{alias.model.after}) and'
        f" keeps the {_and(kept)} of the old one: budgets count its calls by them",
        help=f"state what the new target costs and offers, by its vendor's price list{known}",
    )


def _listed(alias: AliasImpact, head: Catalog) -> ListedModel | None:
    provider, gateway = head.providers.get(alias.provider.after or ""), head.gateway
    if provider is None or gateway is None:
        return None
    release = release_of(gateway.spec.litellm.version)
    return listed_model(release, provider.spec.api, alias.model.after or "")


def _agrees(listed: ListedModel, alias: AliasImpact) -> bool:
    stated = {price.unit: price.usd.after for price in alias.prices}
    window = alias.context_window_tokens.after
    prices = (listed.input_usd, listed.output_usd, listed.page_usd)
    same = prices == (stated.get(INPUT.name), stated.get(OUTPUT.name), stated.get(PAGE.name))
    fits = not (window and listed.context_window_tokens) or window <= listed.context_window_tokens
    return same and fits and not listed.dearer_above


_MUCH = Decimal("1.5")  # times what it cost before


def _dearer(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    rises = [
        f"{unit_words(price.unit)} {number(price.usd.before)} → {number(price.usd.after)} USD"
        f"{in_brackets(percent(price.usd.before, price.usd.after))}"
        for price in alias.prices
        if price.usd.before and price.usd.after and price.usd.after >= price.usd.before * _MUCH
    ]
    if rises:
        yield rules.PRICE_RISES.at(
            _span(alias, head, "price"),
            f'alias "{alias.name}" costs much more: {", ".join(rises)}',
            help=f"make sure that {_apps(alias.apps)} can pay for it, and that no digit is wrong",
        )


def _billing(alias: AliasImpact) -> Iterator[Diagnostic]:
    if not _swapped(alias.billing):
        return
    metered = alias.billing.after == "metered"
    paid = "each call is paid for, where" if metered else "a flat fee covers its calls, where"
    before = "a subscription covered them" if metered else "each was paid for"
    yield rules.BILLING_CHANGES.at(
        alias.place,
        f'alias "{alias.name}" changes from {alias.billing.before} to {alias.billing.after}: {paid}'
        f" {before}",
        help="check that its price is the vendor's real one, and that the budgets fit it"
        if metered
        else "check that its notional price still means something, and what the subscription allows",
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _span(alias: AliasImpact, head: Catalog, *path: str) -> Span:
    # Where the file no longer has the field, the change itself is the best place.
    declared = head.aliases[alias.name]
    place = declared.span(*path)
    return alias.place if place == declared.span() else place


def _swapped(moved: Moved[str]) -> bool:
    return moved.changed and moved.before is not None and moved.after is not None


def _unstated(apps: Iterable[str]) -> str:
    apps = list(apps)
    says = "does not say" if len(apps) == 1 else "do not say"
    return f"{_apps(apps)} {says} whether that matters"


def _apps(names: Iterable[str]) -> str:
    found = tuple(names)
    return rules.these("app", found) if found else "apps"
