"""What can go wrong on the way to the gateway and back, chosen by request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from support.fake_gateway.wire import Request


@dataclass(frozen=True, slots=True)
class Status:
    """An answer of this status instead of the real one; `after`: the request took effect."""

    status: int
    body: Any = field(
        default_factory=lambda: {"error": {"message": "made to fail", "type": "auth_error"}}
    )
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass(frozen=True, slots=True)
class Html:
    """A login page with a 200."""

    status: int = 200


@dataclass(frozen=True, slots=True)
class Truncated:
    """The first half of the real answer, with a 200."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The real answer, later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection ends without an answer, before or after the request took effect."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to a process, before or after the request took effect; then no answer."""

    pid: int
    after: bool = False


Effect: TypeAlias = Status | Html | Truncated | Slow | Drop | Kill


@dataclass(slots=True)
class Fault:
    """One effect, and which requests it befalls: all conditions must hold.

    `number` counts requests from 1, `write` counts writes from 1; `times` bounds
    how often it strikes (None: always).
    """

    effect: Effect
    method: str | None = None
    path: str | None = None  # a regular expression, matched anywhere in path and query
    number: int | None = None
    write: int | None = None
    times: int | None = None

    def strikes(self, request: Request, number: int, write: int) -> bool:
        hit = (
            self.method in {None, request.method}
            and (self.path is None or re.search(self.path, request.target) is not None)
            and self.number in {None, number}
            and (self.write is None or (request.is_write and self.write == write))
            and self.times != 0
        )
        if hit and self.times is not None:
            self.times -= 1
        return hit
