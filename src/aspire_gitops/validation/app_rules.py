"""What an App and its Budget must get right: keys, needs, and money."""

from collections.abc import Iterator, Mapping
from datetime import date

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import (
    PROBE_APP,
    PROBE_KEY_NAME,
    AliasSpec,
    AppSpec,
    BudgetSpec,
    NeedSpec,
    ProbesSpec,
)
from aspire_gitops.validation.wording import Speller, shown_name
from aspire_gitops.vocabulary import Diagnostic, Rule, Severity, Span, plural

KEY_ALIAS_TWICE = Rule("AG210", "key-alias-twice")
KEY_TWICE = Rule("AG213", "key-twice")
RESERVED_NAME = Rule("AG220", "reserved-name")

KeyPlace = tuple[Document, tuple[str | int, ...]]

NEED_WITHOUT_ALIAS = Rule("AG214", "need-without-alias")
NEED_NOT_MET = Rule("AG215", "need-not-met")
UNKNOWN_DIMENSIONS = Rule("AG216", "unknown-dimensions")

_AT_LEAST = {
    "context_window_tokens": "to take {} tokens in one call",
    "max_output_tokens": "to answer with {} tokens",
}

SHARED_BUDGET = Rule("AG315", "shared-budget", Severity.WARNING)
ZERO_CAP = Rule("AG319", "zero-cap", Severity.WARNING)
CAPS_ABOVE_TOTAL = Rule("AG324", "caps-above-total")
EXPIRED_UPLIFT = Rule("AG325", "expired-uplift", Severity.WARNING)


def check_keys(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG210, AG213 and AG220 for all apps, their keys and their budgets."""
    yield from _check_reserved(catalog)
    names: dict[str, KeyPlace] = {}
    aliases: dict[str, KeyPlace] = {}
    for app in catalog.apps.values():
        for index, key in enumerate(app.spec.keys):
            full_name = f"{app.name}.{key.name}"
            place = (app.document, ("keys", index))
            if full_name in names:
                yield _twice(KEY_TWICE, f'key "{full_name}"', place, "name", names[full_name])
                continue
            names[full_name] = place
            alias = key.key_alias or full_name
            if alias in aliases:
                at = "key_alias" if key.key_alias else "name"
                yield _twice(KEY_ALIAS_TWICE, f'key alias "{alias}"', place, at, aliases[alias])
            aliases.setdefault(alias, place)


def _check_reserved(catalog: Catalog) -> Iterator[Diagnostic]:
    for item in (catalog.apps.get(PROBE_APP), catalog.budgets.get(PROBE_APP)):
        if item:
            yield _reserved(item.span("name"), item.name)
    for app in catalog.apps.values():
        for index, key in enumerate(app.spec.keys):
            if key.key_alias == PROBE_KEY_NAME:
                yield _reserved(app.span("keys", index, "key_alias"), key.key_alias)


def _reserved(place: Span, name: str) -> Diagnostic:
    return RESERVED_NAME.at(
        place,
        f'"{name}" is the name of the controller\'s own calls, which have a key and a budget',
        help="choose another name",
    )


def _twice(rule: Rule, what: str, place: KeyPlace, field: str, first: KeyPlace) -> Diagnostic:
    document, path = place
    return rule.at(
        document.span(*path, field),
        f"{what} is already declared at {first[0].span(*first[1])}",
        help="rename one of the two",
    )


def check_needs(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG214, AG215 and AG216: each need has an alias, which promises what is needed."""
    for app in catalog.apps.values():
        listed = set(app.spec.aliases if app.spec.needs else ())
        speller = Speller(listed)
        for name, need in (app.spec.needs or {}).items():
            if name not in listed:
                yield _unlisted(app, name, speller)
            elif alias := catalog.aliases.get(name):
                yield from _check_capabilities(app, alias, need)
                yield from _check_tokens(app, alias, need)
                yield from _check_dimensions(app, alias, need)


def _unlisted(app: Declared[AppSpec], name: str, speller: Speller) -> Diagnostic:
    meant = speller.closest(name)
    shown = shown_name(name)
    return NEED_WITHOUT_ALIAS.at(
        app.document.key_span("needs", name),
        f'app "{app.name}" states needs of alias "{shown}", which it does not list',
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
                f'app "{app.name}" needs {capability} of alias "{alias.name}", but {says}',
                help=_help_for_need(app),
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
                f"but {_says(alias, field, declared)}",
                help=_help_for_need(app),
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
                f"but {_says(alias, 'mode', alias.spec.mode)}",
                help="name an alias with `mode: embedding`, or remove the need",
            )
    elif declared is None:
        yield UNKNOWN_DIMENSIONS.at(
            app.document.key_span("needs", alias.name),
            f'app "{app.name}" relies on alias "{alias.name}", '
            f"but {alias.document.path} does not state the length of its vectors",
            help=f"state `embedding_dimensions` in {alias.document.path}",
        )
    elif needed is not None and needed != declared:
        yield NEED_NOT_MET.at(
            app.span("needs", alias.name, "embedding_dimensions"),
            f'app "{app.name}" has stored vectors of {needed} dimensions, '
            f"but {_says(alias, 'embedding_dimensions', declared)}: vectors of different lengths "
            "cannot be compared",
            help="keep the model, or give the new one its own alias and let the app embed "
            "everything again with it",
        )


def _says(alias: Declared[AliasSpec], field: str, value: object) -> str:
    """Return what the alias's file states for a field, and where."""
    if value is None:
        return f"{alias.document.path} does not state `{field}`"
    return f"{alias.span(field)} says `{field}: {value}`"


def _listed(capabilities: tuple[str, ...]) -> str | None:
    return f"[{', '.join(capabilities)}]" if capabilities else None


def _help_for_need(app: Declared[AppSpec]) -> str:
    return (
        "choose a target that offers it, or declare it if this one does; "
        f"otherwise agree with {app.spec.owner} that the app no longer needs it"
    )


def check_budgets(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG315, AG319, AG324 and AG325."""
    keys = _keys_by_budget(catalog)
    ledger = catalog.gateway.spec.ledger if catalog.gateway else None
    for budget in catalog.budgets.values():
        sharing = keys.get(budget.name, [])
        if len(sharing) > 1 and ledger is None:
            yield _shared(budget, sharing)
        yield from _check_uplift(budget, today)
        if not budget.spec.monthly_aud:
            yield ZERO_CAP.at(
                budget.span("monthly_aud"),
                f'a cap of zero stops every key of budget "{budget.name}"',
                help='keep it if that is intended; otherwise write a cap like "180"',
            )
    yield from _check_total(catalog, today)


def _check_uplift(budget: Declared[BudgetSpec], today: date) -> Iterator[Diagnostic]:
    uplift = budget.spec.uplift
    if uplift and uplift.expires < today:
        yield EXPIRED_UPLIFT.at(
            budget.span("uplift", "expires"),
            f'the uplift of budget "{budget.name}" ended on {uplift.expires} and no longer counts',
            help="remove it, or agree on a new one",
        )


def _check_total(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    gateway = catalog.gateway
    total = gateway.spec.ledger.total_monthly_aud if gateway and gateway.spec.ledger else None
    caps = {budget.name: budget.spec.cap_on(today) for budget in catalog.budgets.values()}
    if gateway and isinstance(gateway.spec.policy.probes, ProbesSpec):
        caps |= {PROBE_APP: gateway.spec.policy.probes.monthly_aud}
    if gateway is None or total is None or sum(caps.values()) <= total:
        return
    dearest = sorted(caps, key=lambda name: (-caps[name], name))[:3]
    listed = ", ".join(f"{name} {caps[name]}" for name in dearest)
    yield CAPS_ABOVE_TOTAL.at(
        gateway.span("ledger", "total_monthly_aud"),
        f"all caps together are {sum(caps.values())} AUD a month, above the agreed total of {total}",
        help=f"lower a cap (the largest: {listed}), or agree on a higher total",
    )


def _keys_by_budget(catalog: Catalog) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app in catalog.apps.values():
        found.setdefault(app.spec.budget, []).extend(_key_names(app))
    return found


def _key_names(app: Declared[AppSpec]) -> Iterator[str]:
    return (f"{app.name}.{key.name}" for key in app.spec.keys)


def _shared(budget: Declared[BudgetSpec], keys: list[str]) -> Diagnostic:
    listed = ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
    return SHARED_BUDGET.at(
        budget.span("monthly_aud"),
        f"{plural(len(keys), 'key')} share this budget ({listed}), and LiteLLM counts each by itself: "
        f"without a ledger that counts them together each can spend the whole cap",
        help="declare `ledger:` in the Gateway, or give each app a budget of its own",
    )
