"""The ledger in PostgreSQL, for any number of gateway processes. In a schema of its own.

A store makes its tables with its first statement, and adds to them while other processes
work. Where nothing is missing it only reads, so a role that may not create anything can
run a gateway on tables that another one made.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from aspire_ledger import rows, sql, tables
from aspire_ledger.amounts import NanoAud
from aspire_ledger.pool import Pool
from aspire_ledger.rows import Parameters, Row
from aspire_ledger.store import Store, StoreRefused, TablesInUse, answer
from aspire_ledger.tables import ADDITIONS_TABLE, SCHEMA, VERSIONS, Addition
from aspire_ledger.values import Answer, Booked, EntryKind, Request, Verdict

_VERSION_TABLE: Final = f"{SCHEMA}.version"
_LOCK_NUMBER: Final = int.from_bytes(sha256(b"aspire_ledger").digest()[:8], "big", signed=True)
_LOCK: Final = f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"
# A statement that waits for a table makes all later ones wait too, readers and calls alike. So
# a step gives up soon, and lets them through before it tries again.
_SOON: Final = "SET LOCAL lock_timeout = '100ms'"
_PAUSE_S: Final = 0.4
# Autovacuum gives way to a statement that has waited for a second, and would else keep a
# large table for minutes. Nothing of ours takes such a lock, and everybody may see it. Tried
# once: a VACUUM that a person began does not give way.
_UNTIL_VACUUM_YIELDS: Final = "SET LOCAL lock_timeout = '1500ms'"
_IS_VACUUMED: Final = f"""
SELECT EXISTS (SELECT 1 FROM pg_locks AS held JOIN pg_class AS known ON known.oid = held.relation
    WHERE known.relnamespace = to_regnamespace('{SCHEMA}') AND held.granted
        AND held.mode = 'ShareUpdateExclusiveLock'
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""  # noqa: S608 (a constant)


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
            await _migrate(self._pool, patience_s=self._timeout_s)
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
        raise StoreRefused(
            "the ledger's URL names a SQLite file, and its only store is PostgreSQL",
            help="copy the file with"
            " `aspire-gitops ledger move --from sqlite:////path --to postgresql://…`"
            " and set the URL to the copy",
        )
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"postgresql", "postgres"}:
        raise StoreRefused(
            "the ledger's URL cannot be used",
            help="write it as postgresql://user:password@host:5432/name",
        )


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


# ── tables ───────────────────────────────────────────────────────────────────


async def _migrate(pool: Pool, *, patience_s: float) -> None:
    """Make what is missing. Several processes may do so at once.

    Raises:
        StoreUnavailable: The database is away, or its tables are in use. Try again; what
            was added stays.
        StoreRefused: A newer program's tables, or a role that may not add what is missing.
    """
    newest = len(VERSIONS)
    if await _version(pool) < newest:
        # The block asks again under the lock: another process may have been faster.
        await pool.change(
            (_LOCK, {}),
            (f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", {}),
            (f"CREATE TABLE IF NOT EXISTS {_VERSION_TABLE} (number BIGINT PRIMARY KEY)", {}),
            *((_version_step(number), {}) for number in range(1, newest + 1)),
        )
    if await _version(pool) > newest:
        raise StoreRefused(
            f"{pool.place} was written by a newer release", help="use that release or a newer one"
        )
    for each in await _missing(pool):
        await _add(pool, each, patience_s)


async def _add(pool: Pool, addition: Addition, patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    patience, has_waited = _SOON, False
    while True:
        try:
            await _try_to_add(pool, addition, patience)
        except TablesInUse:
            if loop.time() + _PAUSE_S >= until:
                raise
        else:
            return
        await asyncio.sleep(_PAUSE_S)
        is_vacuumed = not has_waited and await _is_vacuumed(pool)
        patience = _UNTIL_VACUUM_YIELDS if is_vacuumed else _SOON
        has_waited |= is_vacuumed


async def _try_to_add(pool: Pool, addition: Addition, patience: str) -> None:
    try:
        await pool.change(
            (_LOCK, {}),
            (patience, {}),
            (tables.MAKE_ADDITIONS_TABLE, {}),
            (_addition_step(addition), {}),
        )
    except StoreRefused as refused:
        raise StoreRefused(
            f"{refused.message}, and its tables lack {addition.name!r}",
            help=f"start this release once with the role that owns schema {SCHEMA}",
        ) from refused


async def _missing(pool: Pool) -> tuple[Addition, ...]:
    there = await _is_there(pool, ADDITIONS_TABLE)
    try:
        rows = await pool.run(tables.ADDITIONS_MADE, {}) if there else []
    except StoreRefused as refused:
        raise StoreRefused(
            refused.message,
            help=f"grant this role what it needs on all tables of schema {SCHEMA}, SELECT at least",
        ) from refused
    try:
        return tables.missing(dict(map(tuple, rows)))
    except tables.OtherAdditions as other:
        raise StoreRefused(f"{pool.place}: {other}", help="use the program that made it") from other


async def _version(pool: Pool) -> int:
    if not await _is_there(pool, _VERSION_TABLE):
        return 0
    ((number,),) = await pool.run(f"SELECT COALESCE(MAX(number), 0) FROM {_VERSION_TABLE}", {})  # noqa: S608 (a constant)
    return int(number)


async def _is_vacuumed(pool: Pool) -> bool:
    ((found,),) = await pool.run(_IS_VACUUMED, {})
    return bool(found)


async def _is_there(pool: Pool, table: str) -> bool:
    ((found,),) = await pool.run("SELECT to_regclass(%(name)s)::text", {"name": table})
    return found is not None


def _version_step(number: int) -> str:
    body = ";\n".join(VERSIONS[number - 1])
    done = f"INSERT INTO {_VERSION_TABLE} VALUES ({number})"  # noqa: S608 (constants)
    return _once(_VERSION_TABLE, number, f"{body}; {done}")


def _addition_step(addition: Addition) -> str:
    texts = (*addition.statements, tables.recording(addition))
    return _once(ADDITIONS_TABLE, addition.number, ";\n".join(texts))


def _once(table: str, number: int, body: str) -> str:
    return (
        f"DO $step$ BEGIN IF NOT EXISTS (SELECT 1 FROM {table} WHERE number = {number})"  # noqa: S608 (constants)
        f" THEN {body}; END IF; END $step$"
    )
