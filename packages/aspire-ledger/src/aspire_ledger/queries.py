"""The questions that change nothing, written once for both databases; `dialect` fills the braces."""

from typing import Final

from aspire_ledger.additions import EVERY_ENTRY_COLUMN

RESERVATION: Final = (
    "id, budget, day, app, alias, key, nano_aud, expected, at, expires_at, usd_per_aud"
)
ENTRY: Final = ", ".join(EVERY_ENTRY_COLUMN)
IS_CALL: Final = "kind IN ('settled', 'unadmitted', 'recovered')"

ESTIMATE: Final = "SELECT nano_aud FROM {schema}estimates WHERE app = :app AND alias = :alias"

EXPIRED: Final = (
    "SELECT {reservation} FROM {schema}reservations"
    " WHERE expires_at < :now ORDER BY expires_at, id LIMIT 1000"
)

BOOKED: Final = "SELECT {entry} FROM {schema}entries WHERE request_id = :id AND {is_call}"

TOTALS: Final = (
    "SELECT budget, month, spent, reserved, calls FROM {schema}totals"
    " WHERE month = :month ORDER BY budget"
)

SPENT: Final = "SELECT spent FROM {schema}totals WHERE budget = :budget AND month = :month"

# `{column}` is one of a fixed list, never what somebody typed.
SPENT_BY: Final = (
    "SELECT {column}, CAST(SUM(nano_aud) AS BIGINT) AS spent,"
    " COUNT(CASE WHEN {is_call} THEN 1 END) FROM {schema}entries"
    " WHERE month = :month GROUP BY {column} ORDER BY spent DESC, {column}"
)

# What a later entry of the same month corrected is no estimate any more.
ESTIMATED: Final = (
    "SELECT budget, CAST(SUM(nano_aud) AS BIGINT) AS spent, COUNT(*)"
    " FROM {schema}entries AS first WHERE month = :month AND estimated = 1"
    " AND NOT EXISTS (SELECT 1 FROM {schema}entries AS late"
    " WHERE late.request_id = first.request_id AND late.kind = 'corrected'"
    " AND late.month = first.month)"
    " GROUP BY budget ORDER BY spent DESC, budget"
)

_USD: Final = "CAST({name}.usd AS NUMERIC)"
_REPORTED: Final = "CAST(COALESCE(NULLIF({name}.reported_usd, ''), '0') AS NUMERIC)"

# A call that was corrected is judged by both of its entries. What was recovered as the
# gateway's log says, agrees with it, of course.
PRICE_DIFFERENCES: Final = (
    "SELECT request_id, alias, deployment, booked, reported, COUNT(*) OVER () FROM ("  # noqa: S608 (constants)
    f" SELECT one.request_id, one.alias, one.deployment, {_USD.format(name='one')} AS booked,"
    f" {_REPORTED.format(name='one')} AS reported FROM {{schema}}entries AS one"
    " WHERE one.month = :month AND one.kind IN ('settled', 'unadmitted')"
    " AND one.reported_usd <> ''"
    " UNION ALL SELECT late.request_id, late.alias, late.deployment,"
    f" {_USD.format(name='first')} + {_USD.format(name='late')},"
    f" {_REPORTED.format(name='first')} + {_REPORTED.format(name='late')}"
    " FROM {schema}entries AS late JOIN {schema}entries AS first"
    " ON first.request_id = late.request_id AND first.kind = 'recovered'"
    " WHERE late.month = :month AND late.kind = 'corrected' AND late.reported_usd <> ''"
    ") AS figures WHERE ABS(booked - reported) > 0.000000001"
    " AND ABS(booked - reported) * 1000 > :permille * {greatest}(ABS(booked), ABS(reported))"
    " ORDER BY ABS(booked - reported) DESC, request_id LIMIT :most"
)

# Pages of a thousand, each after the last row of the one before.
FAILURES: Final = (
    "SELECT day, app, alias, deployment, outcome, calls FROM {schema}failures"
    " WHERE day >= :since AND day <= :until AND (day, app, alias, deployment, outcome)"
    " > (:day, :app, :alias, :deployment, :outcome)"
    " ORDER BY day, app, alias, deployment, outcome LIMIT 1000"
)

SEEN_PARAMETERS: Final = (
    "SELECT day, app, alias, call_type, parameter, outcome, calls FROM {schema}seen_parameters"
    " WHERE day >= :since AND day <= :until AND (day, app, alias, call_type, parameter, outcome)"
    " > (:day, :app, :alias, :call_type, :parameter, :outcome)"
    " ORDER BY day, app, alias, call_type, parameter, outcome LIMIT 1000"
)

# In nano-AUD and at the entries' own rates, so that whoever asks can convert exactly.
SPENT_BY_KEY: Final = (
    "SELECT key, usd_per_aud, CAST(SUM(nano_aud) AS BIGINT) FROM {schema}entries"
    " WHERE month = :month AND key <> '' GROUP BY key, usd_per_aud"
)

DAILY: Final = (
    "SELECT day, CAST(SUM(nano_aud) AS BIGINT),"
    " COUNT(CASE WHEN {is_call} THEN 1 END) FROM {schema}entries"
    " WHERE month = :month AND budget = :budget AND day <> '' GROUP BY day ORDER BY day"
)

# The newest day first, so that a limit cuts off the oldest. A correction is no call; it takes
# back the money and the units that were booked too much. Months are there for the index.
TRAFFIC: Final = (
    "SELECT day, budget, app, alias, COUNT(CASE WHEN {is_call} THEN 1 END),"
    " CAST(SUM(nano_aud) AS BIGINT), {unit_sums} FROM {schema}entries"
    " WHERE month >= :first_month AND month <= :last_month AND day >= :since AND day <= :until"
    " AND kind <> 'adjusted'"
    " GROUP BY day, budget, app, alias ORDER BY day DESC, budget, app, alias LIMIT :most"
)

# Entries are numbered as calls end, so the very first may be of the day after.
FIRST_DAY: Final = (
    "SELECT MIN(day) FROM (SELECT day FROM {schema}entries WHERE day > ''"
    " ORDER BY number LIMIT 1000) AS first"
)

ENTRIES: Final = (
    "SELECT {entry} FROM {schema}entries WHERE number > :after"
    " AND (month = :month OR :month = '') AND (budget = :budget OR :budget = '')"
    " ORDER BY number LIMIT 1000"
)

CLOSINGS: Final = (
    "SELECT month, at, entries, digest, shares, forgotten, format, full_digest"
    " FROM {schema}closings"
    " WHERE digest IS NOT NULL ORDER BY month"
)

UNDER_WAY: Final = "SELECT COUNT(*) FROM {schema}reservations WHERE month <= :month"

# One statement, so that nothing moves between what is compared. Months whose entries
# were forgotten are not in it: there `verifying` compares the closing.
SUMS: Final = (
    "SELECT budget, month, CAST(SUM(spent) AS BIGINT), CAST(SUM(entered) AS BIGINT),"
    " CAST(SUM(reserved) AS BIGINT), CAST(SUM(held) AS BIGINT),"
    " CAST(SUM(calls) AS BIGINT), CAST(SUM(counted) AS BIGINT) FROM ("
    " SELECT budget, month, spent, 0 AS entered, reserved, 0 AS held, calls, 0 AS counted"
    " FROM {schema}totals"
    " UNION ALL SELECT budget, month, 0, SUM(nano_aud), 0, 0, 0,"
    " COUNT(CASE WHEN {is_call} THEN 1 END) FROM {schema}entries GROUP BY budget, month"
    " UNION ALL SELECT budget, month, 0, 0, 0, SUM(nano_aud), 0, 0"
    " FROM {schema}reservations GROUP BY budget, month) AS both_sides"
    " GROUP BY budget, month ORDER BY month, budget"
)
