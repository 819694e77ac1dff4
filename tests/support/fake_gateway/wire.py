"""What a request and an answer are, and the exception that becomes an error answer."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str  # path and query as they came
    body: Any = None
    authorization: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Refused(Exception):
    """Ends a route with an error answer."""

    def __init__(self, status: int, message: str, kind: str = "internal_server_error") -> None:
        super().__init__(message)
        error = {"message": message, "type": kind, "param": None, "code": str(status)}
        self.answer = Answer(status, {"error": error})


def detail(status: int, text: Any) -> Refused:
    """FastAPI's own shape of an error, which some routes answer with."""
    refused = Refused(status, "")
    refused.answer = Answer(status, {"detail": text})
    return refused


def missing(*place: str) -> Refused:
    """What FastAPI says of a body that lacks a field."""
    row = {"type": "missing", "loc": ["body", *place], "msg": "Field required"}
    return detail(422, [row])


Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler

    @classmethod
    def of(cls, method: str, template: str, handler: Handler) -> "Route":
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        return cls(method, re.compile(pattern), handler)

    def match(self, request: Request) -> dict[str, str] | None:
        if request.method != self.method:
            return None
        found = self.pattern.fullmatch(request.path)
        return {name: unquote(text) for name, text in found.groupdict().items()} if found else None
