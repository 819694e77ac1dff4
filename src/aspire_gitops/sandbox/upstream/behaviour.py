"""What the stand-in was told and what it received: the values that cross `/control`, and what an answer depends on."""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from aspire_gitops.sandbox.upstream.bill import Billed, BillingOrder, Report, reported

Json: TypeAlias = dict[str, Any]

# The smallest PNG: one transparent pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@dataclass(frozen=True, slots=True)
class Request:
    """One request, what it is billed, and what its answer is to say of that.

    `cost` is a price that the provider names itself, as some LiteLLM upstreams do.
    """

    provider: str
    model: str | None
    body: Json
    billed: Billed = field(default_factory=Billed)
    report: Report = Report.TRUE
    cost: float | None = None

    @property
    def text(self) -> str:
        return f"pong from {self.provider}" if self.provider else "pong"

    @property
    def words(self) -> list[str]:
        first, *others = self.text.split(" ")
        return [first, *(f" {word}" for word in others)]

    @property
    def streams(self) -> bool:
        return self.body.get("stream") in (True, "true")  # a form says it in words

    @property
    def wants_usage(self) -> bool:
        """Whether a stream of OpenAI's chat or completions is to end with its usage."""
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    def usage(self, counts: Json, name: str = "usage") -> Json:
        """Return the field that reports these counts, or no field."""
        said = reported(counts, self.report)
        if self.cost is not None:
            said = {**(said or {}), "cost": self.cost}
        return {} if said is None else {name: said}

    def identity(self, prefix: str) -> Json:
        return {"id": f"{prefix}_{time.time_ns():x}", "model": self.model}


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `data` is sent as it is.

    `says` marks a piece of the answer, `reports` the usage.
    """

    data: str
    name: str | None = None
    says: bool = False
    reports: bool = False

    def encode(self) -> bytes:
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {self.data}\n\n".encode()


CALLS_KEPT = 100_000
ORDERS, BILLING = "/control", "/control/billing"


class Reset(StrEnum):
    """When a connection is closed instead of an answer."""

    BEFORE_READING = "before reading"  # the provider never had the request, and bills nothing
    AFTER_READING = "after reading"  # it had all of it, and bills all of it


class Misbehaviour(BaseModel):
    """How to misbehave, and for whom: unset selectors match every request.

    `breaks_after` counts the events of a stream that are sent before the connection
    breaks; `reports_first` sends the usage all the same. `cost_header` and `usage_cost`
    are prices that the provider names itself, as one that is a LiteLLM does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int | None = Field(default=None, ge=400, le=599)
    delay_s: float = Field(default=0, ge=0)
    reset: Reset | None = None
    breaks_after: int | None = Field(default=None, ge=0)
    reports_first: bool = False
    report: Report = Report.TRUE
    cost_header: str | None = None
    usage_cost: float | None = None
    times: int | None = Field(default=None, ge=1)
    provider: str | None = None
    model: str | None = None

    def kept(self, events: Sequence[Event]) -> list[Event]:
        """Return the events of a stream that are sent."""
        if self.breaks_after is None:
            return list(events)
        late = [event for event in events[self.breaks_after :] if event.reports]
        return [*events[: self.breaks_after], *(late if self.reports_first else [])]

    def used_once(self) -> list[Self]:
        """Return what is left of it: itself, itself with one time less, or nothing."""
        if self.times is None:
            return [self]
        return [self.model_copy(update={"times": self.times - 1})] if self.times > 1 else []


class UpstreamCall(BaseModel):
    """One request that the stand-in received. Its repr shows no key and no body.

    `at` is in seconds since the epoch, by the clock of this machine; `path` is whole,
    provider included; `model` is the provider's own name for the model. `number` is
    that of the call since the process began. A request that was never read has no body.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    provider: str
    path: str
    model: str | None
    headers: Mapping[str, str] = Field(repr=False)  # names in lower case
    body: Any = Field(repr=False)
    billed: Billed = Billed()
    number: int = 0

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    @property
    def credential(self) -> str | None:
        """The provider key as it arrived, by either of the two headers that providers read."""
        bearer = (self.authorization or "").removeprefix("Bearer ")
        return bearer or self.headers.get("x-api-key")


class Selector(Protocol):
    """Whom an order is for."""

    @property
    def provider(self) -> str | None: ...

    @property
    def model(self) -> str | None: ...


Order = TypeVar("Order", bound=Selector)
CALLS = TypeAdapter(tuple[UpstreamCall, ...])


def selects(order: Selector, call: Selector) -> bool:
    """Say whether an order is for this call."""
    return order.provider in (None, call.provider) and order.model in (None, call.model)


class Behaviour:
    """The orders in force and the calls received, safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[Misbehaviour] = []
        self._billing: list[BillingOrder] = []
        self._calls: deque[UpstreamCall] = deque(maxlen=CALLS_KEPT)
        self._bills: dict[int, Billed] = {}  # of calls that ended otherwise than they began
        self._received = 0

    def order(self, misbehaviour: Misbehaviour) -> None:
        with self._lock:
            self._orders.append(misbehaviour)

    def bill(self, billing: BillingOrder) -> None:
        with self._lock:
            self._billing.append(billing)

    def told(self, call: Selector) -> tuple[Misbehaviour, BillingOrder]:
        """Return the newest orders that select a call, using a misbehaviour up once."""
        with self._lock:
            billing = next((o for o in reversed(self._billing) if selects(o, call)), BillingOrder())
            for index, found in reversed(list(enumerate(self._orders))):
                if selects(found, call):
                    self._orders[index : index + 1] = found.used_once()
                    return found, billing
        return Misbehaviour(), billing

    def closes_at_once(self, call: Selector) -> bool:
        """Say whether the connection of a call is to be closed unread, using that order up once."""
        with self._lock:
            for index, found in reversed(list(enumerate(self._orders))):
                if found.provider in (None, call.provider) and found.model is None:
                    if found.reset is not Reset.BEFORE_READING:
                        return False
                    self._orders[index : index + 1] = found.used_once()
                    return True
        return False

    def receive(self, call: UpstreamCall) -> UpstreamCall:
        """Remember a call, and return it with its number."""
        with self._lock:
            self._received += 1
            numbered = call.model_copy(update={"number": self._received})
            self._calls.append(numbered)
            return numbered

    def settle(self, call: UpstreamCall, billed: Billed) -> None:
        """Correct the bill of a call that did not end as it was meant to."""
        with self._lock:
            self._bills[call.number] = billed

    def calls(self) -> tuple[UpstreamCall, ...]:
        with self._lock:
            return tuple(
                call.model_copy(update={"billed": self._bills.get(call.number, call.billed)})
                for call in self._calls
            )

    def reset(self) -> None:
        """Behave again, bill as usual, and forget the calls."""
        with self._lock:
            self._orders.clear()
            self._billing.clear()
            self._calls.clear()
            self._bills.clear()
