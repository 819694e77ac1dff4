"""All ways to deliver a key: one row each. Nothing else in the program lists them. Pure."""

from typing import Any

from aspire_gitops.delivery.base import DeliveryMethod, DeliveryTarget
from aspire_gitops.delivery.file import FileDelivery, in_full
from aspire_ledger.canonical import JsonValue

_FILE = FileDelivery()

METHODS: dict[str, DeliveryMethod[Any]] = {method.tag: method for method in (_FILE,)}
"""By tag, in the order in which people read of them."""


def shown(target: DeliveryTarget) -> str:
    """Return the place in words for people."""
    method = METHODS[target.method]
    return method.shown(method.parse(target.address))


def why_not(target: DeliveryTarget) -> str | None:
    """Return why policy refuses the place, after its name; None if a file may name it."""
    method = METHODS[target.method]
    return method.why_not(method.parse(target.address))


def identity(target: DeliveryTarget) -> str:
    """Return what is the same for two targets of one method only if they are one place."""
    method = METHODS[target.method]
    return method.identity(method.parse(target.address))


def file_target(path: str) -> DeliveryTarget:
    """Return a file as a target: for a sandbox, and for plans of before there were tags."""
    return DeliveryTarget(_FILE.tag, path)


def own_place(app: str, key: str) -> DeliveryTarget:
    """Return where the key goes if its app says `deliver: file` and no Delivery says more."""
    return file_target(_FILE.own_place(app, key))


def own_place_in_full(app: str, key: str) -> str:
    """Return what the long form of `deliver: file` may say, and nothing else."""
    return in_full(_FILE.own_place(app, key))


def in_plan_id(target: DeliveryTarget) -> JsonValue:
    """Return what a plan's id covers: for a file its path alone, as before there were tags."""
    return target.address if target.method == _FILE.tag else target.tagged
