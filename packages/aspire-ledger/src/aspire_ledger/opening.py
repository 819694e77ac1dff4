"""Open the store that a URL names. Each driver is loaded only when it is asked for."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from aspire_ledger.booking import Booking
from aspire_ledger.store import StoreRefused


def open_store(url: str, *, timeout_s: float = 2.0, connections: int = 8) -> Booking:
    """Open `sqlite:///relative`, `sqlite:////absolute` or `postgresql://user:password@host/name`.

    SQLite is opened at once; PostgreSQL is asked with the first statement, so that
    a gateway can start while its database is away.

    Args:
        url: See above; a password in it goes nowhere else.
        timeout_s: How long one operation may take, and how long it may stand in a line that
            does not move. Calls wait for this; who closes, forgets or verifies months takes
            a minute.
        connections: To PostgreSQL, at most.

    Raises:
        StoreRefused: The URL is neither. The message does not quote it.
        StoreUnavailable: SQLite's file cannot be opened.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise StoreRefused(_WRONG) from None
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        from aspire_ledger.sqlite import SqliteStore  # noqa: PLC0415 (one driver, not both)

        return SqliteStore(Path(unquote(parts.path[1:])), patience_s=timeout_s)
    if parts.scheme in {"postgresql", "postgres"}:
        from aspire_ledger.postgres import (  # noqa: PLC0415 (psycopg may not be there)
            PostgresStore,
        )

        return PostgresStore(url, timeout_s=timeout_s, connections=connections)
    raise StoreRefused(_WRONG)


_WRONG = (
    "the ledger's URL cannot be used; write it as sqlite:////var/lib/ledger.sqlite3"
    " or postgresql://user:password@host:5432/name"
)
