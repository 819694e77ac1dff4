"""A ledger of a million calls, written by the database itself, and what a loop did meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from aspire_ledger.postgres import PostgresStore

MONTH = "2026-11"
BUDGETS, APPS, ALIASES = 20, 60, 26  # pairs of an app and an alias: 780, on each of 30 days

# Settled evenly through the days of one month in Sydney, at two rates; one call in fifty estimated.
_CALLS = """
INSERT INTO aspire_ledger.entries (request_id, kind, at, month, day, budget, app, alias, key,
    provider, model, nano_aud, usd, usd_per_aud, input_tokens, cached_input_tokens, output_tokens,
    pages, images, note, deployment, call_type, reported_usd, estimated)
SELECT 'call-' || g, 'settled', to_char(timestamp '2026-10-31 13:00' + {step} * g,
    'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00', '{month}',
    to_char(timestamp '2026-11-01' + {step} * g, 'YYYY-MM-DD'),
    'budget-' || g % {budgets}, 'app-' || g % {apps}, 'alias-' || g % {aliases},
    'app-' || g % {apps} || '.main', 'provider-' || g % 6, 'model', 1000000 + g % 5000000,
    ((1000000 + g % 5000000) * 0.6512 / 1e9)::text, CASE WHEN g % 2 = 0 THEN '0.6512' ELSE '0.66' END,
    g % 2000, 0, g % 700, 0, 0, '', 'gw.alias-' || g % {aliases} || '.1', 'acompletion', '',
    CASE WHEN g % 50 = 0 THEN 1 ELSE 0 END
FROM generate_series(1, {calls}) AS g"""
_TOTALS = """
INSERT INTO aspire_ledger.totals (budget, month, spent, calls)
SELECT budget, month, SUM(nano_aud), COUNT(*) FROM aspire_ledger.entries GROUP BY budget, month"""


def write_many(url: str, calls: int) -> None:
    """Fill November 2026 of a new ledger with so many calls."""

    async def tables() -> None:
        async with PostgresStore(url, timeout_s=20) as store:
            await store.prepare()

    asyncio.run(tables())
    step = f"interval '{29.9 * 86400 / calls:.6f} seconds'"
    given = {"step": step, "month": MONTH, "budgets": BUDGETS, "apps": APPS, "aliases": ALIASES}
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_CALLS.format(calls=calls, **given).encode())
        server.execute(_TOTALS)
        server.execute("ANALYZE aspire_ledger.entries")


@dataclass
class Beats:
    """The most processor time (s) that the loop's thread used between two turns of the loop.

    Processor time, because a busy machine stretches every other.
    """

    longest_s: float = 0.0


@asynccontextmanager
async def beating() -> AsyncIterator[Beats]:
    """Watch the running loop until the `with` ends."""
    beats = Beats()

    async def beat() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.002)
            now = time.thread_time()
            beats.longest_s, before = max(beats.longest_s, now - before), now

    task = asyncio.create_task(beat())
    await asyncio.sleep(0.01)
    try:
        yield beats
        await asyncio.sleep(0.01)
    finally:
        task.cancel()
