"""What was added to the ledger's tables since version 1, in numbered steps. For both databases.

A rolling update runs two releases on one database, so a step only adds: columns with a
default, tables that the older release does not know. Nothing is renamed, dropped or
narrowed. A step is never edited after a release; what is new is a new step, at the end.
Each one locks at most one table that is in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aspire_ledger.tables import ENTRY_COLUMNS

_COUNT: Final = "BIGINT NOT NULL DEFAULT 0"
_TEXT: Final = "{text} NOT NULL DEFAULT ''"


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
            f"ALTER TABLE {{schema}}entries ADD COLUMN {name} {type_}"
            for name, type_ in self.entry_columns.items()
        )
        return (*columns, *self.others)


_FAILURES = """
CREATE TABLE {schema}failures (
    day {text} NOT NULL,
    app {text} NOT NULL,
    alias {text} NOT NULL,
    deployment {text} NOT NULL,
    outcome {text} NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (day, app, alias, deployment, outcome)
)"""

_SEEN_PARAMETERS = """
CREATE TABLE {schema}seen_parameters (
    day {text} NOT NULL,
    app {text} NOT NULL,
    alias {text} NOT NULL,
    call_type {text} NOT NULL,
    parameter {text} NOT NULL,
    outcome {text} NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (day, app, alias, call_type, parameter, outcome)
)"""

_PROCESSES = """
CREATE TABLE {schema}processes (
    id {text} PRIMARY KEY,
    started_at {text} NOT NULL,
    heartbeat_at {text} NOT NULL,
    litellm_release {text} NOT NULL DEFAULT '',
    ledger_release {text} NOT NULL DEFAULT '',
    config_digest {text} NOT NULL DEFAULT '',
    schema_number BIGINT NOT NULL DEFAULT 0,
    keys_without_mark {text} NOT NULL DEFAULT '',
    guard {text} NOT NULL DEFAULT ''
)"""

_REVOCATIONS = """
CREATE TABLE {schema}revocations (
    key_hash {text} PRIMARY KEY,
    at {text} NOT NULL,
    reason {text} NOT NULL,
    who {text} NOT NULL
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
            "ALTER TABLE {schema}closings ADD COLUMN format BIGINT NOT NULL DEFAULT 1",
            f"ALTER TABLE {{schema}}closings ADD COLUMN full_digest {_TEXT}",
        ),
    ),
    Addition(3, "failed calls, unlisted parameters", others=(_FAILURES, _SEEN_PARAMETERS)),
    Addition(4, "gateway processes, revoked keys", others=(_PROCESSES, _REVOCATIONS)),
)

TABLE: Final = "{schema}additions"
MAKE_TABLE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE}"
    " (number BIGINT PRIMARY KEY, name {text} NOT NULL, at {text} NOT NULL)"
)
MADE: Final = f"SELECT number, name FROM {TABLE} ORDER BY number"  # noqa: S608 (a constant)


def recording(addition: Addition) -> str:
    """Return the statement that writes down that a step was made."""
    name = addition.name.replace("'", "''")
    return (
        f"INSERT INTO {TABLE} (number, name, at)"  # noqa: S608 (constants)
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
