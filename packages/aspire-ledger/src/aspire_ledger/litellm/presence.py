"""Say what this gateway process runs: a row with a heartbeat, and an answer to who may ask.

A row can be written by anybody who has the database's password, so it proves nothing by
itself. The answer proves it: it comes out of the process, with a nonce that the caller just
made up. Nothing here ever disturbs a call: what fails is logged, and tried again.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from aspire_ledger.account import is_probe
from aspire_ledger.canonical import config_digest
from aspire_ledger.litellm.front import IDENTITY, Answer, Message, Receive, Scope
from aspire_ledger.store import Store, StoreRefused, StoreUnavailable
from aspire_ledger.values import Process

LOG = logging.getLogger("aspire_ledger")
FORMAT: Final = "aspire-ledger/identity"
BEAT_S: Final = 10.0
_LEAVE_S: Final = 2.0  # a database that is away must not hold up a stop
_NONCE: Final = re.compile(r"[0-9A-Za-z_-]{16,64}")

Authenticate = Callable[[Scope, Receive], Awaitable[Mapping[str, Any] | None]]


class Presence:
    """One process. `facts` is what it loaded; `read_file` returns its config file's text.

    `authenticate` lets LiteLLM judge the key of a request, and returns the key's metadata;
    None for a key that it refuses.
    """

    def __init__(
        self,
        store: Store,
        facts: Process,
        read_file: Callable[[], str],
        authenticate: Authenticate,
        *,
        guard_is_on: Callable[[], bool] = lambda: True,
        every_s: float = BEAT_S,
    ) -> None:
        self._store, self._read_file, self._authenticate = store, read_file, authenticate
        self._guard_is_on, self._every_s = guard_is_on, every_s
        self._began, self._has_left = time.monotonic(), False
        found = file_digest(read_file)
        # A file that was edited keeps its digest line: what was read is believed, not the line.
        self.facts = replace(facts, config_digest=found or facts.config_digest, file_digest=found)

    async def keep(self) -> None:
        """Write the row again and again. Never raises; says once when it cannot."""
        failing = False
        while not self._has_left:
            try:
                await self.beat()
                failing = False
            except (StoreUnavailable, StoreRefused) as problem:
                if not failing:
                    LOG.warning("this process cannot say in the ledger what it runs: %s", problem)
                failing = True
            except Exception:
                LOG.exception("the heartbeat of this process failed")
            await asyncio.sleep(self._every_s)

    async def beat(self) -> None:
        """Write the row once, with the config file as it is now.

        Raises:
            StoreUnavailable, StoreRefused: It is not written.
        """
        # In a thread: a file system that hangs must not stop the calls.
        found = await asyncio.to_thread(file_digest, self._read_file)
        guard = "on" if self._guard_is_on() else "off"
        self.facts = replace(self.facts, file_digest=found, guard=guard)
        if not self._has_left:
            await self._store.beat(self.facts, int(time.monotonic() - self._began))

    async def leave(self) -> None:
        """Delete the row: the process stops normally. Never raises."""
        self._has_left = True
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._store.leave(self.facts.id)
        except (TimeoutError, StoreUnavailable, StoreRefused) as problem:
            LOG.warning("the row of this process stays in the ledger: %s", problem)
        except Exception:
            LOG.exception("the row of this process stays in the ledger")

    async def answer(self, scope: Scope, nonce: str) -> Answer:
        """Return status and body for a request with our header: the probe key alone is answered.

        It never becomes a call, whoever sends it: it reaches no provider and books nothing.
        """
        if not _NONCE.fullmatch(nonce):
            return 400, _refused(
                "invalid_nonce", "the nonce must be 16 to 64 letters, digits, - or _"
            )
        metadata = await self._authenticate(scope, _no_body)
        if metadata is None or not is_probe(metadata):
            return 403, _refused(
                "identity_not_told",
                "only the controller's own key may ask what this process runs; "
                f"leave out the header `{IDENTITY.decode()}`",
            )
        return 200, {"format": FORMAT, "version": 1, "nonce": nonce, **asdict(self.facts)}


def file_digest(read: Callable[[], str]) -> str:
    """Return the digest of a config file; empty where it cannot be read."""
    try:
        return config_digest(read())
    except (OSError, ValueError):
        return ""


async def _no_body() -> Message:
    # Whatever the caller sends is not read: only the key is judged.
    return {"type": "http.request", "body": b"", "more_body": False}


def _refused(kind: str, message: str) -> Mapping[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}
