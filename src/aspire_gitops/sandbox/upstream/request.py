"""What an answer depends on, and the events that a streamed one is made of."""

import time
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aspire_gitops.sandbox.upstream.bill import Billed
from aspire_gitops.sandbox.upstream.usage import Report, reported

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
