"""The ledger's tables in PostgreSQL: as version 1 made them, and what was added since.

`entries` is the ledger. `totals` is its sum for each budget and month, with what is
reserved beside it; `audit` proves that. `reservations` is work under way.

A version is never edited after a release; a new one is only for what stops older
programs. A rolling update runs two releases on one database, so everything else is a
numbered addition: columns with a default, tables that the older release does not know.
Nothing is renamed, dropped or narrowed, and each step locks at most one table in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SCHEMA: Final = "aspire_ledger"  # in PostgreSQL, beside LiteLLM's own tables

_ENTRIES: Final = """
CREATE TABLE aspire_ledger.entries (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    month TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    budget TEXT COLLATE "C" NOT NULL,
    app TEXT COLLATE "C" NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    nano_aud BIGINT NOT NULL,
    usd TEXT COLLATE "C" NOT NULL,
    usd_per_aud TEXT COLLATE "C" NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    pages BIGINT NOT NULL,
    images BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL
)"""

# The columns of `entries` in version 1, in the order in which closed months digest them.
ENTRY_COLUMNS: Final = (
    "number", "request_id", "kind", "at", "month", "day", "budget", "app", "alias", "key",
    "provider", "model", "nano_aud", "usd", "usd_per_aud", "input_tokens",
    "cached_input_tokens", "output_tokens", "pages", "images", "note",
)  # fmt: skip

# `nano_aud` is what is set aside; `expected` is more than that where less was left.
_RESERVATIONS: Final = """
CREATE TABLE aspire_ledger.reservations (
    id TEXT COLLATE "C" PRIMARY KEY,
    budget TEXT COLLATE "C" NOT NULL,
    month TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    app TEXT COLLATE "C" NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    nano_aud BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    usd_per_aud TEXT COLLATE "C" NOT NULL
)"""

# `granted` and `expected` are the last admission's: an UPDATE can return nothing else of its own.
_TOTALS: Final = """
CREATE TABLE aspire_ledger.totals (
    budget TEXT COLLATE "C" NOT NULL,
    month TEXT COLLATE "C" NOT NULL,
    spent BIGINT NOT NULL DEFAULT 0,
    reserved BIGINT NOT NULL DEFAULT 0,
    calls BIGINT NOT NULL DEFAULT 0,
    granted BIGINT NOT NULL DEFAULT 0,
    expected BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (budget, month)
) WITH (fillfactor = 50)"""

_CLOSINGS: Final = """
CREATE TABLE aspire_ledger.closings (
    month TEXT COLLATE "C" PRIMARY KEY,
    following TEXT COLLATE "C" NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    entries BIGINT,
    digest TEXT COLLATE "C",
    shares TEXT COLLATE "C",
    forgotten BIGINT NOT NULL DEFAULT 0
)"""

_ESTIMATES: Final = """
CREATE TABLE aspire_ledger.estimates (
    app TEXT COLLATE "C" NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    nano_aud BIGINT NOT NULL,
    PRIMARY KEY (app, alias)
)"""

_WARNINGS: Final = """
CREATE TABLE aspire_ledger.warnings (
    budget TEXT COLLATE "C" NOT NULL,
    month TEXT COLLATE "C" NOT NULL,
    percent BIGINT NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (budget, month, percent)
)"""

_CHANGED: Final = "entries of the ledger are not changed"
_DELETED: Final = "entries of an open month are not deleted"
_IS_OPEN: Final = "NOT EXISTS (SELECT 1 FROM aspire_ledger.closings WHERE month >= OLD.month)"

_TABLES: Final = (
    _ENTRIES,
    # One call is booked once, and corrected once.
    "CREATE UNIQUE INDEX entries_once ON aspire_ledger.entries (request_id, (kind = 'corrected'))",
    "CREATE INDEX entries_of_month ON aspire_ledger.entries (month, budget)",
    _RESERVATIONS,
    "CREATE INDEX reservations_expiry ON aspire_ledger.reservations (expires_at)",
    _TOTALS,
    _ESTIMATES,
    _WARNINGS,
    _CLOSINGS,
)

_GUARDS: Final = (
    (
        "CREATE FUNCTION aspire_ledger.refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_CHANGED}'; END $$"
    ),
    (
        "CREATE TRIGGER entry_is_not_changed BEFORE UPDATE ON aspire_ledger.entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION aspire_ledger.refuse()"
    ),
    (
        "CREATE FUNCTION aspire_ledger.refuse_if_open() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {_IS_OPEN} THEN RAISE EXCEPTION '{_DELETED}'; END IF; RETURN OLD; END $$"
    ),
    (
        "CREATE TRIGGER entry_is_not_deleted BEFORE DELETE ON aspire_ledger.entries"
        " FOR EACH ROW EXECUTE FUNCTION aspire_ledger.refuse_if_open()"
    ),
)

VERSIONS: Final[tuple[tuple[str, ...], ...]] = ((*_TABLES, *_GUARDS),)

# ── what was added since ─────────────────────────────────────────────────────

_COUNT: Final = "BIGINT NOT NULL DEFAULT 0"
_TEXT: Final = "TEXT COLLATE \"C\" NOT NULL DEFAULT ''"


@dataclass(frozen=True, slots=True)
class Addition:
    """One step: new columns of `entries` with their types, and other statements."""

    number: int
    name: str
    entry_columns: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        columns = (
            f"ALTER TABLE {SCHEMA}.entries ADD COLUMN {name} {type_}"
            for name, type_ in self.entry_columns.items()
        )
        return (*columns, *self.others)


_FAILURES: Final = """
CREATE TABLE aspire_ledger.failures (
    day TEXT COLLATE "C" NOT NULL,
    app TEXT COLLATE "C" NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    deployment TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (day, app, alias, deployment, outcome)
)"""

_SEEN_PARAMETERS: Final = """
CREATE TABLE aspire_ledger.seen_parameters (
    day TEXT COLLATE "C" NOT NULL,
    app TEXT COLLATE "C" NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    call_type TEXT COLLATE "C" NOT NULL,
    parameter TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (day, app, alias, call_type, parameter, outcome)
)"""

_PROCESSES: Final = """
CREATE TABLE aspire_ledger.processes (
    id TEXT COLLATE "C" PRIMARY KEY,
    started_at TEXT COLLATE "C" NOT NULL,
    heartbeat_at TEXT COLLATE "C" NOT NULL,
    litellm_release TEXT COLLATE "C" NOT NULL DEFAULT '',
    ledger_release TEXT COLLATE "C" NOT NULL DEFAULT '',
    config_digest TEXT COLLATE "C" NOT NULL DEFAULT '',
    schema_number BIGINT NOT NULL DEFAULT 0,
    keys_without_mark TEXT COLLATE "C" NOT NULL DEFAULT '',
    guard TEXT COLLATE "C" NOT NULL DEFAULT ''
)"""

# This one is empty: nothing writes it yet.
_REVOCATIONS: Final = """
CREATE TABLE aspire_ledger.revocations (
    key_hash TEXT COLLATE "C" PRIMARY KEY,
    at TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    who TEXT COLLATE "C" NOT NULL
)"""

ADDITIONS: Final = (
    Addition(
        1,
        "every unit, the row that answered, the gateway's own figure, estimates",
        {
            "cache_write_tokens": _COUNT,
            "cache_write_1h_tokens": _COUNT,
            "input_audio_tokens": _COUNT,
            "input_image_tokens": _COUNT,
            "reasoning_tokens": _COUNT,
            "output_audio_tokens": _COUNT,
            "annotated_pages": _COUNT,
            "tool_uses": _COUNT,
            "deployment": _TEXT,
            "call_type": _TEXT,
            "reported_usd": _TEXT,  # empty where the gateway computed nothing
            "estimated": _COUNT,
        },
    ),
    Addition(
        2,
        "a closing digests the added columns too",
        others=(
            "ALTER TABLE aspire_ledger.closings ADD COLUMN format BIGINT NOT NULL DEFAULT 1",
            f"ALTER TABLE aspire_ledger.closings ADD COLUMN full_digest {_TEXT}",
        ),
    ),
    Addition(3, "failed calls, unlisted parameters", others=(_FAILURES, _SEEN_PARAMETERS)),
    Addition(4, "gateway processes, revoked keys", others=(_PROCESSES, _REVOCATIONS)),
    Addition(
        5,
        "the config file as a process reads it now",
        others=(f"ALTER TABLE aspire_ledger.processes ADD COLUMN file_digest {_TEXT}",),
    ),
)

ADDITIONS_TABLE: Final = f"{SCHEMA}.additions"
MAKE_ADDITIONS_TABLE: Final = f"""
CREATE TABLE IF NOT EXISTS {ADDITIONS_TABLE} (
    number BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    at TEXT COLLATE "C" NOT NULL
)"""
ADDITIONS_MADE: Final = f"SELECT number, name FROM {ADDITIONS_TABLE} ORDER BY number"  # noqa: S608 (a constant)


def recording(addition: Addition) -> str:
    """Return the statement that writes down that a step was made."""
    name = addition.name.replace("'", "''")
    return (
        f"INSERT INTO {ADDITIONS_TABLE} (number, name, at)"  # noqa: S608 (constants)
        f" VALUES ({addition.number}, '{name}', CAST(CURRENT_TIMESTAMP AS TEXT))"
    )


def entry_columns(format_: int) -> tuple[str, ...]:
    """Return the columns of entries in a format: 1 is version 1, each addition makes the next.

    Every format begins with the columns of the one before it.
    """
    added = (name for each in ADDITIONS[: format_ - 1] for name in each.entry_columns)
    return (*ENTRY_COLUMNS, *added)


NEWEST_FORMAT: Final = 1 + len(ADDITIONS)
EVERY_ENTRY_COLUMN: Final = entry_columns(NEWEST_FORMAT)


class OtherAdditions(Exception):
    """The database has a step of this number and another name: another program's ledger."""


def missing(made: Mapping[int, str]) -> tuple[Addition, ...]:
    """Return the steps that a database still lacks. Those of a newer release do no harm.

    Raises:
        OtherAdditions: A number was used for something else.
    """
    for each in ADDITIONS:
        if made.get(each.number, each.name) != each.name:
            raise OtherAdditions(
                f"addition {each.number} to the tables is {made[each.number]!r} there,"
                f" and {each.name!r} in this program"
            )
    return tuple(each for each in ADDITIONS if each.number not in made)
