"""A ledger process of the previous release, by the statements that it really sends.

They stand in `packages/aspire-ledger/tests/data/previous_statements.json`, word for word; the file
says how it was made. One connection, and every statement prepared, as the release does.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from aspire_ledger import rows
from aspire_ledger.canonical import canonical_json, digest_of_text
from aspire_ledger.rows import Parameters, moment_text
from aspire_ledger.values import EntryKind, Request, Settlement

_FILE: Final = Path(__file__).parents[1] / "data" / "previous_statements.json"
STATEMENTS: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))


class PreviousLedger:
    """Close it when the test is over."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)

    def start(self) -> None:
        """Make the tables where they are missing, as the release does when it starts."""
        with self.connection.transaction():
            for statement in STATEMENTS["make"]:
                self.connection.execute(statement.encode())
        ((version,),) = self.ask("version")
        assert version <= STATEMENTS["newest_version"], "the release would refuse to start"

    def ask(self, name: str, given: Parameters | None = None, **more: Any) -> Sequence[Any]:
        cursor = self.connection.execute(
            STATEMENTS[name].encode(), {**(given or {}), **more}, prepare=True
        )
        return cursor.fetchall() if cursor.description else []

    def admit(self, request: Request) -> bool:
        ((_, _, _, known),) = self.ask("admit", rows.of_request(request))
        return bool(known == "new")

    def settle(self, settlement: Settlement) -> bool:
        """Book what is reserved, or what was never admitted, or the difference to what was recovered."""
        if self.ask("settle", rows.of_settlement(settlement, EntryKind.SETTLED)):
            return True
        earlier = self.ask("booked", id=settlement.call.id)
        kind = EntryKind.UNADMITTED
        given = dict(rows.of_settlement(settlement, kind))
        if earlier:
            if earlier[0][2] != "recovered":
                return False
            given = dict(rows.of_settlement(settlement, EntryKind.CORRECTED))
            given["cost"] = settlement.cost - earlier[0][12]
        return bool(self.ask("book", given))

    def recover(self, settlement: Settlement) -> bool:
        return bool(self.ask("settle", rows.of_settlement(settlement, EntryKind.RECOVERED)))

    def free(self, id_: str) -> bool:
        return bool(self.ask("free", id=id_))

    def close_month(self, month: str, following: str, now: datetime) -> str:
        """Close a month; returns the digest that the release writes down."""
        self.ask("close", month=month, following=following, at=moment_text(now))
        count, digest = self.digest(month)
        shares = json.dumps({by: [] for by in ("app", "alias", "provider", "budget")})
        self.ask("fill_closing", month=month, entries=count, digest=digest, shares=shares)
        return digest

    def digest(self, month: str) -> tuple[int, str]:
        rows = self.ask("entries", month=month, budget="", after=0)
        running = ""
        for row in rows:
            running = digest_of_text(running + canonical_json(list(row)))
        return len(rows), running

    def is_content(self) -> bool:
        """Say whether the release's `verify` finds every sum and every closed month right."""
        sums = all(
            (spent, reserved, calls) == (entered, held, counted)
            for _, _, spent, entered, reserved, held, calls, counted in self.ask("sums")
        )
        return sums and all(
            self.digest(month) == (entries, digest)
            for month, _, entries, digest, _, forgotten in self.ask("closings")
            if not forgotten
        )

    def close(self) -> None:
        self.connection.close()
