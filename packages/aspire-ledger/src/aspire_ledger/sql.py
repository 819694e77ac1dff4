"""Every statement that the ledger sends to PostgreSQL: what moves money, and what only asks.

Parameters are named (`:name`; `postgres` translates them for the driver). A step that
moves money is one statement, however many tables it touches: each wait costs a turn of
the gateway's event loop, and a busy loop makes that dear. What `ADMIT` decides
`store.verdict` decides too, and a property test compares them.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from aspire_ledger.tables import EVERY_ENTRY_COLUMN
from aspire_ledger.values import UNITS, Process

_UNITS: Final = ", ".join(UNITS)
_GIVEN_UNITS: Final = ", ".join(f":{unit}" for unit in UNITS)
_UNIT_SUMS: Final = ", ".join(f"CAST(SUM({unit}) AS BIGINT)" for unit in UNITS)

# ── steps that move money ────────────────────────────────────────────────────

# The whole decision, in one statement: either the reservation is made, or nothing is. A
# fair budget takes a call that may not fit only when it is alone: else each call that
# ended cheaper than expected would let one more in, and all of them would exceed the cap.
_RESERVED: Final = """
INSERT INTO aspire_ledger.totals AS total (budget, month, reserved, granted, expected)
SELECT :budget, :month, LEAST(wanted.amount, :cap), LEAST(wanted.amount, :cap), wanted.amount
FROM (SELECT LEAST(:worst, COALESCE((
        SELECT nano_aud FROM aspire_ledger.estimates
        WHERE app = :app AND alias = :alias AND :learned = 1), :worst)) AS amount) AS wanted
WHERE :need <= :cap
    AND NOT EXISTS (SELECT 1 FROM aspire_ledger.reservations WHERE id = :id)
    AND NOT EXISTS (SELECT 1 FROM aspire_ledger.entries WHERE request_id = :id)
ON CONFLICT (budget, month) DO UPDATE SET
    reserved = total.reserved + LEAST(excluded.expected, :cap - total.spent - total.reserved),
    granted = LEAST(excluded.expected, :cap - total.spent - total.reserved),
    expected = excluded.expected
WHERE total.spent + total.reserved + CASE
    WHEN :learned = 1 AND total.reserved > 0 THEN excluded.expected ELSE :need END <= :cap
RETURNING spent, reserved, granted, expected"""

_RESERVATION_MADE: Final = """
INSERT INTO aspire_ledger.reservations (id, budget, month, day, app, alias, key, nano_aud, expected,
    at, expires_at, usd_per_aud)
SELECT :id, :budget, :month, :day, :app, :alias, :key, admitted.granted, admitted.expected,
    :at, :expires_at, :usd_per_aud
FROM admitted"""

# Why nothing was reserved: how the budget stands, and whether the id is known.
_STANDING: Final = """
SELECT COALESCE(total.spent, 0) AS spent, COALESCE(total.reserved, 0) AS reserved,
    COALESCE((SELECT expected FROM aspire_ledger.reservations WHERE id = :id), 0) AS expected,
    CASE WHEN EXISTS (SELECT 1 FROM aspire_ledger.entries WHERE request_id = :id) THEN 'booked'
         WHEN EXISTS (SELECT 1 FROM aspire_ledger.reservations WHERE id = :id) THEN 'held'
         ELSE 'unknown' END AS known
FROM (SELECT 1 AS one) AS always
LEFT JOIN aspire_ledger.totals AS total ON total.budget = :budget AND total.month = :month"""

_FREED: Final = """
DELETE FROM aspire_ledger.reservations WHERE id = :id
RETURNING budget, month, day, app, alias, key, nano_aud, usd_per_aud, '' AS remark"""

# For what was not reserved. A closed month is full: what comes late counts for the next.
_GIVEN: Final = """
SELECT :budget AS budget, paying.month AS month,
    CASE WHEN paying.month = :month THEN :day ELSE '' END AS day,
    :app AS app, :alias AS alias, :key AS key, 0 AS nano_aud, :usd_per_aud AS usd_per_aud,
    CASE WHEN paying.month = :month THEN '' ELSE ' (of ' || :month || ', closed)' END AS remark
FROM (SELECT GREATEST(:month, COALESCE(
    (SELECT MAX(following) FROM aspire_ledger.closings), :month)) AS month) AS paying"""

_BOOKED: Final = f"""
INSERT INTO aspire_ledger.entries (request_id, kind, at, month, day, budget, app, alias, key, provider,
    model, nano_aud, usd, usd_per_aud, note, deployment, call_type, reported_usd, estimated, {_UNITS})
SELECT :id, :kind, :at, freed.month, freed.day, freed.budget, freed.app, freed.alias, freed.key,
    :provider, :model, :cost, :usd, freed.usd_per_aud, :note || freed.remark, :deployment,
    :call_type, :reported_usd, :estimated, {_GIVEN_UNITS}
FROM freed
ON CONFLICT DO NOTHING
RETURNING nano_aud, budget, month, app, alias"""

_ADDED: Final = """
INSERT INTO aspire_ledger.totals AS total (budget, month, spent, reserved, calls)
SELECT moved.budget, moved.month, moved.spent, moved.reserved, moved.calls
FROM moved
ON CONFLICT (budget, month) DO UPDATE SET
    spent = total.spent + excluded.spent,
    reserved = total.reserved + excluded.reserved,
    calls = total.calls + excluded.calls
RETURNING budget, month, spent"""

# A high mark that sinks slowly: dear calls are believed at once, cheap ones by and by.
_LEARNED: Final = """
INSERT INTO aspire_ledger.estimates AS known (app, alias, nano_aud)
SELECT booked.app, booked.alias, booked.nano_aud FROM booked CROSS JOIN added WHERE :learn = 1
ON CONFLICT (app, alias) DO UPDATE SET nano_aud = CASE
    WHEN excluded.nano_aud >= known.nano_aud THEN excluded.nano_aud
    ELSE known.nano_aud - (known.nano_aud - excluded.nano_aud) / 16 END"""

_WARNED: Final = """
INSERT INTO aspire_ledger.warnings (budget, month, percent, at)
SELECT added.budget, added.month, declared.percent, :at
FROM added, unnest(CAST(:percents AS bigint[])) AS declared (percent)
WHERE :cap > 0 AND added.spent * 100 >= declared.percent * :cap
ON CONFLICT DO NOTHING
RETURNING percent"""

ADMIT: Final = f"""
WITH admitted AS ({_RESERVED}),
    made AS ({_RESERVATION_MADE})
SELECT spent, reserved, expected, 'new' AS known FROM admitted
UNION ALL
SELECT * FROM ({_STANDING}) AS standing WHERE NOT EXISTS (SELECT 1 FROM admitted)"""

# Every statement takes its locks in this order: reservation, total, estimate, warning.
_TAIL: Final = f"""
    added AS ({_ADDED}),
    learned AS ({_LEARNED}),
    warned AS ({_WARNED})
SELECT added.budget, added.month, (SELECT nano_aud FROM booked), added.spent,
    ARRAY(SELECT percent FROM warned ORDER BY percent)
FROM added"""

SETTLE: Final = f"""
WITH freed AS ({_FREED}),
    booked AS ({_BOOKED}),
    moved AS (
        SELECT freed.budget, freed.month, COALESCE(booked.nano_aud, 0) AS spent,
            -freed.nano_aud AS reserved,
            CASE WHEN booked.nano_aud IS NULL THEN 0 ELSE :calls END AS calls
        FROM freed LEFT JOIN booked ON true),
    {_TAIL}"""

BOOK: Final = f"""
WITH freed AS ({_GIVEN}),
    booked AS ({_BOOKED}),
    moved AS (
        SELECT budget, month, nano_aud AS spent, 0 AS reserved, :calls AS calls FROM booked),
    {_TAIL}"""

FREE: Final = f"""
WITH freed AS ({_FREED}),
    moved AS (
        SELECT budget, month, 0 AS spent, -nano_aud AS reserved, 0 AS calls FROM freed),
    added AS ({_ADDED})
SELECT 1 FROM added"""

ALONE: Final = "LOCK TABLE aspire_ledger.entries IN SHARE ROW EXCLUSIVE MODE"

# ── months, and what is counted beside money ─────────────────────────────────

FILL_CLOSING: Final = """
UPDATE aspire_ledger.closings SET entries = :entries, digest = :digest, shares = :shares,
    format = :format, full_digest = :full_digest
WHERE month = :month AND digest IS NULL"""

CLOSE: Final = """
INSERT INTO aspire_ledger.closings (month, following, at)
SELECT :month, :following, :at
WHERE NOT EXISTS (SELECT 1 FROM aspire_ledger.reservations WHERE month <= :month)
ON CONFLICT DO NOTHING"""

FORGET: Final = "DELETE FROM aspire_ledger.entries WHERE month = :month"

MARK_FORGOTTEN: Final = "UPDATE aspire_ledger.closings SET forgotten = 1 WHERE month = :month"

# Rows are added in one order by every process, so that none waits for another in a ring.
COUNT_FAILURES: Final = """
INSERT INTO aspire_ledger.failures AS known (day, app, alias, deployment, outcome, calls)
SELECT day, app, alias, deployment, outcome, CAST(SUM(calls) AS BIGINT)
FROM json_to_recordset(CAST(:rows AS json)) AS sent (
    day text, app text, alias text, deployment text, outcome text, calls bigint)
GROUP BY day, app, alias, deployment, outcome
ORDER BY day, app, alias, deployment, outcome
ON CONFLICT (day, app, alias, deployment, outcome) DO UPDATE SET
    calls = known.calls + excluded.calls"""

# Callers choose the names of parameters: beyond so many rows of an app's day, new ones are
# counted together, or one of them could fill the disk.
COUNT_PARAMETERS: Final = """
INSERT INTO aspire_ledger.seen_parameters AS known (day, app, alias, call_type, parameter, outcome, calls)
SELECT day, app, alias, call_type, parameter, outcome, CAST(SUM(calls) AS BIGINT) FROM (
    SELECT sent.day, sent.app, sent.alias, sent.call_type, sent.outcome, sent.calls,
        CASE WHEN (SELECT COUNT(*) FROM aspire_ledger.seen_parameters AS seen
                WHERE seen.day = sent.day AND seen.app = sent.app) + sent.place <= :most
            OR EXISTS (SELECT 1 FROM aspire_ledger.seen_parameters AS seen
                WHERE seen.day = sent.day AND seen.app = sent.app AND seen.alias = sent.alias
                    AND seen.call_type = sent.call_type AND seen.parameter = sent.parameter
                    AND seen.outcome = sent.outcome)
            THEN sent.parameter ELSE :others END AS parameter
    FROM json_to_recordset(CAST(:rows AS json)) AS sent (
        day text, app text, alias text, call_type text, parameter text, outcome text,
        calls bigint, place bigint)) AS counted
GROUP BY day, app, alias, call_type, parameter, outcome
ORDER BY day, app, alias, call_type, parameter, outcome
ON CONFLICT (day, app, alias, call_type, parameter, outcome) DO UPDATE SET
    calls = known.calls + excluded.calls"""

FORGET_FAILURES: Final = "DELETE FROM aspire_ledger.failures WHERE day < :day"

FORGET_PARAMETERS: Final = "DELETE FROM aspire_ledger.seen_parameters WHERE day < :day"

# ── questions ────────────────────────────────────────────────────────────────

_RESERVATION: Final = (
    "id, budget, day, app, alias, key, nano_aud, expected, at, expires_at, usd_per_aud"
)
_ENTRY: Final = ", ".join(EVERY_ENTRY_COLUMN)
_IS_CALL: Final = "kind IN ('settled', 'unadmitted', 'recovered')"

ESTIMATE: Final = "SELECT nano_aud FROM aspire_ledger.estimates WHERE app = :app AND alias = :alias"

EXPIRED: Final = (
    f"SELECT {_RESERVATION} FROM aspire_ledger.reservations"
    " WHERE expires_at < :now ORDER BY expires_at, id LIMIT 1000"
)

ENTRY: Final = f"SELECT {_ENTRY} FROM aspire_ledger.entries WHERE request_id = :id AND {_IS_CALL}"

TOTALS: Final = (
    "SELECT budget, month, spent, reserved, calls FROM aspire_ledger.totals"
    " WHERE month = :month ORDER BY budget"
)

SPENT: Final = "SELECT spent FROM aspire_ledger.totals WHERE budget = :budget AND month = :month"

# Who has what of a month, by each column that people ask for.
SPENT_BY: Final[Mapping[str, str]] = {
    column: (
        f"SELECT {column}, CAST(SUM(nano_aud) AS BIGINT) AS spent,"
        f" COUNT(CASE WHEN {_IS_CALL} THEN 1 END) FROM aspire_ledger.entries"
        f" WHERE month = :month GROUP BY {column} ORDER BY spent DESC, {column}"
    )
    for column in ("app", "alias", "provider", "budget")
}

# An entry that a later one of the same month corrected is no longer an estimate.
ESTIMATED: Final = (
    "SELECT budget, CAST(SUM(nano_aud) AS BIGINT) AS spent, COUNT(*)"
    " FROM aspire_ledger.entries AS first WHERE month = :month AND estimated = 1"
    " AND NOT EXISTS (SELECT 1 FROM aspire_ledger.entries AS late"
    " WHERE late.request_id = first.request_id AND late.kind = 'corrected'"
    " AND late.month = first.month)"
    " GROUP BY budget ORDER BY spent DESC, budget"
)

_USD: Final = "CAST({name}.usd AS NUMERIC)"
_REPORTED: Final = "CAST(COALESCE(NULLIF({name}.reported_usd, ''), '0') AS NUMERIC)"

# A call that was corrected is judged by both of its entries. What was recovered as the
# gateway's log says, agrees with it, of course.
PRICE_DIFFERENCES: Final = (
    "SELECT request_id, alias, deployment, booked, reported, COUNT(*) OVER () FROM ("
    f" SELECT one.request_id, one.alias, one.deployment, {_USD.format(name='one')} AS booked,"
    f" {_REPORTED.format(name='one')} AS reported FROM aspire_ledger.entries AS one"
    " WHERE one.month = :month AND one.kind IN ('settled', 'unadmitted')"
    " AND one.reported_usd <> ''"
    " UNION ALL SELECT late.request_id, late.alias, late.deployment,"
    f" {_USD.format(name='first')} + {_USD.format(name='late')},"
    f" {_REPORTED.format(name='first')} + {_REPORTED.format(name='late')}"
    " FROM aspire_ledger.entries AS late JOIN aspire_ledger.entries AS first"
    " ON first.request_id = late.request_id AND first.kind = 'recovered'"
    " WHERE late.month = :month AND late.kind = 'corrected' AND late.reported_usd <> ''"
    ") AS figures WHERE ABS(booked - reported) > 0.000000001"
    " AND ABS(booked - reported) * 1000 > :permille * GREATEST(ABS(booked), ABS(reported))"
    " ORDER BY ABS(booked - reported) DESC, request_id LIMIT :most"
)

# Pages of a thousand, each after the last row of the one before.
FAILURES: Final = (
    "SELECT day, app, alias, deployment, outcome, calls FROM aspire_ledger.failures"
    " WHERE day >= :since AND day <= :until AND (day, app, alias, deployment, outcome)"
    " > (:day, :app, :alias, :deployment, :outcome)"
    " ORDER BY day, app, alias, deployment, outcome LIMIT 1000"
)

SEEN_PARAMETERS: Final = (
    "SELECT day, app, alias, call_type, parameter, outcome, calls FROM aspire_ledger.seen_parameters"
    " WHERE day >= :since AND day <= :until AND (day, app, alias, call_type, parameter, outcome)"
    " > (:day, :app, :alias, :call_type, :parameter, :outcome)"
    " ORDER BY day, app, alias, call_type, parameter, outcome LIMIT 1000"
)

# In nano-AUD and at the entries' own rates, so that the caller can convert exactly.
SPENT_BY_KEY: Final = (
    "SELECT key, usd_per_aud, CAST(SUM(nano_aud) AS BIGINT) FROM aspire_ledger.entries"
    " WHERE month = :month AND key <> '' GROUP BY key, usd_per_aud"
)

DAILY: Final = (
    "SELECT day, CAST(SUM(nano_aud) AS BIGINT),"
    f" COUNT(CASE WHEN {_IS_CALL} THEN 1 END) FROM aspire_ledger.entries"
    " WHERE month = :month AND budget = :budget AND day <> '' GROUP BY day ORDER BY day"
)

# The newest day first, so that a limit cuts off the oldest. A correction is not a call; it takes
# back the money and the units that were booked too much. Months are there for the index.
TRAFFIC: Final = (
    f"SELECT day, budget, app, alias, COUNT(CASE WHEN {_IS_CALL} THEN 1 END),"
    f" CAST(SUM(nano_aud) AS BIGINT), {_UNIT_SUMS} FROM aspire_ledger.entries"
    " WHERE month >= :first_month AND month <= :last_month AND day >= :since AND day <= :until"
    " AND kind <> 'adjusted'"
    " GROUP BY day, budget, app, alias ORDER BY day DESC, budget, app, alias LIMIT :most"
)

# Entries are numbered as calls end, so the very first may be of the day after.
FIRST_DAY: Final = (
    "SELECT MIN(day) FROM (SELECT day FROM aspire_ledger.entries WHERE day > ''"
    " ORDER BY number LIMIT 1000) AS first"
)

ENTRIES: Final = (
    f"SELECT {_ENTRY} FROM aspire_ledger.entries WHERE number > :after"
    " AND (month = :month OR :month = '') AND (budget = :budget OR :budget = '')"
    " ORDER BY number LIMIT 1000"
)

CLOSINGS: Final = (
    "SELECT month, at, entries, digest, shares, forgotten, format, full_digest"
    " FROM aspire_ledger.closings"
    " WHERE digest IS NOT NULL ORDER BY month"
)

UNDER_WAY: Final = "SELECT COUNT(*) FROM aspire_ledger.reservations WHERE month <= :month"

# One statement, so that nothing moves between what is compared. Months whose entries
# were forgotten are not in it: there `audit` compares the closing.
SUMS: Final = (
    "SELECT budget, month, CAST(SUM(spent) AS BIGINT), CAST(SUM(entered) AS BIGINT),"
    " CAST(SUM(reserved) AS BIGINT), CAST(SUM(held) AS BIGINT),"
    " CAST(SUM(calls) AS BIGINT), CAST(SUM(counted) AS BIGINT) FROM ("
    " SELECT budget, month, spent, 0 AS entered, reserved, 0 AS held, calls, 0 AS counted"
    " FROM aspire_ledger.totals"
    " UNION ALL SELECT budget, month, 0, SUM(nano_aud), 0, 0, 0,"
    f" COUNT(CASE WHEN {_IS_CALL} THEN 1 END) FROM aspire_ledger.entries GROUP BY budget, month"
    " UNION ALL SELECT budget, month, 0, 0, 0, SUM(nano_aud), 0, 0"
    " FROM aspire_ledger.reservations GROUP BY budget, month) AS both_sides"
    " GROUP BY budget, month ORDER BY month, budget"
)

GATEWAY_HAS_LOG: Final = """SELECT to_regclass('public."LiteLLM_SpendLogs"') IS NOT NULL"""

# What LiteLLM's own spend log says of a month, where it lies in the same database.
# A call counts for the month of its admission. The log has the start, a moment later: so
# whatever the ledger knows goes by the ledger's month, and the rest by its start.
LOGGED: Final = """
SELECT log.id, SUM(log.spend) FROM (
    SELECT metadata->'spend_logs_metadata'->>'aspire_ledger' AS id, spend, "startTime" AS at
    FROM public."LiteLLM_SpendLogs"
    WHERE "startTime" >= CAST(:since AS timestamp) - INTERVAL '1 day'
      AND "startTime" < CAST(:until AS timestamp) + INTERVAL '1 day'
) AS log
LEFT JOIN (SELECT DISTINCT request_id, month FROM aspire_ledger.entries) AS known
    ON known.request_id = log.id
WHERE log.id IS NOT NULL AND (known.month = :month OR (known.month IS NULL
    AND log.at >= CAST(:since AS timestamp) AND log.at < CAST(:until AS timestamp)
    AND log.spend > 0))
GROUP BY log.id"""

# ── gateway processes ────────────────────────────────────────────────────────

# By the database's clock, as `rows.moment_text` writes it: those of gateways may differ.
_CLOCK: Final = """to_char(({moment}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
_NOW: Final = _CLOCK.format(moment="CURRENT_TIMESTAMP")
_START: Final = _CLOCK.format(
    moment="CURRENT_TIMESTAMP - CAST(:up_s AS bigint) * INTERVAL '1 second'"
)
_DAY_AGO: Final = _CLOCK.format(moment="CURRENT_TIMESTAMP - INTERVAL '1 day'")
_FACTS: Final = tuple(field.name for field in fields(Process) if field.name != "id")

# Those that were killed leave a row, and the next one that is alive takes it away.
BEAT: Final = (
    f"WITH lost AS (DELETE FROM aspire_ledger.processes WHERE heartbeat_at < {_DAY_AGO})"
    f" INSERT INTO aspire_ledger.processes (id, started_at, heartbeat_at, {', '.join(_FACTS)})"
    f" VALUES (:id, {_START}, {_NOW}, {', '.join(f':{name}' for name in _FACTS)})"
    f" ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, "
    + ", ".join(f"{name} = excluded.{name}" for name in _FACTS)
)

LEAVE: Final = "DELETE FROM aspire_ledger.processes WHERE id = :id"

PROCESSES: Final = (
    f"SELECT id, {', '.join(_FACTS)}, started_at, heartbeat_at, {_NOW}"
    " FROM aspire_ledger.processes ORDER BY heartbeat_at DESC, id LIMIT 200"
)
