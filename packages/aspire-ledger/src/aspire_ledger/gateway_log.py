"""What LiteLLM's own spend log says calls cost, where the ledger lies in the same database.

Reads only. The log is no truth of its own: a killed gateway loses seconds of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from aspire_ledger.booking import Booking
from aspire_ledger.store import StoreRefused
from aspire_ledger.tables import SCHEMA

_EXISTS = """SELECT to_regclass('public."LiteLLM_SpendLogs"') IS NOT NULL"""

# A call counts for the month of its admission. The log has the start, a moment later: so
# whatever the ledger knows goes by the ledger's month, and the rest by its start.
_LOGGED = f"""
SELECT log.id, SUM(log.spend) FROM (
    SELECT metadata->'spend_logs_metadata'->>'aspire_ledger' AS id, spend, "startTime" AS at
    FROM public."LiteLLM_SpendLogs"
    WHERE "startTime" >= CAST(:since AS timestamp) - INTERVAL '1 day'
      AND "startTime" < CAST(:until AS timestamp) + INTERVAL '1 day'
) AS log
LEFT JOIN (SELECT DISTINCT request_id, month FROM {SCHEMA}.entries) AS known
    ON known.request_id = log.id
WHERE log.id IS NOT NULL AND (known.month = :month OR (known.month IS NULL
    AND log.at >= CAST(:since AS timestamp) AND log.at < CAST(:until AS timestamp)
    AND log.spend > 0))
GROUP BY log.id"""  # noqa: S608 (our own constant)


async def logged_in(
    store: Booking, month: str, since: datetime, until: datetime
) -> Sequence[tuple[str, Decimal]]:
    """Return each call of a month by our id, and its cost in US dollars.

    Args:
        store: A ledger in the gateway's own PostgreSQL database.
        month: `2026-11`.
        since: When the month begins (aware).
        until: When it ends.

    Raises:
        StoreRefused: The gateway's log is not in this database.
        StoreUnavailable: Try again.
    """
    ((there,),) = await store.rows(_EXISTS)
    if not there:
        raise StoreRefused("the gateway's log of spend is not in the ledger's database")
    rows = await store.rows(_LOGGED, month=month, since=_utc(since), until=_utc(until))
    return [(name, Decimal(str(spend))) for name, spend in rows]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
