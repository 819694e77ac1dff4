"""What is asked of a whole month at once: SQL that adds up in the database, and its answers as values.

A month may have millions of lines. Only sums leave the database, so that memory depends on
how many budgets, apps and aliases there are, and not on how often they were called.
Parameters are named as in `aspire_ledger.sql`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from aspire_gitops.probing import Booked
from aspire_gitops.spend import Adjustment, MonthSums, PaidPart, Part, RateUsed, plain
from aspire_gitops.usage import Usage
from aspire_gitops.witness import Facts, SeenProcess
from aspire_ledger import sql
from aspire_ledger.amounts import NanoAud, aud
from aspire_ledger.audit import Difference
from aspire_ledger.money import Aud
from aspire_ledger.rows import Row
from aspire_ledger.values import UNITS, Entry, EntryKind, ProcessRow

_CALLS: Final = "COUNT(*) FILTER (WHERE kind IN ('settled', 'unadmitted', 'recovered'))"

_LONGEST_NAME: Final = 200

MOST_DIFFERENCES: Final = 10_000
"""How many calls that the gateway's log has otherwise are read; the rest are counted."""

# One scan for what would be one each.
SPENT_BY: Final = f"""
SELECT CASE WHEN GROUPING(app) = 0 THEN 'app' WHEN GROUPING(alias) = 0 THEN 'alias'
    ELSE 'provider' END AS what,
    COALESCE(app, alias, provider) AS name, SUM(nano_aud) AS spent, {_CALLS}
FROM aspire_ledger.entries WHERE month = :month
GROUP BY GROUPING SETS ((app), (alias), (provider)) ORDER BY what, spent DESC, name"""  # noqa: S608 (constants)

# Who was paid: each deployment's calls, cut where routes changed.
PAID: Final = f"""
SELECT alias, deployment, provider,
    WIDTH_BUCKET(CAST(at AS TIMESTAMPTZ), CAST(:moments AS TIMESTAMPTZ[])) AS slot,
    SUM(nano_aud), {_CALLS}
FROM aspire_ledger.entries WHERE month = :month
GROUP BY alias, deployment, provider, slot"""  # noqa: S608 (constants)

DAILY: Final = """
SELECT budget, day, SUM(nano_aud) FROM aspire_ledger.entries
WHERE month IN (:month, :before) AND day <> '' GROUP BY budget, day"""

# Equal numbers may be written in two ways, so rates are told apart by their text here.
_SUMS: Final = f"""
SELECT CASE WHEN GROUPING(budget) = 0 THEN 'budget' WHEN GROUPING(app) = 0 THEN 'app'
    WHEN GROUPING(alias) = 0 THEN 'alias' WHEN GROUPING(provider) = 0 THEN 'provider'
    ELSE 'rate' END, COALESCE(budget, app, alias, provider, usd_per_aud),
    SUM(nano_aud), {_CALLS}, COUNT(*), MIN(number), MIN(at), MAX(at), ''
FROM aspire_ledger.entries WHERE month = :month AND kind <> 'adjusted'
GROUP BY GROUPING SETS ((budget), (app), (alias), (provider), (usd_per_aud))"""  # noqa: S608 (constants)

# What a later line of the same month says of a call replaces the estimate.
_ESTIMATED: Final = """
SELECT 'estimated', budget, SUM(nano_aud), COUNT(*), 0, 0, '', '', ''
FROM aspire_ledger.entries AS line
WHERE month = :month AND estimated = 1 AND kind <> 'adjusted' AND NOT EXISTS (
    SELECT 1 FROM aspire_ledger.entries AS late
    WHERE late.request_id = line.request_id AND late.month = line.month
        AND late.number > line.number AND late.kind <> 'adjusted'
        AND (late.estimated = 1 OR late.kind = 'corrected'))
GROUP BY budget"""

_BY_HAND: Final = """
SELECT 'adjustment', budget, CAST(nano_aud AS NUMERIC), 0, 1, number, at, at, note
FROM aspire_ledger.entries WHERE month = :month AND kind = 'adjusted'"""

_TOTALS: Final = """
SELECT 'total', budget, CAST(spent AS NUMERIC), calls, 0, 0, '', '', ''
FROM aspire_ledger.totals WHERE month = :month"""

# One statement, so that no call is booked between the lines and the totals they are compared with.
MONTH: Final = f"{_SUMS} UNION ALL {_ESTIMATED} UNION ALL {_BY_HAND} UNION ALL {_TOTALS}"

ANSWERS: Final = """
SELECT deployment, COUNT(*) FROM (
    SELECT deployment FROM aspire_ledger.entries
    WHERE alias = :alias AND kind IN ('settled', 'unadmitted', 'recovered')
        AND day >= :since AND month >= LEFT(:since, 7)
    ORDER BY number DESC LIMIT 100) AS lately
GROUP BY deployment ORDER BY 2 DESC, 1"""

# A process that still runs gives back what it set aside long before this.
UNSETTLED: Final = """
SELECT app, alias, COUNT(*), MIN(at) FROM aspire_ledger.reservations
WHERE expires_at < :before GROUP BY app, alias ORDER BY 3 DESC, 1, 2 LIMIT 20"""
OF_DAY: Final = f"""
SELECT {_CALLS} FROM aspire_ledger.entries
WHERE month = :month AND budget = :budget AND day = :day"""  # noqa: S608 (constants)

NEWEST: Final = "SELECT COALESCE(MAX(number), 0) FROM aspire_ledger.entries"

COMPARED: Final = (
    "SELECT COUNT(*) FROM aspire_ledger.entries WHERE month = :month AND kind <> 'adjusted'"
)

# The gateway counts in doubles. Of what was estimated only that it is there is compared.
UNLIKE_LOG: Final = f"""
WITH logged (id, usd) AS ({sql.LOGGED}),
    booked AS (
        SELECT request_id AS id, SUM(CAST(usd AS NUMERIC)) AS usd,
            (ARRAY_AGG(estimated ORDER BY number DESC))[1] AS estimated
        FROM aspire_ledger.entries WHERE month = :month AND kind <> 'adjusted'
        GROUP BY request_id)
SELECT COALESCE(logged.id, booked.id) AS id, logged.usd, booked.usd, COUNT(*) OVER ()
FROM logged FULL JOIN booked ON booked.id = logged.id
WHERE logged.id IS NULL OR booked.id IS NULL OR (booked.estimated = 0
    AND ABS(CAST(logged.usd AS NUMERIC) - booked.usd)
        > GREATEST(0.000000001, ABS(CAST(logged.usd AS NUMERIC)) * 0.000000001))
ORDER BY COALESCE(logged.id, booked.id) COLLATE "C" LIMIT {MOST_DIFFERENCES}"""  # noqa: S608 (constants)

Days: TypeAlias = dict[str, dict[date, Aud]]


def shares_of(found: Iterable[Row]) -> Mapping[str, tuple[Part, ...]]:
    """Read the rows of `SPENT_BY`: the parts of a month by what they are parts of."""
    shares: defaultdict[str, list[Part]] = defaultdict(list)
    for what, name, spent, calls in found:
        shares[what].append(Part(name, _amount(spent), calls))
    return {what: tuple(parts) for what, parts in shares.items()}


def paid_of(found: Iterable[Row]) -> tuple[PaidPart, ...]:
    """Read the rows of `PAID`."""
    return tuple(
        PaidPart(alias, deployment, protocol, slot, _amount(spent), calls)
        for alias, deployment, protocol, slot, spent, calls in found
    )


def days_of(found: Iterable[Row]) -> Days:
    """Read the rows of `DAILY`: what calls cost on each day, by budget."""
    days: Days = {}
    for budget, day, spent in found:
        days.setdefault(budget, {})[date.fromisoformat(day)] = _amount(spent)
    return days


def sums_of(found: Iterable[Row]) -> MonthSums:
    """Read the rows of `MONTH`."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for what, *row in found:
        rows[what].append(row)

    def parts(what: str) -> tuple[Part, ...]:
        return tuple(Part(name, _amount(spent), calls) for name, spent, calls, *_ in rows[what])

    by_hand = sorted(rows["adjustment"], key=lambda row: int(row[4]))
    return MonthSums(
        lines=sum(row[3] for row in rows["budget"]) + len(by_hand),
        budgets=parts("budget"),
        apps=parts("app"),
        aliases=parts("alias"),
        providers=parts("provider"),
        estimated=parts("estimated"),
        adjustments=tuple(
            Adjustment(number, datetime.fromisoformat(at), budget, _amount(spent), note)
            for budget, spent, _, _, number, at, _, note in by_hand
        ),
        rates=_rates(rows["rate"]),
        totals={part.name: part.aud for part in parts("total")},
    )


def _rates(found: Iterable[Row]) -> tuple[RateUsed, ...]:
    rates: dict[Decimal, RateUsed] = {}
    for text, spent, _, lines, _, first, last, _ in sorted(found, key=_number):
        rate = Decimal(text)
        one = RateUsed(
            rate, datetime.fromisoformat(first), datetime.fromisoformat(last), lines, _amount(spent)
        )
        known = rates.get(rate)
        rates[rate] = _together(known, one) if known else one
    return tuple(rates.values())


def _together(known: RateUsed, other: RateUsed) -> RateUsed:
    return replace(
        known,
        first=min(known.first, other.first),
        last=max(known.last, other.last),
        entries=known.entries + other.entries,
        aud=Aud(known.aud + other.aud),
    )


def _number(row: Row) -> int:
    return int(row[4])


def _amount(spent: Decimal) -> Aud:
    return aud(NanoAud(int(spent)))


def differences_of(found: Sequence[Row]) -> tuple[Sequence[str], int]:
    """Read the rows of `UNLIKE_LOG`: each difference in words, and how many there are in all."""
    return [_unlike(*row[:3]) for row in found], found[0][3] if found else 0


def _unlike(call: str, logged: float | None, booked: Decimal | None) -> str:
    log = None if logged is None else Decimal(str(logged))
    if log is None:
        return f"call {call}: the ledger has {booked} USD, the gateway's log lost it"
    if booked is None:
        return f"call {call}: the gateway's log has {log} USD, the ledger does not know it"
    return f"call {call}: the ledger has {booked} USD, the gateway's log {log}"


def booked_probe(line: Entry) -> Booked:
    """Read a line of one of our own calls. What was booked without usage is an estimate."""
    return Booked(
        deployment=line.deployment,
        model=line.model,
        usd=line.usd,
        aud=aud(line.cost),
        counted=line.counted,
        estimated=line.estimated or line.kind is EntryKind.RECOVERED,
    )


def usage_of(row: Row) -> Usage:
    """Read a row of `aspire_ledger.sql.TRAFFIC`."""
    day, budget, app, alias, calls, cost, *counts = row
    names = (_short(budget), _short(app), _short(alias))
    # A correction takes back what its call added on the same day, so nothing is below zero.
    money, units = aud(NanoAud(cost)), dict(zip(UNITS, map(_natural, counts), strict=True))
    return Usage(date.fromisoformat(day), names[0], names[1], names[2], calls, money, **units)


def _natural(count: int) -> int:
    return max(count, 0)


def _short(name: str) -> str:
    # Callers choose some of these, and a published snapshot holds each of them.
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def told(difference: Difference) -> str:
    """Return in words what is not as it must be."""

    def amount(value: int | str) -> str:
        return f"{plain(aud(NanoAud(value)))} AUD" if isinstance(value, int) else value

    expected, found = difference.expected, difference.found
    where = f"{difference.month}, budget {difference.budget}"
    match difference.what:
        case "spent":
            return f"{where}: the total says {amount(found)} spent, its lines add up to {amount(expected)}"
        case "reserved":
            return f"{where}: the total says {amount(found)} reserved, calls under way hold {amount(expected)}"
        case "calls":
            return f"{where}: the total says {found} calls, there are lines of {expected}"
        case "entries":
            return f"{difference.month}: of the lines that were there when it was closed ({expected}), {found} are there"
        case _:
            return f"{difference.month}: its lines are not those that were there when it was closed"


def process_of(row: ProcessRow) -> SeenProcess:
    """Return a gateway process's row as the witness judges it."""
    of = row.process
    facts = Facts(
        of.id, of.config_digest, of.file_digest, of.litellm_release, of.ledger_release, of.guard
    )
    return SeenProcess(facts, row.age_s)
