"""Where keys go: an app's own place below the controller's folder, or what the platform reviewed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeAlias

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.delivery.registry import (
    METHODS,
    file_target,
    identity,
    own_place,
    own_place_in_full,
    shown,
    why_not,
)
from aspire_gitops.resources import AppSpec, DeliverSpec, DeliverySpec, KeySpec
from aspire_gitops.validation.wording import Speller
from aspire_gitops.vocabulary import Diagnostic, Rule, Span

DELIVERY_TWICE = Rule("AG211", "delivery-twice")
UNKNOWN_KEY = Rule("AG218", "unknown-key")
KEY_DELIVERED_TWICE = Rule("AG219", "key-delivered-twice")
KEY_WITHOUT_DELIVERY = Rule("AG311", "key-without-delivery")
ADOPTED_KEY_DELIVERED = Rule("AG312", "adopted-key-delivered")
PATH_IN_APP = Rule("AG335", "path-in-app")
FORBIDDEN_DELIVERY = Rule("AG336", "forbidden-delivery")
DELIVERY_WITHOUT_TARGET = Rule("AG338", "delivery-without-target")

_NAMED = 10  # keys of an app, where none is meant
Elsewhere: TypeAlias = Mapping[tuple[str, str], Declared[DeliverySpec]]
_Place: TypeAlias = Callable[[], Span]


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of one app, and where its file says so."""

    app: Declared[AppSpec]
    index: int

    @property
    def spec(self) -> KeySpec:
        return self.app.spec.keys[self.index]

    @property
    def full_name(self) -> tuple[str, str]:
        return self.app.name, self.spec.name

    def span(self, *path: str) -> Span:
        return self.app.document.span("keys", self.index, *path)


def check_deliveries(catalog: Catalog) -> Iterator[Diagnostic]:
    """Yield AG211, AG218, AG219, AG311, AG312 and AG335, AG336 and AG338."""
    keys = [
        _Key(app, index) for app in catalog.apps.values() for index in range(len(app.spec.keys))
    ]
    elsewhere: dict[tuple[str, str], Declared[DeliverySpec]] = {}
    spellers = {
        app.name: Speller(dict.fromkeys(key.name for key in app.spec.keys))
        for app in (catalog.apps.values() if catalog.deliveries else ())
    }
    for delivery in catalog.deliveries.values():
        yield from _check_delivery(delivery, spellers.get(delivery.spec.app))
        wanted = (delivery.spec.app, delivery.spec.key)
        if first := elsewhere.get(wanted):
            yield _delivered_twice(delivery.span("key"), wanted, first.span("key"))
        elsewhere.setdefault(wanted, delivery)
    for key in keys:
        yield from _check_hand_over(key, elsewhere.get(key.full_name))
    yield from _check_same_place(keys, elsewhere)


def _check_delivery(delivery: Declared[DeliverySpec], keys: Speller | None) -> Iterator[Diagnostic]:
    spec = delivery.spec
    if len(spec.targets) != 1:
        yield DELIVERY_WITHOUT_TARGET.at(
            delivery.span("key"),
            f'delivery "{spec.name}" does not say where the key goes',
            help=f"add exactly one of {', '.join(f'`{tag}:`' for tag in METHODS)}",
        )
    for target in spec.targets:
        if why := why_not(target):
            yield FORBIDDEN_DELIVERY.at(
                delivery.span(target.method),
                f'"{shown(target)}" {why}',
                help=METHODS[target.method].advice,
            )
    if keys is not None and spec.key not in keys.known:
        meant = keys.closest(spec.key)
        names = ", ".join(islice(keys.known, _NAMED))
        more = f" and {len(keys.known) - _NAMED:,} more" if len(keys.known) > _NAMED else ""
        yield UNKNOWN_KEY.at(
            delivery.span("key"),
            f'app "{spec.app}" has no key "{spec.key}"',
            help=f'did you mean "{meant}"?' if meant else f"it has {names}{more}",
        )


def _check_hand_over(key: _Key, other: Declared[DeliverySpec] | None) -> Iterator[Diagnostic]:
    spec = key.spec
    if spec.is_adopted and (spec.deliver or other):
        yield ADOPTED_KEY_DELIVERED.at(
            key.app.document.key_span("keys", key.index, "deliver")
            if spec.deliver
            else key.span("name"),
            f'key "{spec.name}" is adopted: its value is known to its app alone, '
            "so there is nothing to deliver",
            help="remove `deliver`; or remove `adopt` to have a new key made"
            if spec.deliver
            else f"remove {other.document.path if other else ''}; "
            "or remove `adopt` to have a new key made",
        )
    elif spec.deliver and other:
        yield _delivered_twice(key.span("deliver"), key.full_name, other.span("key"))
    elif not (spec.is_adopted or spec.deliver or other):
        yield KEY_WITHOUT_DELIVERY.at(
            key.span("name"),
            f'key "{spec.name}" goes nowhere: a new key\'s value exists once and would be lost',
            help="add `deliver: file`, or `adopt: true` if the key exists already",
        )
    yield from _check_path(key)


def _check_path(key: _Key) -> Iterator[Diagnostic]:
    deliver, (app, name) = key.spec.deliver, key.full_name
    if not isinstance(deliver, DeliverSpec) or deliver.file == own_place_in_full(app, name):
        return
    usual = own_place_in_full(app, name)
    yield PATH_IN_APP.at(
        key.span("deliver", "file"),
        f'an app names no path of its own; key "{name}" goes to "{usual}"',
        help="write `deliver: file`; or, if the platform agrees, remove it and add "
        f"deliveries/{app}-{name}.yaml with `kind: Delivery`, `name: {app}-{name}`, "
        f"`app: {app}`, `key: {name}`, `file: {deliver.file}`",
    )


def _delivered_twice(place: Span, key: tuple[str, str], first: Span) -> Diagnostic:
    return KEY_DELIVERED_TWICE.at(
        place,
        f'where key "{key[0]}.{key[1]}" goes is said already at {first}',
        help="say it once: `deliver` in the app, or one Delivery",
    )


def _check_same_place(keys: list[_Key], elsewhere: Elsewhere) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], _Place] = {}
    for target, place in _targets(keys, elsewhere):
        same = target.method, identity(target)
        if same in first:
            yield DELIVERY_TWICE.at(
                place(),
                f'"{same[1]}" is where the key at {first[same]()} goes: '
                "the second would overwrite the first",
                help=f"give each key a {target.method} of its own",
            )
        first.setdefault(same, place)


def _targets(keys: list[_Key], elsewhere: Elsewhere) -> Iterator[tuple[DeliveryTarget, _Place]]:
    """Yield each target with what finds its place, which is slow and seldom asked for."""
    for key in keys:
        match key.spec.deliver:
            case DeliverSpec(file=path):
                yield file_target(path), partial(key.span, "deliver", "file")
            case "file":
                yield own_place(*key.full_name), partial(key.span, "deliver")
    for delivery in elsewhere.values():
        for target in delivery.spec.targets:
            yield target, partial(delivery.span, target.method)
