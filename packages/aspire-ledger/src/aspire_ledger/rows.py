"""Values to the named parameters of `sql`, and rows back to values. Pure."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from aspire_ledger.amounts import NanoAud, aud
from aspire_ledger.tables import EVERY_ENTRY_COLUMN
from aspire_ledger.values import (
    UNITS,
    Adjustment,
    Call,
    Closing,
    Counted,
    Entry,
    EntryKind,
    FailedCalls,
    Process,
    ProcessRow,
    Request,
    Reservation,
    SeenParameter,
    Settlement,
    Share,
    Total,
)

Parameter: TypeAlias = "str | int | list[int]"
Parameters: TypeAlias = Mapping[str, Parameter]
Row: TypeAlias = Sequence[Any]

# Whatever a file or a provider says, sums and percentages of it stay within 64 bits.
_MOST_NANO = 9 * 10**16  # ninety million dollars
_MOST_UNITS = 2**53
_MOST_USD = Decimal(10**9)
_USD_DIGITS = 18
_LONGEST_NAME = 128  # five of them, of any characters, fit into a row of PostgreSQL's index
_MOST_PARAMETERS = 500
OTHER_PARAMETERS = "(others)"
_BOOKED_ONCE = frozenset({EntryKind.SETTLED, EntryKind.UNADMITTED, EntryKind.RECOVERED})


def moment_text(moment: datetime) -> str:
    """Return a moment so that texts sort as moments do.

    Raises:
        ValueError: It has no timezone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def of_call(call: Call) -> dict[str, Parameter]:
    return {
        "id": _clean(call.id),
        "budget": _clean(call.budget),
        "month": call.month,
        "day": call.day,
        "app": _clean(call.app),
        "alias": _clean(call.alias),
        "key": _clean(call.key),
        "at": moment_text(call.at),
        "usd_per_aud": str(call.usd_per_aud),
    }


def of_request(request: Request) -> Parameters:
    return of_call(request.call) | {
        "cap": min(request.cap, _MOST_NANO),
        "need": min(request.need, _MOST_NANO),
        "worst": min(request.worst, _MOST_NANO),
        "learned": int(request.learned),
        "expires_at": moment_text(request.expires_at),
    }


def of_settlement(settlement: Settlement, kind: EntryKind) -> Parameters:
    return of_call(settlement.call) | {
        "kind": kind.value,
        "at": moment_text(settlement.at),
        "cost": settlement.cost,
        "usd": str(settlement.usd),
        "calls": int(kind in _BOOKED_ONCE),
        # What a crash left does not show what calls cost, and a difference even less.
        "learn": int(kind in {EntryKind.SETTLED, EntryKind.UNADMITTED}),
        "cap": min(settlement.cap, _MOST_NANO),
        "percents": sorted(set(settlement.warn_at_percent)),
        "provider": _clean(settlement.provider),
        "model": _clean(settlement.model),
        **{name: min(count, _MOST_UNITS) for name, count in asdict(settlement.counted).items()},
        "note": _clean(settlement.note),
        "deployment": _clean(settlement.deployment),
        "call_type": _clean(settlement.call_type),
        "reported_usd": _reported(settlement.reported_usd),
        "estimated": int(settlement.estimated),
    }


def of_adjustment(adjustment: Adjustment) -> Parameters:
    call = Call(
        id=adjustment.id,
        budget=adjustment.budget,
        app="",
        alias="",
        key="",
        day=adjustment.month,
        at=adjustment.at,
        usd_per_aud=Decimal(1),  # what a person books is in AUD already
    )
    settlement = Settlement(
        call=call,
        cost=adjustment.cost,
        usd=aud(adjustment.cost),
        at=adjustment.at,
        note=f"{adjustment.reason} ({adjustment.who})",
    )
    return {**of_settlement(settlement, EntryKind.ADJUSTED), "day": ""}


def reservation(row: Row) -> Reservation:
    """Read a row of `sql.EXPIRED`."""
    id_, budget, day, app, alias, key, amount, expected, at, expires_at, rate = row
    call = Call(id_, budget, app, alias, key, day, _moment(at), Decimal(rate))
    return Reservation(call, NanoAud(amount), NanoAud(expected), _moment(expires_at))


def entry(row: Row) -> Entry:
    """Read a row of `sql.ENTRIES`."""
    found = dict(zip(EVERY_ENTRY_COLUMN, row, strict=True))
    reported = found["reported_usd"]
    return Entry(
        number=found["number"],
        request_id=found["request_id"],
        kind=EntryKind(found["kind"]),
        at=_moment(found["at"]),
        month=found["month"],
        day=found["day"],
        budget=found["budget"],
        app=found["app"],
        alias=found["alias"],
        key=found["key"],
        provider=found["provider"],
        model=found["model"],
        cost=NanoAud(found["nano_aud"]),
        usd=Decimal(found["usd"]),
        usd_per_aud=Decimal(found["usd_per_aud"]),
        counted=Counted(**{unit: found[unit] for unit in UNITS}),
        note=found["note"],
        deployment=found["deployment"],
        call_type=found["call_type"],
        reported_usd=Decimal(reported) if reported else None,
        estimated=bool(found["estimated"]),
    )


def total(row: Row) -> Total:
    budget, month, spent, reserved, calls = row
    return Total(budget, month, NanoAud(spent), NanoAud(reserved), calls)


def share(row: Row) -> Share:
    name, spent, calls = row
    return Share(name, NanoAud(spent), calls)


def closing(row: Row) -> Closing:
    month, at, entries, digest, shares, forgotten, format_, full_digest = row
    found = {
        by: tuple(Share(**each) for each in several) for by, several in json.loads(shares).items()
    }
    return Closing(
        month, _moment(at), entries, digest, found, bool(forgotten), format_, full_digest
    )


def of_closing(found: Closing) -> Parameters:
    shares = {by: [asdict(each) for each in several] for by, several in found.shares.items()}
    return {
        "month": found.month,
        "entries": found.entries,
        "digest": found.digest,
        "shares": json.dumps(shares),
        "format": found.format,
        "full_digest": found.full_digest,
    }


def of_failures(found: Sequence[FailedCalls]) -> Parameters:
    return {"rows": json.dumps([_counts(each) for each in found])}


def of_seen_parameters(found: Sequence[SeenParameter]) -> Parameters:
    places = Counter[tuple[str, str]]()
    rows = []
    for each in found:
        places[each.day, each.app] += 1
        rows.append({**_counts(each), "place": places[each.day, each.app]})
    return {"rows": json.dumps(rows), "most": _MOST_PARAMETERS, "others": OTHER_PARAMETERS}


def process(row: Row) -> ProcessRow:
    """Read a row of `sql.PROCESSES`. Whatever somebody wrote there, it is read."""
    *facts, started, beat, now = row
    at = _moment_or_none(beat)
    age_s = None if at is None else (_moment(now) - at).total_seconds()
    return ProcessRow(Process(*facts), _moment_or_none(started), age_s)


def _moment_or_none(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _counts(found: FailedCalls | SeenParameter) -> dict[str, str | int]:
    return {
        name: _clean(value)[:_LONGEST_NAME] if isinstance(value, str) else min(value, _MOST_UNITS)
        for name, value in asdict(found).items()
    }


def _reported(usd: Decimal | None) -> str:
    # It is what somebody else says: kept so that a database can calculate with it.
    if usd is None or not usd.is_finite():
        return ""
    held = max(-_MOST_USD, min(usd, _MOST_USD))
    return f"{round(held, _USD_DIGITS).normalize():f}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _clean(text: str) -> str:
    # PostgreSQL holds neither a NUL nor half a surrogate pair, and callers choose some of these.
    return text.encode(errors="replace").decode().replace("\0", "?")
