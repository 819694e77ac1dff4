"""The statements that move money, written once for both databases.

Parameters are named (`:name`; `postgres` rewrites them). What a statement takes
from the one before it stands in braces: SQLite is given it as parameters,
PostgreSQL finds it in the same statement, under that name. What ADMIT decides
`store.verdict` decides too, and a property test compares them.
"""

# The whole decision, in one statement: either the reservation is made, or nothing is. A
# fair budget takes a call that may not fit only when it is alone: else each call that
# ended cheaper than expected would let one more in, and all of them would exceed the cap.
ADMIT = """
INSERT INTO {schema}totals AS total (budget, month, reserved, granted, expected)
SELECT :budget, :month, {least}(wanted.amount, :cap), {least}(wanted.amount, :cap), wanted.amount
FROM (SELECT {least}(:worst, COALESCE((
        SELECT nano_aud FROM {schema}estimates
        WHERE app = :app AND alias = :alias AND :learned = 1), :worst)) AS amount) AS wanted
WHERE :need <= :cap
    AND NOT EXISTS (SELECT 1 FROM {schema}reservations WHERE id = :id)
    AND NOT EXISTS (SELECT 1 FROM {schema}entries WHERE request_id = :id)
ON CONFLICT (budget, month) DO UPDATE SET
    reserved = total.reserved + {least}(excluded.expected, :cap - total.spent - total.reserved),
    granted = {least}(excluded.expected, :cap - total.spent - total.reserved),
    expected = excluded.expected
WHERE total.spent + total.reserved + CASE
    WHEN :learned = 1 AND total.reserved > 0 THEN excluded.expected ELSE :need END <= :cap
RETURNING spent, reserved, granted, expected"""

RESERVE = """
INSERT INTO {schema}reservations (id, budget, month, day, app, alias, key, nano_aud, expected,
    at, expires_at, usd_per_aud)
SELECT :id, :budget, :month, :day, :app, :alias, :key, admitted.granted, admitted.expected,
    :at, :expires_at, :usd_per_aud
FROM {admitted} AS admitted"""

# Why nothing was reserved: how the budget stands, and whether the id is known.
STANDING = """
SELECT COALESCE(total.spent, 0) AS spent, COALESCE(total.reserved, 0) AS reserved,
    COALESCE((SELECT expected FROM {schema}reservations WHERE id = :id), 0) AS expected,
    CASE WHEN EXISTS (SELECT 1 FROM {schema}entries WHERE request_id = :id) THEN 'booked'
         WHEN EXISTS (SELECT 1 FROM {schema}reservations WHERE id = :id) THEN 'held'
         ELSE 'unknown' END AS known
FROM (SELECT 1 AS one) AS always
LEFT JOIN {schema}totals AS total ON total.budget = :budget AND total.month = :month"""

FREE = """
DELETE FROM {schema}reservations WHERE id = :id
RETURNING budget, month, day, app, alias, key, nano_aud, usd_per_aud, '' AS remark"""

# For what was not reserved. A closed month is full: what comes late counts for the next.
GIVEN = """
SELECT :budget AS budget, paying.month AS month,
    CASE WHEN paying.month = :month THEN :day ELSE '' END AS day,
    :app AS app, :alias AS alias, :key AS key, 0 AS nano_aud, :usd_per_aud AS usd_per_aud,
    CASE WHEN paying.month = :month THEN '' ELSE ' (of ' || :month || ', closed)' END AS remark
FROM (SELECT {greatest}(:month, COALESCE(
    (SELECT MAX(following) FROM {schema}closings), :month)) AS month) AS paying"""

BOOK = """
INSERT INTO {schema}entries (request_id, kind, at, month, day, budget, app, alias, key, provider,
    model, nano_aud, usd, usd_per_aud, note, deployment, call_type, reported_usd, estimated, {units})
SELECT :id, :kind, :at, freed.month, freed.day, freed.budget, freed.app, freed.alias, freed.key,
    :provider, :model, :cost, :usd, freed.usd_per_aud, :note || freed.remark, :deployment,
    :call_type, :reported_usd, :estimated, {given_units}
FROM {freed} AS freed WHERE true
ON CONFLICT DO NOTHING
RETURNING nano_aud, budget, month, app, alias"""

ADD = """
INSERT INTO {schema}totals AS total (budget, month, spent, reserved, calls)
SELECT moved.budget, moved.month, moved.spent, moved.reserved, moved.calls
FROM {moved} AS moved WHERE true
ON CONFLICT (budget, month) DO UPDATE SET
    spent = total.spent + excluded.spent,
    reserved = total.reserved + excluded.reserved,
    calls = total.calls + excluded.calls
RETURNING budget, month, spent"""

# A high mark that sinks slowly: dear calls are believed at once, cheap ones by and by.
LEARN = """
INSERT INTO {schema}estimates AS known (app, alias, nano_aud)
SELECT booked.app, booked.alias, booked.nano_aud FROM {booked} AS booked WHERE :learn = 1
ON CONFLICT (app, alias) DO UPDATE SET nano_aud = CASE
    WHEN excluded.nano_aud >= known.nano_aud THEN excluded.nano_aud
    ELSE known.nano_aud - (known.nano_aud - excluded.nano_aud) / 16 END"""

WARN = """
INSERT INTO {schema}warnings (budget, month, percent, at)
SELECT added.budget, added.month, declared.percent, :at
FROM {added} AS added, {percents} AS declared
WHERE :cap > 0 AND added.spent * 100 >= declared.percent * :cap
ON CONFLICT DO NOTHING
RETURNING percent"""

FILL_CLOSING = """
UPDATE {schema}closings SET entries = :entries, digest = :digest, shares = :shares,
    format = :format, full_digest = :full_digest
WHERE month = :month AND digest IS NULL"""

CLOSE = """
INSERT INTO {schema}closings (month, following, at)
SELECT :month, :following, :at
WHERE NOT EXISTS (SELECT 1 FROM {schema}reservations WHERE month <= :month)
ON CONFLICT DO NOTHING"""

FORGET = "DELETE FROM {schema}entries WHERE month = :month"

MARK_FORGOTTEN = "UPDATE {schema}closings SET forgotten = 1 WHERE month = :month"

# Rows are added in one order by every process, so that none waits for another in a ring.
COUNT_FAILURES = """
INSERT INTO {schema}failures AS known (day, app, alias, deployment, outcome, calls)
SELECT day, app, alias, deployment, outcome, CAST(SUM(calls) AS BIGINT)
FROM {sent_failures} WHERE true
GROUP BY day, app, alias, deployment, outcome
ORDER BY day, app, alias, deployment, outcome
ON CONFLICT (day, app, alias, deployment, outcome) DO UPDATE SET
    calls = known.calls + excluded.calls"""

# Callers choose the names of parameters: beyond so many rows of an app's day, new ones are
# counted together, or one of them could fill the disk.
COUNT_PARAMETERS = """
INSERT INTO {schema}seen_parameters AS known (day, app, alias, call_type, parameter, outcome, calls)
SELECT day, app, alias, call_type, parameter, outcome, CAST(SUM(calls) AS BIGINT) FROM (
    SELECT sent.day, sent.app, sent.alias, sent.call_type, sent.outcome, sent.calls,
        CASE WHEN (SELECT COUNT(*) FROM {schema}seen_parameters AS seen
                WHERE seen.day = sent.day AND seen.app = sent.app) + sent.place <= :most
            OR EXISTS (SELECT 1 FROM {schema}seen_parameters AS seen
                WHERE seen.day = sent.day AND seen.app = sent.app AND seen.alias = sent.alias
                    AND seen.call_type = sent.call_type AND seen.parameter = sent.parameter
                    AND seen.outcome = sent.outcome)
            THEN sent.parameter ELSE :others END AS parameter
    FROM {sent_parameters}) AS counted
WHERE true
GROUP BY day, app, alias, call_type, parameter, outcome
ORDER BY day, app, alias, call_type, parameter, outcome
ON CONFLICT (day, app, alias, call_type, parameter, outcome) DO UPDATE SET
    calls = known.calls + excluded.calls"""
