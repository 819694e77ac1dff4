"""One writer at a time: a lease on the gateway itself, which every host sees.

LiteLLM has no lock and no compare-and-set. So each writer first creates a row of its
own, a key that nobody can call with, and lists all such rows afterwards. It writes only
if no other row is alive. Of two writers that begin at once, at least one sees the other.

A writer renews its row. A row that stands unrenewed for the whole lease, on the watch of
the one who looks, belongs to a writer that died. No two clocks are compared.
"""

import asyncio
import contextlib
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import Field, ValidationError

from aspire_gitops.gateway.http import AdminApi
from aspire_gitops.kinds import Call, Endpoint
from aspire_gitops.kinds.key import (
    CREATE_KEY,
    DELETE_KEY,
    KEYS,
    NO_MODEL,
    UPDATE_KEY,
    key_address,
)
from aspire_gitops.kinds.wire import JsonObject, Reply
from aspire_gitops.state import GatewayObject
from aspire_gitops.vocabulary import (
    GatewayBusy,
    GatewayError,
    GatewayRejected,
    GatewayUnavailable,
    short_line,
)
from aspire_ledger.canonical import JsonValue

LEASE_S: Final = 60.0
"""How long a writer that died keeps others waiting, in seconds."""

_ALIAS: Final = "aspire-gitops writer"
_NOTE: Final = "aspire_gitops_writer"
_POLL_S: Final = 0.5
_PAGE: Final = 100
_LONGEST_NAME: Final = 120
# Of this process. A row of ours that could not be deleted, because the gateway was away, is dead.
_UNDER_WAY: Final = set[str]()

Waiting: TypeAlias = Callable[[str], None]
WhyStop: TypeAlias = Callable[[], str | None]


class _Note(Reply):
    """What a writer says of itself in its row's metadata."""

    id: str
    who: str
    beat: int
    process: str = ""


class _Row(Reply):
    token: str = ""
    key_alias: str | None = None
    metadata: JsonObject = Field(default_factory=dict)


class _Rows(Reply):
    keys: list[_Row]


_Found: TypeAlias = Sequence[tuple[str, _Note]]


def is_lease(item: GatewayObject) -> bool:
    """Say whether an object on the gateway is a writer's row, which is nobody's key."""
    is_named = item.handle.startswith(_ALIAS) and item.fields.get("blocked") is True
    return is_named and any(path.startswith(f"metadata.{_NOTE}") for path in item.fields)


@dataclass(slots=True)
class Lease:
    """The right to write to one gateway. Belongs to one event loop.

    `lease_s` is how long a row counts without being renewed, in seconds; all writers of
    a gateway use the same. `who` introduces us to people: `apply, pid 7 on web-1`.
    `seen` has the last beat of each writer and when it came, on the monotonic clock; a caller
    that asks again and again for a moment keeps it, or a dead writer would stop it for ever.
    """

    api: AdminApi
    who: str
    lease_s: float = LEASE_S
    seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    _value: str = field(default_factory=lambda: f"sk-{secrets.token_urlsafe(32)}")
    _renewed_at: float = 0.0
    _beat: int = 0
    _lost: str | None = None

    @contextlib.asynccontextmanager
    async def held(self, *, within_s: float, waiting: Waiting) -> AsyncIterator[WhyStop]:
        """Hold the lease; yields what says why writing must stop, None while it is ours.

        Args:
            within_s: How long to wait for another writer, in seconds.
            waiting: Told once, by name, of each writer that we wait for.

        Raises:
            GatewayBusy: Another writer was at work all the time. Try again.
            GatewayError: As for every write.
        """
        await self._acquire(time.monotonic() + within_s, waiting)
        renewing = asyncio.create_task(self._renew())
        try:
            yield self._why_stop
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            await asyncio.shield(self._give_back())

    @property
    def _id(self) -> str:
        return key_address(self._value)[:16]

    # ── taking it ───────────────────────────────────────────────────────────

    async def _acquire(self, until: float, waiting: Waiting) -> None:
        told = ""
        while True:
            other = await self._other() or await self._claim()
            if other is None:
                return
            if other.who != told:
                told = other.who
                waiting(short_line(told, _LONGEST_NAME))
            if time.monotonic() >= until:
                raise GatewayBusy(
                    f"another writer is at work on {self.api.url}:"
                    f" {short_line(told, _LONGEST_NAME)}",
                    help="run the command again when it has ended",
                )
            # Two that gave way to each other must not meet again.
            await asyncio.sleep(_POLL_S * (0.5 + random.random()))  # noqa: S311 (no secret)

    async def _claim(self) -> _Note | None:
        """Create our row, then look again. Returns the writer that we give way to."""
        self._renewed_at = time.monotonic()
        _UNDER_WAY.add(self._id)
        try:
            await self.api.send(self._row_of_nobody(), [self._value])
            rows = await self._rows()
            self._check_listed(rows)
            other = self._living(rows)
            if other is None:
                await self._remove_dead(rows)
                return None
        except BaseException:
            await asyncio.shield(self._give_back())
            raise
        await self._give_back()
        return other

    def _check_listed(self, rows: _Found) -> None:
        if self._id not in {note.id for _, note in rows}:
            raise GatewayUnavailable(
                f"{self.api.url} accepted a row and does not list it: nobody can tell who writes",
                help="try again",
                answered=True,
            )

    async def _other(self) -> _Note | None:
        """Return a writer that is alive and not us, if there is one."""
        return self._living(await self._rows())

    def _living(self, rows: _Found) -> _Note | None:
        return next((n for _, n in rows if n.id != self._id and self._is_alive(n)), None)

    async def _remove_dead(self, rows: _Found) -> None:
        for token, note in rows:
            if note.id != self._id and not self._is_alive(note):
                with contextlib.suppress(GatewayRejected):  # somebody else was faster
                    await self.api.send(Call(DELETE_KEY, body={"keys": [token]}))

    async def _rows(self) -> _Found:
        """Return all writers' rows, with their addresses."""
        params = {"search": _ALIAS, "return_full_object": "true", "page": "1", "size": str(_PAGE)}
        found = await self.api.read(Call(KEYS, params=params), _Rows)
        return [(row.token, note) for row, note in _notes(found.keys)]

    def _is_alive(self, note: _Note) -> bool:
        if note.process and note.process == _this_process():
            return note.id in _UNDER_WAY
        if _has_ended(note.process):
            return False
        beat, since = self.seen.get(note.id, (-1, 0.0))
        if beat != note.beat:
            since = time.monotonic()
            self.seen[note.id] = (note.beat, since)
        return time.monotonic() - since < self.lease_s

    # ── keeping it ──────────────────────────────────────────────────────────

    async def _renew(self) -> None:
        while self._lost is None:
            await asyncio.sleep(self.lease_s / 6)
            self._beat += 1
            began = time.monotonic()
            try:
                await self.api.send(self._write(UPDATE_KEY), [self._value])
            except GatewayRejected:
                self._lost = "another writer took the lease over"
            except GatewayError:
                continue  # the lease is long; `_why_stop` counts the time
            else:
                self._renewed_at = began

    def _why_stop(self) -> str | None:
        # Half of the lease, so that a write in hand ends before anybody else may begin.
        if self._lost is None and time.monotonic() - self._renewed_at > self.lease_s / 2:
            return f"the lease on {self.api.url} could not be renewed"
        return self._lost

    async def _give_back(self) -> None:
        # What is left behind by a gateway that is away counts as dead after `lease_s`.
        _UNDER_WAY.discard(self._id)
        with contextlib.suppress(GatewayError):
            await self.api.send(Call(DELETE_KEY, body={"keys": [key_address(self._value)]}))

    def _write(self, endpoint: Endpoint, **more: JsonValue) -> Call:
        note: dict[str, JsonValue] = {
            "id": self._id,
            "who": self.who,
            "beat": self._beat,
            "process": _this_process(),
        }
        return Call(endpoint, body={"key": self._value, "metadata": {_NOTE: note}, **more})

    def _row_of_nobody(self) -> Call:
        # Should anybody learn its value: it is blocked, has no money and reaches no model.
        return self._write(
            CREATE_KEY,
            key_alias=f"{_ALIAS} {self._id}",
            blocked=True,
            max_budget=0,
            models=(NO_MODEL,),
        )


def _notes(rows: Sequence[_Row]) -> Iterator[tuple[_Row, _Note]]:
    for row in rows:
        with contextlib.suppress(ValidationError):  # a person's key with such a name
            yield row, _Note.model_validate(row.metadata.get(_NOTE))


def _this_process() -> str:
    """Return what names this process on this machine; empty where that cannot be known."""
    return _process(os.getpid()) or ""


def _process(pid: int) -> str | None:
    """Return a process's name, which no later process has; None if there is no such process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = Path("/proc/self/ns/pid").stat().st_ino  # other containers have other processes
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None
    return f"{boot}/{space}/{pid}/{began}"


def _has_ended(process: str) -> bool:
    """Say whether a process was one of this machine and is gone: its lease need not run out."""
    machine, _, pid = process.rpartition("/")[0].rpartition("/")
    if not pid.isdecimal() or not _this_process().startswith(f"{machine}/"):
        return False
    return _process(int(pid)) != process
