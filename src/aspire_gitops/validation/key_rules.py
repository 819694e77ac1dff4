"""Keys: each has somewhere to go, and a name of its own."""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.loading.document import Document
from aspire_gitops.resources.app import KeySpec

KEY_ALIAS_TWICE = Rule("AG210", "key-alias-twice")
DELIVERY_TWICE = Rule("AG211", "delivery-twice")
KEY_TWICE = Rule("AG213", "key-twice")
KEY_WITHOUT_DELIVERY = Rule("AG311", "key-without-delivery")
ADOPTED_KEY_DELIVERED = Rule("AG312", "adopted-key-delivered")

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
    if key.is_adopted and key.deliver:
        yield ADOPTED_KEY_DELIVERED.at(
            document.key_span("keys", index, "deliver"),
            f'key "{key.name}" is adopted: its value is known to its app alone, '
            "so there is nothing to deliver",
            help="remove `deliver`; or remove `adopt` to have a new key made",
        )
    elif not key.is_adopted and not key.deliver:
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
