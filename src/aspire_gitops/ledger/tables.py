"""The ledger's tables, for SQLite and for PostgreSQL. One list of statements for each version.

`entries` is the ledger. `totals` is its sum for each budget and month, with what
is reserved beside it; `verifying` proves that. `reservations` is work under way.
"""

from collections.abc import Mapping

SCHEMA = "aspire_ledger"  # in PostgreSQL, beside LiteLLM's own tables

_ENTRIES = """
CREATE TABLE {schema}entries (
    number {serial},
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    month TEXT NOT NULL,
    budget TEXT NOT NULL,
    app TEXT NOT NULL,
    alias TEXT NOT NULL,
    key TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    nano_aud BIGINT NOT NULL,
    usd TEXT NOT NULL,
    usd_per_aud TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    note TEXT NOT NULL
)"""

_RESERVATIONS = """
CREATE TABLE {schema}reservations (
    id TEXT PRIMARY KEY,
    budget TEXT NOT NULL,
    month TEXT NOT NULL,
    app TEXT NOT NULL,
    alias TEXT NOT NULL,
    key TEXT NOT NULL,
    nano_aud BIGINT NOT NULL,
    at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    usd_per_aud TEXT NOT NULL
)"""

_TOTALS = """
CREATE TABLE {schema}totals (
    budget TEXT NOT NULL,
    month TEXT NOT NULL,
    spent BIGINT NOT NULL DEFAULT 0,
    reserved BIGINT NOT NULL DEFAULT 0,
    calls BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (budget, month)
)"""

VERSIONS: tuple[tuple[str, ...], ...] = (
    (
        _ENTRIES,
        # One call is booked once, and corrected once.
        "CREATE UNIQUE INDEX {index}entries_once ON {schema}entries (request_id,"
        " (kind = 'corrected')) WHERE kind <> 'adjusted'",
        "CREATE INDEX {index}entries_of_month ON {schema}entries (month, budget)",
        _RESERVATIONS,
        "CREATE INDEX {index}reservations_expiry ON {schema}reservations (expires_at)",
        _TOTALS,
        "CREATE TABLE {schema}estimates (app TEXT NOT NULL, alias TEXT NOT NULL,"
        " nano_aud BIGINT NOT NULL, PRIMARY KEY (app, alias))",
        "CREATE TABLE {schema}warnings (budget TEXT NOT NULL, month TEXT NOT NULL,"
        " percent BIGINT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (budget, month, percent))",
    ),
)

SQLITE: Mapping[str, str] = {
    "schema": "",
    "index": "",
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
}
POSTGRESQL: Mapping[str, str] = {
    "schema": f"{SCHEMA}.",
    "index": "",
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
