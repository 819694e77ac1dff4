"""Make the ledger's tables in PostgreSQL, and add to them while other processes work.

Asked by every process when it starts. Where nothing is missing it only reads, so a role
that may not create anything can run a gateway on tables that another one made.
"""

import asyncio
from hashlib import sha256
from typing import Final

from aspire_ledger import tables
from aspire_ledger.pool import Pool
from aspire_ledger.store import StoreRefused, TablesInUse
from aspire_ledger.tables import ADDITIONS_TABLE, SCHEMA, VERSIONS, Addition

VERSION_TABLE: Final = f"{SCHEMA}.version"
_LOCK_NUMBER: Final = int.from_bytes(sha256(b"aspire_ledger").digest()[:8], "big", signed=True)
_LOCK: Final = f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"
# Whoever waits for a table makes all who come after wait too, readers and calls alike. So
# a step gives up soon, and lets them through before it tries again.
_SOON: Final = "SET LOCAL lock_timeout = '100ms'"
_PAUSE_S: Final = 0.4
# Autovacuum gives way to whoever waits for a second, and would else keep a large table for
# minutes. Nothing of ours takes such a lock, and everybody may see it. Tried once: a VACUUM
# that a person began does not give way.
_UNTIL_VACUUM_YIELDS: Final = "SET LOCAL lock_timeout = '1500ms'"
_IS_VACUUMED: Final = f"""
SELECT EXISTS (SELECT 1 FROM pg_locks AS held JOIN pg_class AS known ON known.oid = held.relation
    WHERE known.relnamespace = to_regnamespace('{SCHEMA}') AND held.granted
        AND held.mode = 'ShareUpdateExclusiveLock'
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""  # noqa: S608 (a constant)


async def migrate(pool: Pool, *, patience_s: float) -> None:
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
            (f"CREATE TABLE IF NOT EXISTS {VERSION_TABLE} (number BIGINT PRIMARY KEY)", {}),
            *((_version_step(number), {}) for number in range(1, newest + 1)),
        )
    if await _version(pool) > newest:
        raise StoreRefused(f"{pool.place} was written by a newer program; use that one")
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
            f"{refused}; its tables lack {addition.name!r}: start this release once with"
            f" the role that owns schema {SCHEMA}"
        ) from refused


async def _missing(pool: Pool) -> tuple[Addition, ...]:
    there = await _is_there(pool, ADDITIONS_TABLE)
    try:
        rows = await pool.run(tables.ADDITIONS_MADE, {}) if there else []
    except StoreRefused as refused:
        raise StoreRefused(
            f"{refused}; grant this role what it needs on all tables of schema {SCHEMA}, SELECT at least"
        ) from refused
    try:
        return tables.missing(dict(map(tuple, rows)))
    except tables.OtherAdditions as other:
        raise StoreRefused(f"{pool.place}: {other}; use the program that made it") from other


async def _version(pool: Pool) -> int:
    if not await _is_there(pool, VERSION_TABLE):
        return 0
    ((number,),) = await pool.run(f"SELECT COALESCE(MAX(number), 0) FROM {VERSION_TABLE}", {})  # noqa: S608 (a constant)
    return int(number)


async def _is_vacuumed(pool: Pool) -> bool:
    ((found,),) = await pool.run(_IS_VACUUMED, {})
    return bool(found)


async def _is_there(pool: Pool, table: str) -> bool:
    ((found,),) = await pool.run("SELECT to_regclass(%(name)s)::text", {"name": table})
    return found is not None


def _version_step(number: int) -> str:
    body = ";\n".join(VERSIONS[number - 1])
    done = f"INSERT INTO {VERSION_TABLE} VALUES ({number})"  # noqa: S608 (constants)
    return _once(VERSION_TABLE, number, f"{body}; {done}")


def _addition_step(addition: Addition) -> str:
    texts = (*addition.statements, tables.recording(addition))
    return _once(ADDITIONS_TABLE, addition.number, ";\n".join(texts))


def _once(table: str, number: int, body: str) -> str:
    return (
        f"DO $step$ BEGIN IF NOT EXISTS (SELECT 1 FROM {table} WHERE number = {number})"  # noqa: S608 (constants)
        f" THEN {body}; END IF; END $step$"
    )
