"""What a reviewer must not miss about an alias, as diagnostics at the lines of its file."""

from collections.abc import Iterable, Iterator

from aspire_gitops.catalog import Catalog
from aspire_gitops.review import findings as rules
from aspire_gitops.review.aliases import unspoken
from aspire_gitops.review.comparison import Compared
from aspire_gitops.review.value import AliasImpact, AppImpact, Moved
from aspire_gitops.vocabulary.diagnostic import Diagnostic, Span


def alias_findings(alias: AliasImpact, head: Catalog) -> Iterator[Diagnostic]:
    """Yield what changes behind an alias that apps called before."""
    if alias.provider.before is None or alias.name not in head.aliases:
        return  # added: no app called it yet; removed: reported for the apps that lose it
    silent = unspoken(alias.name, head, alias.apps)
    yield from _vendor(alias)
    yield from _mode(alias, head)
    yield from _vectors(alias, head, silent)
    yield from _less(alias, head, silent)
    yield from _unpriced(alias, head)


def lost_aliases(app: AppImpact, compared: Compared) -> Iterator[Diagnostic]:
    """Yield each alias that an app called lately and may not call after the change."""
    after, repricing = compared.head.apps.get(app.name), compared.repricing
    if after is None or repricing is None:
        return
    for name in app.aliases_lost:
        calls = sum(r.usage.calls for r in repricing.of_app(app.name) if r.usage.alias == name)
        if calls:
            traffic = repricing.traffic
            yield rules.ALIAS_LOST.at(
                after.span("aliases"),
                f'app "{app.name}" may no longer call alias "{name}", which it called {calls:,}'
                f" {'time' if calls == 1 else 'times'} from {traffic.since} to {traffic.until}",
                help=f"ask {app.owner} whether it has moved to another alias",
            )


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


def _less(alias: AliasImpact, head: Catalog, silent: Iterable[str]) -> Iterator[Diagnostic]:
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
