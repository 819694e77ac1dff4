"""Needs: what an app relies on, held against what its aliases promise.

Who swaps what is behind an alias edits the alias alone. These rules make that
edit fail where it takes away what an app said it needs, before anybody merges.
"""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.resources import AliasSpec, AppSpec
from aspire_gitops.resources.app import NeedSpec
from aspire_gitops.validation.suggest import closest
from aspire_gitops.validation.words import shown_name

NEED_WITHOUT_ALIAS = Rule("AG214", "need-without-alias")
NEED_NOT_MET = Rule("AG215", "need-not-met")
UNKNOWN_DIMENSIONS = Rule("AG216", "unknown-dimensions")

_AT_LEAST = {
    "context_window_tokens": "to take {} tokens in one call",
    "max_output_tokens": "to answer with {} tokens",
}


def check_needs(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG214, AG215 and AG216: each need has an alias, which promises what is needed."""
    for app in catalog.apps.values():
        for name, need in (app.spec.needs or {}).items():
            if name not in app.spec.aliases:
                yield _unlisted(app, name)
            elif alias := catalog.aliases.get(name):
                yield from _check_capabilities(app, alias, need)
                yield from _check_tokens(app, alias, need)
                yield from _check_dimensions(app, alias, need)


def _unlisted(app: Declared[AppSpec], name: str) -> Diagnostic:
    meant = closest(name, app.spec.aliases)
    shown = shown_name(name)
    return NEED_WITHOUT_ALIAS.at(
        app.document.key_span("needs", name),
        f'app "{app.name}" needs something of alias "{shown}", which it does not list',
        help=f'did you mean "{meant}"?'
        if meant
        else f'add "{shown}" to `aliases`, or remove the need',
    )


def _check_capabilities(
    app: Declared[AppSpec], alias: Declared[AliasSpec], need: NeedSpec
) -> Iterator[Diagnostic]:
    for index, capability in enumerate(need.capabilities):
        if capability not in alias.spec.capabilities:
            says = _says(alias, "capabilities", _listed(alias.spec.capabilities))
            yield NEED_NOT_MET.at(
                app.span("needs", alias.name, "capabilities", index),
                f'app "{app.name}" needs {capability} of alias "{alias.name}", and {says}',
                help=_way_out(app),
            )


def _check_tokens(
    app: Declared[AppSpec], alias: Declared[AliasSpec], need: NeedSpec
) -> Iterator[Diagnostic]:
    for field, words in _AT_LEAST.items():
        needed, declared = getattr(need, field), getattr(alias.spec, field)
        if needed is not None and (declared is None or declared < needed):
            yield NEED_NOT_MET.at(
                app.span("needs", alias.name, field),
                f'app "{app.name}" needs alias "{alias.name}" {words.format(needed)}, '
                f"and {_says(alias, field, declared)}",
                help=_way_out(app),
            )


def _check_dimensions(
    app: Declared[AppSpec], alias: Declared[AliasSpec], need: NeedSpec
) -> Iterator[Diagnostic]:
    needed, declared = need.embedding_dimensions, alias.spec.embedding_dimensions
    if alias.spec.mode != "embedding":
        if needed is not None:
            yield NEED_NOT_MET.at(
                app.span("needs", alias.name, "embedding_dimensions"),
                f'app "{app.name}" needs vectors of alias "{alias.name}", '
                f"and {_says(alias, 'mode', alias.spec.mode)}",
                help="name an alias with `mode: embedding`, or remove the need",
            )
    elif declared is None:
        yield UNKNOWN_DIMENSIONS.at(
            app.document.key_span("needs", alias.name),
            f'app "{app.name}" relies on alias "{alias.name}", whose vectors have a length that '
            f"{alias.document.path} does not say",
            help=f"state `embedding_dimensions` in {alias.document.path}",
        )
    elif needed is not None and needed != declared:
        yield NEED_NOT_MET.at(
            app.span("needs", alias.name, "embedding_dimensions"),
            f'app "{app.name}" has stored vectors of {needed} dimensions, '
            f"and {_says(alias, 'embedding_dimensions', declared)}: no vector of one length "
            "can be compared with one of another",
            help="keep the model; or give the new one an alias of its own, "
            "and let the app embed everything again with that",
        )


def _says(alias: Declared[AliasSpec], field: str, value: object) -> str:
    """Return what the alias' file says of a field, and where it says so."""
    if value is None:
        return f"{alias.document.path} does not state `{field}`"
    return f"{alias.span(field)} says `{field}: {value}`"


def _listed(capabilities: tuple[str, ...]) -> str | None:
    return f"[{', '.join(capabilities)}]" if capabilities else None


def _way_out(app: Declared[AppSpec]) -> str:
    return (
        "choose a target that can, or declare it there if this one does; "
        f"else agree with {app.spec.owner} that the app needs it no more"
    )
