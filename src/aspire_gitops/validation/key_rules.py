"""Keys: each has somewhere to go, a name of its own, and a budget that it may spend."""

from collections.abc import Iterator, Mapping

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import AppSpec, BudgetSpec
from aspire_gitops.resources.app import KeySpec

KEY_ALIAS_TWICE = Rule("AG210", "key-alias-twice")
DELIVERY_TWICE = Rule("AG211", "delivery-twice")
KEY_TWICE = Rule("AG213", "key-twice")
KEY_WITHOUT_DELIVERY = Rule("AG311", "key-without-delivery")
ADOPTED_KEY_DELIVERED = Rule("AG312", "adopted-key-delivered")
SHARED_BUDGET = Rule("AG315", "shared-budget", Severity.WARNING)
ZERO_CAP = Rule("AG319", "zero-cap", Severity.WARNING)

Place = tuple[Document, tuple[str | int, ...]]


def check_keys(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG210, AG211, AG213, AG311 and AG312 for the keys of all apps."""
    names: dict[str, Place] = {}
    aliases: dict[str, Place] = {}
    files: dict[str, Place] = {}
    for app in catalog.apps.values():
        for index, key in enumerate(app.spec.keys):
            full_name = f"{app.name}.{key.name}"
            place = (app.document, ("keys", index))
            yield from _check_hand_over(app.document, index, key)
            if full_name in names:
                yield _twice(KEY_TWICE, f'key "{full_name}"', place, "name", names[full_name])
                continue
            names[full_name] = place
            alias = key.key_alias or full_name
            if alias in aliases:
                at = "key_alias" if key.key_alias else "name"
                yield _twice(KEY_ALIAS_TWICE, f'key alias "{alias}"', place, at, aliases[alias])
            aliases.setdefault(alias, place)
            if key.deliver:
                file = key.deliver.file
                if file in files:
                    yield _same_file(file, place, files[file])
                files.setdefault(file, place)


def _check_hand_over(document: Document, index: int, key: KeySpec) -> Iterator[Diagnostic]:
    if key.adopt and key.deliver:
        yield ADOPTED_KEY_DELIVERED.at(
            document.key_span("keys", index, "deliver"),
            f'key "{key.name}" is adopted: its value is known to its app alone, '
            "so there is nothing to deliver",
            help="remove `deliver`; or remove `adopt` to have a new key made",
        )
    elif not key.adopt and not key.deliver:
        yield KEY_WITHOUT_DELIVERY.at(
            document.span("keys", index, "name"),
            f'key "{key.name}" goes nowhere: a new key\'s value exists once and would be lost',
            help="add `deliver: {file: /path}`, or `adopt: true` if the key exists already",
        )


def _twice(rule: Rule, what: str, place: Place, field: str, first: Place) -> Diagnostic:
    document, path = place
    return rule.at(
        document.span(*path, field),
        f"{what} is already declared at {first[0].span(*first[1])}",
        help="give one of the two another name",
    )


def _same_file(file: str, place: Place, first: Place) -> Diagnostic:
    document, path = place
    return DELIVERY_TWICE.at(
        document.span(*path, "deliver", "file"),
        f'"{file}" is where the key at {first[0].span(*first[1])} goes: '
        "the second would overwrite the first",
        help="give each key a file of its own",
    )


def check_budgets(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG315 and AG319 for each budget."""
    keys = _keys_by_budget(catalog)
    for budget in catalog.budgets.values():
        sharing = keys.get(budget.name, [])
        if len(sharing) > 1:
            yield _shared(budget, sharing)
        if not budget.spec.monthly_aud:
            yield ZERO_CAP.at(
                budget.span("monthly_aud"),
                f'a cap of zero stops every key of budget "{budget.name}"',
                help='if that is what you want, all is well; else write a cap like "180"',
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
        f"{len(keys)} keys share this budget ({listed}), and LiteLLM counts each by itself: "
        f"until a ledger counts them together they can spend {len(keys)} times the cap",
        help="one budget for each app, or agree that the cap is per key for now",
    )
