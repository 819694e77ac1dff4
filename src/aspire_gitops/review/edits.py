"""Which resources two revisions declare differently, field by field, as the files write them.

Specs are compared, not files: a file that was moved, or that writes 0.40 as 0.4,
says nothing new. A resource of another name is one removed and one added.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.planning.plan import FieldChange
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.review import Edit, ResourceEdit
from aspire_ledger.canonical import JsonValue

Declarations = Mapping[str, Declared[Any]]


@dataclass(frozen=True, slots=True)
class Stated:
    """One value that a resource states, and the path of it in the document."""

    value: Any
    place: tuple[str | int, ...]


def edits_between(base: Catalog, head: Catalog) -> tuple[ResourceEdit, ...]:
    """Return what was added, removed or changed, by kind and name."""
    before, after = by_kind(base), by_kind(head)
    return tuple(edit for kind in ResourceKind for edit in _edits(kind, before[kind], after[kind]))


def by_kind(catalog: Catalog) -> Mapping[ResourceKind, Declarations]:
    """Return a catalog's resources by kind, each by name."""
    gateway = catalog.gateway
    return {
        ResourceKind.GATEWAY: {gateway.name: gateway} if gateway else {},
        ResourceKind.PROVIDER: catalog.providers,
        ResourceKind.ALIAS: catalog.aliases,
        ResourceKind.APP: catalog.apps,
        ResourceKind.BUDGET: catalog.budgets,
        ResourceKind.APPROVAL: catalog.approvals,
        ResourceKind.DELIVERY: catalog.deliveries,
    }


def _edits(kind: ResourceKind, before: Declarations, after: Declarations) -> Iterator[ResourceEdit]:
    for name in sorted(before.keys() | after.keys()):
        match before.get(name), after.get(name):
            case None, Declared() as added:
                yield ResourceEdit(kind, name, Edit.ADDED, added.span("name"))
            case Declared() as removed, None:
                yield ResourceEdit(kind, name, Edit.REMOVED, removed.span("name"))
            case Declared() as old, Declared() as new if old.spec != new.spec:
                yield from _changed(kind, old, new)


def _changed(kind: ResourceKind, old: Declared[Any], new: Declared[Any]) -> Iterator[ResourceEdit]:
    before, after = dict(_stated(old.spec)), dict(_stated(new.spec))
    moved = [path for path in sorted(before.keys() | after.keys()) if _differ(path, before, after)]
    if moved:
        place = (after.get(moved[0]) or before[moved[0]]).place
        fields = tuple(
            FieldChange(path, _written(before.get(path)), _written(after.get(path)))
            for path in moved
        )
        yield ResourceEdit(kind, new.name, Edit.CHANGED, new.span(*place), fields)


def _differ(path: str, before: Mapping[str, Stated], after: Mapping[str, Stated]) -> bool:
    old, new = before.get(path), after.get(path)
    return (old and old.value) != (new and new.value)


def _stated(
    value: Any, path: str = "", place: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, Stated]]:
    """Yield each value by its dotted path. Items of a list that have names are told by them."""
    if isinstance(value, BaseModel | dict):
        items = value.items() if isinstance(value, dict) else iter(value)
        for name, item in items:
            yield from _stated(item, f"{path}.{name}".lstrip("."), (*place, name))
    elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        for number, item in enumerate(value):
            yield from _stated(item, f"{path}.{item.name}", (*place, number))
    elif not (value is None or value is False or value == ()):  # as good as left out
        yield path, Stated(value, place)


def _written(stated: Stated | None) -> JsonValue:
    return None if stated is None else _plain(stated.value)


def _plain(value: Any) -> JsonValue:
    match value:
        case tuple():
            return tuple(map(_plain, value))
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"no file states a {type(value).__name__}")
