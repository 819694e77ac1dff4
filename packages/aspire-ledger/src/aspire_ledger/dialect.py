"""One statement's text in a database's own words. What is in braces is filled in once."""

from collections.abc import Mapping
from functools import cache

from aspire_ledger import queries, tables
from aspire_ledger.values import UNITS


@cache
def sqlite(text: str) -> str:
    """Return a statement for SQLite: what comes from an earlier statement is a parameter."""
    return text.format_map(_SQLITE)


@cache
def postgresql(text: str) -> str:
    """Return a statement for PostgreSQL; its parameters are still written `:name`."""
    return text.format_map(_POSTGRESQL)


def _given(*columns: str) -> str:
    return f"(SELECT {', '.join(f':{column} AS {column}' for column in columns)})"


# Many rows in one parameter, as JSON.
_FAILURES = {**dict.fromkeys(("day", "app", "alias", "deployment", "outcome"), "text"), "calls": "bigint"}  # fmt: skip
_PARAMETERS = {
    **dict.fromkeys(("day", "app", "alias", "call_type", "parameter", "outcome"), "text"),
    "calls": "bigint",
    "place": "bigint",
}


def _sent_to_sqlite(columns: Mapping[str, str]) -> str:
    found = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"(SELECT {found} FROM json_each(:rows)) AS sent"  # noqa: S608 (constants)


def _sent_to_postgresql(columns: Mapping[str, str]) -> str:
    found = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
    return f"json_to_recordset(CAST(:rows AS json)) AS sent ({found})"


_COLUMNS = {
    "reservation": queries.RESERVATION,
    "entry": queries.ENTRY,
    "is_call": queries.IS_CALL,
    "units": ", ".join(UNITS),
    "unit_sums": ", ".join(f"CAST(SUM({unit}) AS BIGINT)" for unit in UNITS),
    "given_units": ", ".join(f":{unit}" for unit in UNITS),
}
_FREED = ("budget", "month", "day", "app", "alias", "key", "usd_per_aud", "remark")
_SQLITE: Mapping[str, str] = {
    **tables.SQLITE,
    **_COLUMNS,
    "admitted": _given("granted", "expected"),
    "freed": _given(*_FREED),
    "moved": _given("budget", "month", "spent", "reserved", "calls"),
    "booked": _given("app", "alias", "nano_aud"),
    "added": _given("budget", "month", "spent"),
    "sent_failures": _sent_to_sqlite(_FAILURES),
    "sent_parameters": _sent_to_sqlite(_PARAMETERS),
}
_POSTGRESQL: Mapping[str, str] = {
    **tables.POSTGRESQL,
    **_COLUMNS,
    **{name: name for name in ("admitted", "freed", "moved", "booked", "added")},
    "sent_failures": _sent_to_postgresql(_FAILURES),
    "sent_parameters": _sent_to_postgresql(_PARAMETERS),
}
