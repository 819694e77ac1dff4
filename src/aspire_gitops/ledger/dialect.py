"""One statement's text in a database's own words. What is in braces is filled in once."""

from collections.abc import Mapping
from functools import cache

from aspire_gitops.ledger import queries, tables


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


_COLUMNS = {
    "reservation": queries.RESERVATION,
    "entry": queries.ENTRY,
    "is_call": queries.IS_CALL,
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
}
_POSTGRESQL: Mapping[str, str] = {
    **tables.POSTGRESQL,
    **_COLUMNS,
    **{name: name for name in ("admitted", "freed", "moved", "booked", "added")},
}
