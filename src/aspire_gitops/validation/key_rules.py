"""Keys: each has a name of its own, in its app and on the gateway."""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.loading.document import Document

KEY_ALIAS_TWICE = Rule("AG210", "key-alias-twice")
KEY_TWICE = Rule("AG213", "key-twice")

Place = tuple[Document, tuple[str | int, ...]]


def check_keys(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG210 and AG213 for the keys of all apps."""
    names: dict[str, Place] = {}
    aliases: dict[str, Place] = {}
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


def _twice(rule: Rule, what: str, place: Place, field: str, first: Place) -> Diagnostic:
    document, path = place
    return rule.at(
        document.span(*path, field),
        f"{what} is already declared at {first[0].span(*first[1])}",
        help="give one of the two another name",
    )
