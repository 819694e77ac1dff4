"""The fake gateway: stores, routes, faults and a log, behind one function."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from support.fake_gateway.credentials import Credentials
from support.fake_gateway.deployments import Deployments
from support.fake_gateway.faults import Drop, Effect, Fault, Html, Kill, Slow, Status, Truncated
from support.fake_gateway.holders import Holders
from support.fake_gateway.keys import Keys
from support.fake_gateway.wire import Answer, Refused, Request, Route

ADMIN_KEY = "sk-fake-admin-key-0123456789"
_LOGIN_PAGE = b"<!doctype html><html><body>Sign in</body></html>"


class NoAnswer(Exception):
    """The connection is to end without an answer."""


@dataclass(frozen=True, slots=True)
class Logged:
    request: Request
    status: int | None

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.path} {self.status}"


class FakeGateway:
    """One gateway. Thread-safe: requests are answered one after the other."""

    def __init__(self, *faults: Fault, admin_key: str = ADMIN_KEY) -> None:
        self.faults = list(faults)
        self.admin_key = admin_key
        self.credentials = Credentials()
        self.deployments = Deployments(self.credentials)
        self.keys = Keys()
        self.holders = Holders()
        self.log: list[Logged] = []
        self.version: str | None = "1.106.2"
        self._lock = threading.Lock()
        self._numbers = {"request": 0, "write": 0}
        self._routes = [
            Route.of("GET", "/health/readiness/details", self._details),
            *self.credentials.routes(),
            *self.deployments.routes(),
            *self.keys.routes(),
            *self.holders.routes(),
        ]

    def serve(self, *routes: Route) -> None:
        """Answer these requests too, before any that it knew."""
        self._routes[:0] = routes

    @property
    def writes(self) -> list[Request]:
        """Return every write to an object, or to none; not those that say who writes."""
        found = [entry.request for entry in self.log if entry.request.is_write]
        return [request for request in found if not self.keys.is_of_a_lease(request)]

    @property
    def reads(self) -> list[Request]:
        return [entry.request for entry in self.log if not entry.request.is_write]

    def forget(self) -> None:
        """Start counting and logging anew; the objects stay."""
        self.log.clear()
        self._numbers = {"request": 0, "write": 0}

    @contextmanager
    def failing(self, *faults: Fault) -> Iterator[None]:
        """Add faults for the length of a `with`."""
        self.faults += faults
        try:
            yield
        finally:
            self.faults = [fault for fault in self.faults if fault not in faults]

    def handle(self, request: Request) -> tuple[Answer, float]:
        """Answer one request, and say how many seconds later.

        Raises:
            NoAnswer: The connection is to be dropped.
        """
        with self._lock:
            self._numbers["request"] += 1
            self._numbers["write"] += request.is_write
            effect = next((f.effect for f in self.faults if self._strikes(f, request)), None)
            answer: Answer | None = None
            try:
                answer = self._answer(request, effect)
            finally:
                self.log.append(Logged(request, answer.status if answer else None))
            return answer, effect.seconds if isinstance(effect, Slow) else 0.0

    def _strikes(self, fault: Fault, request: Request) -> bool:
        return fault.strikes(request, self._numbers["request"], self._numbers["write"])

    def _answer(self, request: Request, effect: Effect | None) -> Answer:
        if isinstance(effect, Html):
            return Answer(effect.status, _LOGIN_PAGE, {"content-type": "text/html"})
        if isinstance(effect, Status | Drop | Kill) and not effect.after:
            return _cut_off(effect)
        answer = self._serve(request)
        if isinstance(effect, Status | Drop | Kill):
            return _cut_off(effect)
        if isinstance(effect, Truncated):
            return Answer(answer.status, answer.content[: len(answer.content) // 2])
        return answer

    def _serve(self, request: Request) -> Answer:
        if request.method == "GET" and request.path == "/health/readiness":
            return Answer(200, {"status": "healthy", "db": "connected"})
        for route in self._routes:
            if (values := route.match(request)) is not None:
                return self._authorised(route, request, values)
        return Answer(404, {"detail": "Not Found"})

    def _authorised(self, route: Route, request: Request, values: dict[str, str]) -> Answer:
        if request.authorization != f"Bearer {self.admin_key}":
            return Refused(401, "Authentication Error, Invalid proxy server token passed.").answer
        try:
            return Answer(200, route.handler(request, **values))
        except Refused as refused:
            return refused.answer

    def _details(self, _request: Request) -> object:
        return {"status": "healthy", "db": "connected", "litellm_version": self.version}


def _cut_off(effect: Status | Drop | Kill) -> Answer:
    if isinstance(effect, Status):
        return Answer(effect.status, effect.body, effect.headers)
    if isinstance(effect, Kill):
        os.kill(effect.pid, signal.SIGKILL)
        time.sleep(0.2)  # the process must be gone before its connection ends
    raise NoAnswer
