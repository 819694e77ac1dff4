"""The ledger in PostgreSQL, for any number of gateway processes. In a schema of its own.

Each step is one statement: what SQLite does one after the other stands here in
one WITH, because every wait costs a turn of the gateway's event loop, and a
busy loop makes that dear.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aspire_ledger import parameters, statements
from aspire_ledger.amounts import NanoAud
from aspire_ledger.booking import Booking
from aspire_ledger.dialect import postgresql as words
from aspire_ledger.migrating import migrate
from aspire_ledger.parameters import Parameters, Row
from aspire_ledger.pool import Pool
from aspire_ledger.store import answer
from aspire_ledger.tables import SCHEMA
from aspire_ledger.values import Answer, Booked, EntryKind, Request, Verdict

_ADMIT = f"""
WITH admitted AS ({statements.ADMIT}),
    made AS ({statements.RESERVE})
SELECT spent, reserved, expected, 'new' AS known FROM admitted
UNION ALL
SELECT * FROM ({statements.STANDING}) AS standing WHERE NOT EXISTS (SELECT 1 FROM admitted)"""  # noqa: S608 (constants)

# Every statement takes its locks in this order: reservation, total, estimate, warning.
_TAIL = f"""
    added AS ({statements.ADD}),
    learned AS ({statements.LEARN.replace("WHERE", "CROSS JOIN added WHERE", 1)}),
    warned AS ({statements.WARN})
SELECT added.budget, added.month, (SELECT nano_aud FROM booked), added.spent,
    ARRAY(SELECT percent FROM warned ORDER BY percent)
FROM added"""  # noqa: S608 (constants)

_SETTLE = f"""
WITH freed AS ({statements.FREE}),
    booked AS ({statements.BOOK}),
    moved AS (
        SELECT freed.budget, freed.month, COALESCE(booked.nano_aud, 0) AS spent,
            -freed.nano_aud AS reserved,
            CASE WHEN booked.nano_aud IS NULL THEN 0 ELSE :calls END AS calls
        FROM freed LEFT JOIN booked ON true),
    {_TAIL}"""  # noqa: S608 (constants)

_BOOK = f"""
WITH freed AS ({statements.GIVEN}),
    booked AS ({statements.BOOK}),
    moved AS (
        SELECT budget, month, nano_aud AS spent, 0 AS reserved, :calls AS calls FROM booked),
    {_TAIL}"""  # noqa: S608 (constants)

_FREE = f"""
WITH freed AS ({statements.FREE}),
    moved AS (
        SELECT budget, month, 0 AS spent, -nano_aud AS reserved, 0 AS calls FROM freed),
    added AS ({statements.ADD})
SELECT 1 FROM added"""  # noqa: S608 (constants)

_ALONE = f"LOCK TABLE {SCHEMA}.entries IN SHARE ROW EXCLUSIVE MODE"


class PostgresStore(Booking):
    """A ledger at a PostgreSQL URL. Connects, and makes its tables, with the first statement."""

    def __init__(self, url: str, *, timeout_s: float = 2.0, connections: int = 8) -> None:
        """Read the URL.

        Raises:
            StoreRefused: It is not PostgreSQL's. The message does not quote it.
        """
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
        (found,) = await self._ask(_ADMIT, parameters.of_request(request))
        spent, reserved, expected, known = found
        if known == "new":
            return Answer(Verdict.ADMITTED, NanoAud(spent), NanoAud(reserved), NanoAud(expected))
        return answer(request, spent, reserved, expected, known)

    async def settle_reserved(self, given: Parameters) -> Booked | None:
        return _booked(given, await self._ask(_SETTLE, given))

    async def free(self, request_id: str) -> bool:
        return bool(await self._ask(_FREE, {"id": request_id}))

    async def book(self, given: Parameters) -> Booked | None:
        return _booked(given, await self._ask(_BOOK, given))

    async def rows(self, question: str, **given: str | int) -> Sequence[Row]:
        return await self._ask(question, given)

    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        await self._be_ready()
        lock: list[tuple[str, Mapping[str, Any]]] = [(_ALONE, {})] if alone else []
        return await self._pool.change(*lock, (_translated(statement), given))

    async def close(self) -> None:
        if self._making:
            self._making.cancel()
            await asyncio.wait([self._making])
        await self._pool.close()

    async def _ask(self, statement: str, given: Parameters) -> Sequence[Row]:
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


@cache
def _translated(statement: str) -> str:
    """Return a statement with the driver's own marks for parameters."""
    return re.sub(r"(?<![:\w]):([a-z_][a-z_0-9]*)", r"%(\1)s", words(statement))


def _booked(given: Parameters, rows: Sequence[Row]) -> Booked | None:
    if not rows:
        return None
    ((budget, month, cost, spent, crossed),) = rows
    kind = None if cost is None else EntryKind(str(given["kind"]))
    return Booked(kind, budget, month, NanoAud(cost or 0), NanoAud(spent), tuple(crossed))
