"""Where in the reviewed files the cause of something stands: in head, or in base for what is gone."""

from collections.abc import Iterator

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Span
from aspire_gitops.resources import AppSpec, ResourceSpec
from aspire_gitops.state import Kind, ObjectKey


def place_of_object(name: str, base: Catalog, head: Catalog) -> Span:
    """Return the place of an object as plans write it: `deployment/x`, `key/app.key`, `gateway/x`."""
    for catalog in (head, base):
        if place := _in(catalog, name):
            return place
    return gateway_place(head, base)


def place_of_budget(key: str, base: Catalog, head: Catalog) -> Span:
    """Return the cap of the budget that pays for a key."""
    for catalog in (head, base):
        for app, _ in _key(catalog, ObjectKey.parse(key).name):
            if budget := catalog.budgets.get(app.spec.budget):
                return budget.span("monthly_aud")
    return place_of_object(key, base, head)


def gateway_place(*catalogs: Catalog, path: tuple[str, ...] = ("name",)) -> Span:
    """Return the place of the Gateway, in the first catalog that has one."""
    gateway = next((catalog.gateway for catalog in catalogs if catalog.gateway), None)
    return gateway.span(*path) if gateway else Span("gateway.yaml")


def _in(catalog: Catalog, name: str) -> Span | None:
    try:
        key = ObjectKey.parse(name)
    except ValueError:
        return None  # `gateway/…` is no object
    match key.kind:
        case Kind.CREDENTIAL:
            return _named(catalog.providers.get(key.name))
        case Kind.DEPLOYMENT:
            return _named(catalog.aliases.get(key.name))
        case Kind.KEY:
            return next((app.span("keys", n, "name") for app, n in _key(catalog, key.name)), None)


def _named(found: Declared[ResourceSpec] | None) -> Span | None:
    return found.span("name") if found else None


def _key(catalog: Catalog, name: str) -> Iterator[tuple[Declared[AppSpec], int]]:
    # Both halves of `<app>.<key>` may have dots, so every split is tried.
    for at in (place for place, letter in enumerate(name) if letter == "."):
        if app := catalog.apps.get(name[:at]):
            for number, key in enumerate(app.spec.keys):
                if key.name == name[at + 1 :]:
                    yield app, number
