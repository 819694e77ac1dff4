"""The questions that change nothing, written once for both databases; `dialect` fills the braces."""

from typing import Final

RESERVATION: Final = (
    "id, budget, day, app, alias, key, nano_aud, expected, at, expires_at, usd_per_aud"
)
ENTRY: Final = (
    "number, request_id, kind, at, month, day, budget, app, alias, key, provider, model,"
    " nano_aud, usd, usd_per_aud, input_tokens, cached_input_tokens, output_tokens,"
    " pages, images, note"
)
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

DAILY: Final = (
    "SELECT day, CAST(SUM(nano_aud) AS BIGINT),"
    " COUNT(CASE WHEN {is_call} THEN 1 END) FROM {schema}entries"
    " WHERE month = :month AND budget = :budget AND day <> '' GROUP BY day ORDER BY day"
)

# The newest day first, so that a limit cuts off the oldest. A correction is no call; it takes
# back the money and the units that were booked too much. Months are there for the index.
TRAFFIC: Final = (
    "SELECT day, budget, app, alias, COUNT(CASE WHEN {is_call} THEN 1 END),"
    " CAST(SUM(nano_aud) AS BIGINT), CAST(SUM(input_tokens) AS BIGINT),"
    " CAST(SUM(cached_input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),"
    " CAST(SUM(pages) AS BIGINT), CAST(SUM(images) AS BIGINT) FROM {schema}entries"
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
    "SELECT month, at, entries, digest, shares, forgotten FROM {schema}closings"
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
