"""What the stand-in was told and what it received: the values that cross `/control`.

Both sides use them, the server and `UpstreamControl`. No I/O here.
"""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

CALLS_KEPT = 100_000


class Misbehaviour(BaseModel):
    """How to misbehave, and for whom: unset selectors match every request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int | None = Field(default=None, ge=400, le=599)
    delay_s: float = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    provider: str | None = None
    model: str | None = None

    def selects(self, call: "UpstreamCall") -> bool:
        return self.provider in (None, call.provider) and self.model in (None, call.model)

    def used_once(self) -> list[Self]:
        """Return what is left of it: itself, itself with one time less, or nothing."""
        if self.times is None:
            return [self]
        return [self.model_copy(update={"times": self.times - 1})] if self.times > 1 else []


class UpstreamCall(BaseModel):
    """One request that the stand-in received. Its repr shows no key and no body.

    `at` is in seconds since the epoch, by the clock of this machine; `path` is whole,
    provider included; `model` is the provider's own name for the model.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    provider: str
    path: str
    model: str | None
    headers: Mapping[str, str] = Field(repr=False)  # names in lower case
    body: Any = Field(repr=False)

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    @property
    def credential(self) -> str | None:
        """The provider key as it arrived, by either of the two headers that providers read."""
        bearer = (self.authorization or "").removeprefix("Bearer ")
        return bearer or self.headers.get("x-api-key")


CALLS = TypeAdapter(tuple[UpstreamCall, ...])


class Behaviour:
    """The orders in force and the calls received, safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Misbehaviour] = []
        self._calls: deque[UpstreamCall] = deque(maxlen=CALLS_KEPT)

    def order(self, misbehaviour: Misbehaviour) -> None:
        with self._lock:
            self._orders.append(misbehaviour)

    def receive(self, call: UpstreamCall) -> Misbehaviour:
        """Remember a call and return the newest order that selects it, using it up once."""
        with self._lock:
            self._calls.append(call)
            for index, found in reversed(list(enumerate(self._orders))):
                if found.selects(call):
                    self._orders[index : index + 1] = found.used_once()
                    return found
        return Misbehaviour()

    def calls(self) -> tuple[UpstreamCall, ...]:
        with self._lock:
            return tuple(self._calls)

    def reset(self) -> None:
        """Behave again, and forget the calls."""
        with self._lock:
            self._orders.clear()
            self._calls.clear()
