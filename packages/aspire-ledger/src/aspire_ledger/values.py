"""The ledger's own words: calls, requests, settlements, entries, totals. Values only.

Amounts are whole nano-AUD, moments are aware, months are `2026-11` and days
`2026-11-23`, both where the budget lives.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from aspire_ledger.amounts import NanoAud

NOTHING: Final = NanoAud(0)


class EntryKind(StrEnum):
    """Why money was booked."""

    SETTLED = "settled"  # a call that was admitted, at its real cost
    UNADMITTED = "unadmitted"  # a call that nobody asked us about (an outage that was let through)
    RECOVERED = "recovered"  # admitted, never settled (a crash): booked as expected, or as logged
    CORRECTED = "corrected"  # the difference, when the real cost of a recovered call came after all
    ADJUSTED = "adjusted"  # a person: a provider's invoice, a refund


class Verdict(StrEnum):
    """What becomes of a call that wants to start."""

    ADMITTED = "admitted"
    WAIT = "wait"  # money is left, and calls under way may need it: ask again when one ended
    REFUSED = "refused"
    REPEATED = "repeated"  # a call of this id was booked already; it needs an id of its own


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and who pays for it.

    `id` is chosen on our side and used once: a caller who could choose it would
    make two calls count as one. `day` is that of its start; its month pays, even
    if the call ends in the next one.
    """

    id: str
    budget: str
    app: str
    alias: str
    key: str
    day: str
    at: datetime
    usd_per_aud: Decimal

    @property
    def month(self) -> str:
        return self.day[:7]


@dataclass(frozen=True, slots=True)
class Process:
    """What one gateway process runs.

    `config_digest` is that of the settings that it loaded, `file_digest` that of the file as
    it is now, which LiteLLM reads again; empty where there is no file to read. `guard` is
    `on` or `off`.
    """

    id: str
    litellm_release: str
    ledger_release: str
    config_digest: str
    file_digest: str
    schema_number: int
    keys_without_mark: str
    guard: str


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A row of a process. Anybody with the database's password can write one: it proves nothing.

    `age_s` is how long ago its heartbeat was, in seconds of the database's clock; None where the
    row says no moment.
    """

    process: Process
    started_at: datetime | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Request:
    """A call that wants to start.

    `need` is what must be left for it to be admitted. What is then set aside is
    `worst`, or, if `learned`, what such calls lately cost where that is less;
    in any case at most what is left. A strict budget needs all of the worst
    case. A fair one needs a single nano-AUD (money is left) for a call that is
    alone, and beside others as much as it sets aside; its `learned` is true.
    """

    call: Call
    cap: NanoAud
    need: NanoAud
    worst: NanoAud
    learned: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and how the budget stood when it was given, this call included.

    `expected` is what an admitted call is expected to cost at most: what was set
    aside for it, or more where less was left.
    """

    verdict: Verdict
    spent: NanoAud
    reserved: NanoAud
    expected: NanoAud = NOTHING


@dataclass(frozen=True, slots=True)
class Counted:
    """The units that providers charge by, as far as the provider reported them.

    `input_tokens` and `output_tokens` are totals. Every other count of tokens is a part
    of one of them: cached, written to the prompt cache (for minutes, or for an hour),
    audio and images of the input, reasoning and audio of the output. `tool_uses` counts
    the uses of tools that run at the provider and have a fee of their own.

    The names are also the names of the ledger's columns, in this order.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    pages: int = 0
    images: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    annotated_pages: int = 0
    tool_uses: int = 0

    def __sub__(self, other: "Counted") -> "Counted":
        mine, theirs = astuple(self), astuple(other)
        return Counted(*(ours - their for ours, their in zip(mine, theirs, strict=True)))


NO_UNITS: Final = Counted()
UNITS: Final = tuple(unit.name for unit in fields(Counted))


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call that ended cost, at the reviewed price.

    `usd` is None where nothing better is known than what was set aside. `estimated` says
    that the provider reported no usage that could be believed. `reported_usd` is what the
    gateway itself computed, None for nothing: it decides nothing.
    """

    usd: Decimal | None
    provider: str = ""
    model: str = ""
    counted: Counted = NO_UNITS
    deployment: str = ""
    call_type: str = ""
    reported_usd: Decimal | None = None
    estimated: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a call cost in the end. Settling twice books once.

    `cap` and `warn_at_percent` are the budget's, for the warnings. `call` counts
    only for a call that nobody admitted; else what was admitted counts. `usd` is the
    counted units at the reviewed price, `reported_usd` what the gateway itself computed
    (None if nothing): a cross-check that decides nothing. `estimated` says that the
    provider reported no usage that could be believed. `deployment` is the address of the
    row that answered, `call_type` the gateway's name for the kind of call.
    """

    call: Call
    cost: NanoAud
    usd: Decimal
    at: datetime
    cap: NanoAud = NOTHING
    warn_at_percent: Sequence[int] = ()
    provider: str = ""
    model: str = ""
    counted: Counted = NO_UNITS
    note: str = ""
    deployment: str = ""
    call_type: str = ""
    reported_usd: Decimal | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of it. `kind` is None when it had been booked before, and nothing changed.

    `cost` is what was booked now, `spent` the budget's sum after it, `crossed` the
    percentages of the cap that were reached for the first time this month.
    """

    kind: EntryKind | None
    budget: str
    month: str
    cost: NanoAud
    spent: NanoAud
    crossed: tuple[int, ...] = ()

    @property
    def fresh(self) -> bool:
        return self.kind is not None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for a call under way.

    `amount` is what is set aside; `expected` is more where less was left.
    """

    call: Call
    amount: NanoAud
    expected: NanoAud
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a person books by hand, negative for a refund. `id` makes a second try harmless."""

    id: str
    budget: str
    month: str
    cost: NanoAud
    reason: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `day` is empty for what did not happen on a day.

    A correction's cost and units are differences, and may be below zero.
    """

    number: int
    request_id: str
    kind: EntryKind
    at: datetime
    month: str
    day: str
    budget: str
    app: str
    alias: str
    key: str
    provider: str
    model: str
    cost: NanoAud
    usd: Decimal
    usd_per_aud: Decimal
    counted: Counted
    note: str
    deployment: str = ""
    call_type: str = ""
    reported_usd: Decimal | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """Calls of one day that failed in one way; they cost nothing, or an entry says what.

    `outcome` is the class of the provider's status (`4xx`, `429`, `5xx`), or `unreachable`,
    `timeout`, `broken`, `cancelled`.
    """

    day: str
    app: str
    alias: str
    deployment: str
    outcome: str
    calls: int = 1


@dataclass(frozen=True, slots=True)
class SeenParameter:
    """Calls of one day that sent a parameter which the contract does not list.

    `outcome` is `refused`, `removed` or `passed` (an app that is being observed).
    """

    day: str
    app: str
    alias: str
    call_type: str
    parameter: str
    outcome: str
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Total:
    """How one budget stands in one month."""

    budget: str
    month: str
    spent: NanoAud
    reserved: NanoAud
    calls: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one app, alias, provider, budget or day has of a month. `calls` counts calls only."""

    name: str
    spent: NanoAud
    calls: int


@dataclass(frozen=True, slots=True)
class Closing:
    """A month whose entries do not change any more. `forgotten`: only this row is left of them.

    `digest` covers the columns that version 1 of the tables has, so that every release can
    verify it. `full_digest` covers those of `format` (see `tables.entry_columns`); it is
    empty in a month that an older release closed.
    """

    month: str
    at: datetime
    entries: int
    digest: str
    shares: dict[str, tuple[Share, ...]]
    forgotten: bool = False
    format: int = 1
    full_digest: str = ""
