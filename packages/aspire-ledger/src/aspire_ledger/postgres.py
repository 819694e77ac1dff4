"""The ledger in PostgreSQL, for any number of gateway processes. In a schema of its own."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from aspire_ledger import rows, sql
from aspire_ledger.amounts import NanoAud
from aspire_ledger.migration import migrate
from aspire_ledger.pool import Pool
from aspire_ledger.rows import Parameters, Row
from aspire_ledger.store import Store, StoreRefused, answer
from aspire_ledger.values import Answer, Booked, EntryKind, Request, Verdict

_WRONG = "the ledger's URL cannot be used; write it as postgresql://user:password@host:5432/name"
_IS_A_FILE = (
    "the ledger's URL names a SQLite file, and its only store is PostgreSQL; copy it with"
    " `aspire-gitops ledger move --from sqlite:////path --to postgresql://…`"
    " and set the URL to where it is then"
)


class PostgresStore(Store):
    """A ledger at a PostgreSQL URL. Connects, and makes its tables, with the first statement."""

    def __init__(self, url: str, *, timeout_s: float = 2.0, connections: int = 8) -> None:
        """Read the URL.

        Args:
            url: `postgresql://user:password@host:5432/name`; a password goes nowhere else.
            timeout_s: How long one operation may take, and how long it may stand in a line
                that does not move. Calls wait for this; who closes, forgets or verifies
                months takes a minute.
            connections: At most.

        Raises:
            StoreRefused: It is not PostgreSQL's. The message does not quote it.
        """
        check_url(url)
        self._pool = Pool(url, size=connections, timeout_s=timeout_s)
        self._timeout_s = timeout_s
        self._ready = False
        self._making: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<{self._pool.place}>"

    async def prepare(self) -> None:
        await self._be_ready()
        await self._pool.fill()

    async def admit(self, request: Request) -> Answer:
        (found,) = await self._sent(sql.ADMIT, rows.of_request(request))
        spent, reserved, expected, known = found
        if known == "new":
            return Answer(Verdict.ADMITTED, NanoAud(spent), NanoAud(reserved), NanoAud(expected))
        return answer(request, spent, reserved, expected, known)

    async def settle_reserved(self, given: Parameters) -> Booked | None:
        return _booked(given, await self._sent(sql.SETTLE, given))

    async def free(self, request_id: str) -> bool:
        return bool(await self._sent(sql.FREE, {"id": request_id}))

    async def book(self, given: Parameters) -> Booked | None:
        return _booked(given, await self._sent(sql.BOOK, given))

    async def ask(self, question: str, **given: str | int) -> Sequence[Row]:
        return await self._sent(question, given)

    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        await self._be_ready()
        lock: list[tuple[str, Mapping[str, Any]]] = [(sql.ALONE, {})] if alone else []
        return await self._pool.change(*lock, (_translated(statement), given))

    async def close(self) -> None:
        if self._making:
            self._making.cancel()
            await asyncio.wait([self._making])
        await self._pool.close()

    async def _sent(self, statement: str, given: Parameters) -> Sequence[Row]:
        if not self._ready:
            await self._be_ready()
        return await self._pool.run(_translated(statement), given)

    async def _be_ready(self) -> None:
        # One attempt for everybody who waits: each its own would make the last wait for all.
        if self._ready:
            return
        if self._making is None:
            self._making = asyncio.create_task(self._make_tables())
            self._making.add_done_callback(_heard)
        await asyncio.shield(self._making)

    async def _make_tables(self) -> None:
        try:
            await migrate(self._pool, patience_s=self._timeout_s)
            self._ready = True
        finally:
            self._making = None


def _heard(making: asyncio.Task[None]) -> None:
    # Everybody who waited may have given up: then nobody is told, and the next one tries again.
    if not making.cancelled():
        making.exception()


def check_url(url: str) -> None:
    """Refuse what is no URL of PostgreSQL, without quoting it.

    Raises:
        StoreRefused: With what to write instead.
    """
    if url.startswith("sqlite:"):
        raise StoreRefused(_IS_A_FILE)
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"postgresql", "postgres"}:
        raise StoreRefused(_WRONG)


@cache
def _translated(statement: str) -> str:
    """Return a statement with the driver's own marks for parameters."""
    return re.sub(r"(?<![:\w]):([a-z_][a-z_0-9]*)", r"%(\1)s", statement)


def _booked(given: Parameters, found: Sequence[Row]) -> Booked | None:
    if not found:
        return None
    ((budget, month, cost, spent, crossed),) = found
    kind = None if cost is None else EntryKind(str(given["kind"]))
    return Booked(kind, budget, month, NanoAud(cost or 0), NanoAud(spent), tuple(crossed))
