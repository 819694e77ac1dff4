"""The ledger's tables as version 1 made them, for SQLite and for PostgreSQL.

`entries` is the ledger. `totals` is its sum for each budget and month, with what
is reserved beside it; `verifying` proves that. `reservations` is work under way.
A version is never edited after a release. What an older release can live with is
added in `additions`; a new version is only for what stops older programs.
"""

from collections.abc import Mapping
from typing import Final

SCHEMA = "aspire_ledger"  # in PostgreSQL, beside LiteLLM's own tables

_ENTRIES = """
CREATE TABLE {schema}entries (
    number {serial},
    request_id {text} NOT NULL,
    kind {text} NOT NULL,
    at {text} NOT NULL,
    month {text} NOT NULL,
    day {text} NOT NULL,
    budget {text} NOT NULL,
    app {text} NOT NULL,
    alias {text} NOT NULL,
    key {text} NOT NULL,
    provider {text} NOT NULL,
    model {text} NOT NULL,
    nano_aud BIGINT NOT NULL,
    usd {text} NOT NULL,
    usd_per_aud {text} NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    images BIGINT NOT NULL,
    note {text} NOT NULL
)"""

# The columns of `entries` in version 1, in the order in which closed months digest them.
ENTRY_COLUMNS: Final = (
    "number", "request_id", "kind", "at", "month", "day", "budget", "app", "alias", "key",
    "provider", "model", "nano_aud", "usd", "usd_per_aud", "input_tokens",
    "cached_input_tokens", "output_tokens", "pages", "images", "note",
)  # fmt: skip

# `nano_aud` is what is set aside; `expected` is more than that where less was left.
_RESERVATIONS = """
CREATE TABLE {schema}reservations (
    id {text} PRIMARY KEY,
    budget {text} NOT NULL,
    month {text} NOT NULL,
    day {text} NOT NULL,
    app {text} NOT NULL,
    alias {text} NOT NULL,
    key {text} NOT NULL,
    nano_aud BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    at {text} NOT NULL,
    expires_at {text} NOT NULL,
    usd_per_aud {text} NOT NULL
)"""

# `granted` and `expected` are the last admission's: an UPDATE can return nothing else of its own.
_TOTALS = """
CREATE TABLE {schema}totals (
    budget {text} NOT NULL,
    month {text} NOT NULL,
    spent BIGINT NOT NULL DEFAULT 0,
    reserved BIGINT NOT NULL DEFAULT 0,
    calls BIGINT NOT NULL DEFAULT 0,
    granted BIGINT NOT NULL DEFAULT 0,
    expected BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (budget, month)
){roomy}"""

_CLOSINGS = """
CREATE TABLE {schema}closings (
    month {text} PRIMARY KEY,
    following {text} NOT NULL,
    at {text} NOT NULL,
    entries BIGINT,
    digest {text},
    shares {text},
    forgotten BIGINT NOT NULL DEFAULT 0
)"""

_CHANGED = "entries of the ledger are not changed"
_DELETED = "entries of an open month are not deleted"
_IS_OPEN = "NOT EXISTS (SELECT 1 FROM {schema}closings WHERE month >= OLD.month)"

_TABLES = (
    _ENTRIES,
    # One call is booked once, and corrected once.
    "CREATE UNIQUE INDEX entries_once ON {schema}entries (request_id, (kind = 'corrected'))",
    "CREATE INDEX entries_of_month ON {schema}entries (month, budget)",
    _RESERVATIONS,
    "CREATE INDEX reservations_expiry ON {schema}reservations (expires_at)",
    _TOTALS,
    (
        "CREATE TABLE {schema}estimates (app {text} NOT NULL, alias {text} NOT NULL,"
        " nano_aud BIGINT NOT NULL, PRIMARY KEY (app, alias))"
    ),
    (
        "CREATE TABLE {schema}warnings (budget {text} NOT NULL, month {text} NOT NULL,"
        " percent BIGINT NOT NULL, at {text} NOT NULL, PRIMARY KEY (budget, month, percent))"
    ),
    _CLOSINGS,
)

_GUARDS_SQLITE = (
    (
        "CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON entries"
        f" BEGIN SELECT RAISE(ABORT, '{_CHANGED}'); END"
    ),
    (
        f"CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON entries WHEN {_IS_OPEN}"
        f" BEGIN SELECT RAISE(ABORT, '{_DELETED}'); END"
    ),
)
_GUARDS_POSTGRESQL = (
    (
        "CREATE FUNCTION {schema}refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_CHANGED}'; END $$"
    ),
    (
        "CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON {schema}entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION {schema}refuse()"
    ),
    (
        "CREATE FUNCTION {schema}refuse_if_open() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {_IS_OPEN} THEN RAISE EXCEPTION '{_DELETED}'; END IF; RETURN OLD; END $$"
    ),
    (
        "CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON {schema}entries"
        " FOR EACH ROW EXECUTE FUNCTION {schema}refuse_if_open()"
    ),
)

VERSIONS_SQLITE: tuple[tuple[str, ...], ...] = ((*_TABLES, *_GUARDS_SQLITE),)
VERSIONS_POSTGRESQL: tuple[tuple[str, ...], ...] = ((*_TABLES, *_GUARDS_POSTGRESQL),)

# What the databases call differently. Every statement of the ledger is written with these.
SQLITE: Mapping[str, str] = {
    "schema": "",
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "text": "TEXT",
    "roomy": "",
    "least": "MIN",
    "greatest": "MAX",
    "percents": "(SELECT value AS percent FROM json_each(:percents))",
}
POSTGRESQL: Mapping[str, str] = {
    "schema": f"{SCHEMA}.",
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "text": 'TEXT COLLATE "C"',
    "roomy": " WITH (fillfactor = 50)",  # its rows change with every call, in place if there is room
    "least": "LEAST",
    "greatest": "GREATEST",
    "percents": "(SELECT unnest(CAST(:percents AS bigint[])) AS percent)",
}
