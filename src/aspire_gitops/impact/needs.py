"""What apps rely on when they call an alias, and what of it a change takes away.

What an app needs stands in its own file. An app that says nothing about an alias
may need anything of it, and nobody guesses: `unspoken` names such apps.
"""

from collections.abc import Iterable, Iterator, Sequence

from aspire_gitops.catalog import Catalog
from aspire_gitops.impact.review import Gap
from aspire_gitops.resources import AliasSpec
from aspire_gitops.resources.app import NeedSpec


def gaps(alias: str, base: Catalog, head: Catalog, apps: Iterable[str]) -> Iterator[Gap]:
    """Yield what apps say they need of `alias`, that it had before the change and lacks after it."""
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
    """Return the apps that may call `alias` after the change and never said what they need of it."""
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
        yield f"vectors of {wanted:,} dimensions"


def _less(offered: int | None, needed: int | None) -> bool:
    return needed is not None and (offered is None or offered < needed)
