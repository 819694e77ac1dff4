"""The statements that move money, written once for both databases.

Parameters are named (`:name` for SQLite; `postgres` rewrites them). What is
decided here is decided by `store.verdict` too, and a property test compares them.
"""

MAKE_TOTAL = """
INSERT INTO {schema}totals (budget, month) VALUES (:budget, :month)
ON CONFLICT (budget, month) DO NOTHING"""

# The whole decision, in one statement: either the reservation is made, or nothing is.
# `CASE` and not LEAST/MIN: the two databases call that differently.
ADMIT = """
UPDATE {schema}totals SET reserved = reserved + CASE
    WHEN :reserve <= :cap - spent - reserved THEN :reserve ELSE :cap - spent - reserved END
WHERE budget = :budget AND month = :month AND spent + reserved + :need <= :cap
RETURNING spent, reserved"""

STANDING = """
SELECT spent, reserved FROM {schema}totals WHERE budget = :budget AND month = :month"""

RESERVE = """
INSERT INTO {schema}reservations
    (id, budget, month, app, alias, key, nano_aud, at, expires_at, usd_per_aud)
VALUES (:id, :budget, :month, :app, :alias, :key, :amount, :at, :expires_at, :usd_per_aud)"""

FREE = """
DELETE FROM {schema}reservations WHERE id = :id
RETURNING budget, month, app, alias, key, nano_aud, at, usd_per_aud"""

BOOK = """
INSERT INTO {schema}entries
    (request_id, kind, at, month, budget, app, alias, key, provider, model, nano_aud, usd,
     usd_per_aud, input_tokens, output_tokens, note)
VALUES (:request_id, :kind, :at, :month, :budget, :app, :alias, :key, :provider, :model,
        :nano_aud, :usd, :usd_per_aud, :input_tokens, :output_tokens, :note)
ON CONFLICT DO NOTHING
RETURNING number"""

ADD = """
UPDATE {schema}totals
SET spent = spent + :cost, reserved = reserved - :freed, calls = calls + :calls
WHERE budget = :budget AND month = :month
RETURNING spent"""

# A high mark that sinks slowly: dear calls are believed at once, cheap ones by and by.
LEARN = """
INSERT INTO {schema}estimates AS known (app, alias, nano_aud) VALUES (:app, :alias, :cost)
ON CONFLICT (app, alias) DO UPDATE SET nano_aud = CASE
    WHEN excluded.nano_aud >= known.nano_aud THEN excluded.nano_aud
    ELSE known.nano_aud - (known.nano_aud - excluded.nano_aud) / 16 END"""

ESTIMATE = "SELECT nano_aud FROM {schema}estimates WHERE app = :app AND alias = :alias"

EXPIRED = """
SELECT id, budget, month, app, alias, key, nano_aud, at, usd_per_aud FROM {schema}reservations
WHERE expires_at < :now ORDER BY expires_at LIMIT 1000"""

BOOKED = """
SELECT kind, nano_aud, budget, month, app, alias, key, usd_per_aud FROM {schema}entries
WHERE request_id = :id AND kind IN ('settled', 'unadmitted', 'recovered')"""

WARN = """
INSERT INTO {schema}warnings (budget, month, percent, at)
VALUES (:budget, :month, :percent, :at) ON CONFLICT DO NOTHING RETURNING percent"""
