"""A locker to hand keys over in, and its row in the registry for the length of a test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aspire_gitops.delivery.base import DeliveryMethod
from aspire_gitops.delivery.registry import METHODS
from aspire_gitops.resources import RESOURCES, ResourceKind, delivery_resource
from aspire_gitops.validation import schema
from support.listening import Heard, Listener, Say, listening

TOKEN = "planted-locker-4711"


@contextmanager
def registered(method: DeliveryMethod[Any]) -> Iterator[None]:
    """Add a row to the registry, as if the program had been started with it."""
    METHODS[method.tag] = method
    _read_anew()
    try:
        yield
    finally:
        del METHODS[method.tag]
        _read_anew()


def _read_anew() -> None:
    RESOURCES[ResourceKind.DELIVERY] = delivery_resource(METHODS.values())
    schema._validator.cache_clear()


@dataclass
class Locker:
    """Boxes by name, and how often each app was started anew. `faults` are answered first.

    `losing` stores what is put there and hangs up, so that nobody hears of it.
    """

    listener: Listener
    boxes: dict[str, str] = field(default_factory=dict)
    restarts: list[str] = field(default_factory=list)
    faults: list[Say] = field(default_factory=list)
    losing: bool = False
    starting: int = 1

    def answer(self, heard: Heard) -> Say:
        if self.faults:
            return self.faults.pop(0)
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return Say(401, body=b"who are you?")
        return self._answer(heard)

    def _answer(self, heard: Heard) -> Say:
        _, _, box, *rest = heard.path.split("/")
        match heard.method, rest:
            case "PUT", []:
                self.boxes[box] = heard.json["value"]
                return Say(drop=True) if self.losing else Say(body=b"null")
            case "GET", []:
                return _json(self.boxes[box]) if box in self.boxes else Say(404)
            case "POST", ["restart"]:
                self.restarts.append(box)
                return Say(body=b"null")
            case "GET", ["state"]:
                self.starting -= 1
                return _json("starting" if self.starting >= 0 else "running")
            case _:
                return Say(405)


@contextmanager
def locker() -> Iterator[Locker]:
    """Open a locker on this machine."""
    with listening() as listener:
        made = Locker(listener)
        listener.script = made.answer
        yield made


def _json(value: str) -> Say:
    return Say(body=json.dumps(value).encode())
