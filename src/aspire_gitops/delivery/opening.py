"""Open the places that compiled keys name: the doors of this process, and a time limit for each."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from aspire_gitops.delivery.base import Deliveries, Delivery, DeliveryTarget, Doors
from aspire_gitops.delivery.disk import DeliveredFile
from aspire_gitops.delivery.registry import METHODS
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.vocabulary import (
    DeliveryFailed,
    NotificationFailed,
    SecretMissing,
    UsageError,
)
from aspire_gitops.web import Destination, Method, send
from aspire_ledger.canonical import JsonValue, canonical_json


def _no_secret(name: str) -> SecretStr:
    raise SecretMissing(f"the delivery needs the secret {name}, and no folder of them is set")


def deliveries_in(
    root: Path, own: OwnFiles | None = None, secret: Callable[[str], SecretStr] = _no_secret
) -> Deliveries:
    """Return what opens the deliveries that compiled keys name.

    Opening raises DeliveryFailed for a place that no reviewed file may name, also
    where nobody validated it. Only a commit helps then.

    Args:
        root: The controller's delivery root, which a relative path is below.
        own: The controller's own files, which are never written.
        secret: Returns what a delivery signs in with, by name; raises SecretMissing.
    """
    files = own or OwnFiles()

    def file(base: str, parts: Sequence[str]) -> Delivery:
        return DeliveredFile(base, tuple(parts), files)

    return partial(_opened, Doors(str(root), file, _sent, secret, asyncio.sleep))


def _opened(doors: Doors, target: DeliveryTarget) -> Delivery:
    method = METHODS.get(target.method)
    if method is None:
        raise DeliveryFailed(
            f"this release knows no delivery called {target.method}", about_commit=True
        )
    address = method.parse(target.address)
    if why := method.why_not_open(address, doors.root):
        raise DeliveryFailed(
            f"no key is delivered to {method.shown(address)}: it {why}", about_commit=True
        )
    return _InTime(method.open(address, doors), method.time_limit_s)


@dataclass(frozen=True, slots=True)
class _InTime:
    """A delivery that is given up after its time limit. A file is never given up half way."""

    delivery: Delivery
    limit_s: float

    @property
    def place(self) -> str:
        return self.delivery.place

    async def read(self) -> str | None:
        async with self._limit():
            return await self.delivery.read()

    async def write(self, value: str, *, instead_of: str | None) -> None:
        async with self._limit():
            await self.delivery.write(value, instead_of=instead_of)

    @asynccontextmanager
    async def _limit(self) -> AsyncIterator[None]:
        late = False
        try:
            async with asyncio.timeout(self.limit_s):
                yield
        except TimeoutError:
            late = True
        if late:  # outside the handler, so that nothing of the delivery hangs on the error
            raise DeliveryFailed(
                f"{self.place} was not done in {self.limit_s:g} s", help="try again", passes=True
            )


async def _sent(
    method: str,
    url: str,
    *,
    what: str,
    body: JsonValue = None,
    bearer: SecretStr | None = None,
    advice: Mapping[int, str] | None = None,
) -> JsonValue:
    content = None if body is None else canonical_json(body).encode()
    try:
        place = Destination(what, SecretStr(url), help_by_status=advice or {})
        reply = await send(Method(method), place, content, bearer=bearer)
    except UsageError as error:
        raise DeliveryFailed(error.message, help=error.help) from None
    except NotificationFailed as error:
        raise DeliveryFailed(
            error.message,
            help=error.help,
            status=error.status,
            retry_after_s=error.retry_after_s,
            passes=not error.permanent,
        ) from None
    return _parsed(reply, place) if reply.strip() else None


def _parsed(reply: bytes, place: Destination) -> JsonValue:
    with suppress(ValueError):  # it quotes the reply, which may quote the request
        answer: JsonValue = json.loads(reply)
        return answer
    raise DeliveryFailed(f"{place} answered something else than JSON", help="try again later")
