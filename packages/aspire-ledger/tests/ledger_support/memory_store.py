"""The ledger in memory: the fake of PostgreSQL, for tests of everything that is no SQL.

`test_store` holds it to the same promises as the real one. It keeps rows as the tables do
and answers each question of `sql` by a function of the same meaning.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aspire_ledger import rows, sql
from aspire_ledger.amounts import NanoAud
from aspire_ledger.rows import Parameters, Row
from aspire_ledger.store import Store, StoreUnavailable, answer, verdict
from aspire_ledger.tables import EVERY_ENTRY_COLUMN
from aspire_ledger.values import UNITS, Answer, Booked, EntryKind, Process, Request, Verdict

_PAGE = 1000
_DAY = timedelta(days=1)
_PROCESS = tuple(each.name for each in fields(Process))
_CALLS = frozenset({"settled", "unadmitted", "recovered"})
_FAILURE = ("day", "app", "alias", "deployment", "outcome")
_PARAMETER = ("day", "app", "alias", "call_type", "parameter", "outcome")
_RESERVATION = ("id", "budget", "day", "app", "alias", "key", "nano_aud", "expected", "at", "expires_at", "usd_per_aud")  # fmt: skip
_CLOSING = ("month", "at", "entries", "digest", "shares", "forgotten", "format", "full_digest")

_Given = Mapping[str, Any]


@dataclass
class _Total:
    spent: int = 0
    reserved: int = 0
    calls: int = 0


@dataclass
class Tables:
    """What the database holds. Outlives the stores on it, as a server outlives its clients."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    last_number: int = 0
    reservations: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: defaultdict[tuple[str, str], _Total] = field(
        default_factory=lambda: defaultdict(_Total)
    )
    estimates: dict[tuple[str, str], int] = field(default_factory=dict)
    warnings: set[tuple[str, str, int]] = field(default_factory=set)
    closings: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[tuple[str, ...], int] = field(default_factory=dict)
    seen_parameters: dict[tuple[str, ...], int] = field(default_factory=dict)
    processes: dict[str, dict[str, Any]] = field(default_factory=dict)


class MemoryStore(Store):
    """A store in memory. While `away` is true it does not answer."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or Tables()
        self.away = False
        self._answers: Mapping[str, Callable[[_Given], Iterable[Row]]] = {
            sql.ESTIMATE: self._estimate,
            sql.EXPIRED: self._expired,
            sql.ENTRY: self._entry_of,
            sql.TOTALS: self._totals,
            sql.SPENT: self._spent,
            sql.ESTIMATED: self._estimated,
            sql.PRICE_DIFFERENCES: self._price_differences,
            sql.FAILURES: lambda given: _days(self.tables.failures, _FAILURE, given),
            sql.SEEN_PARAMETERS: lambda given: _days(
                self.tables.seen_parameters, _PARAMETER, given
            ),
            sql.SPENT_BY_KEY: self._spent_by_key,
            sql.DAILY: self._daily,
            sql.TRAFFIC: self._traffic,
            sql.FIRST_DAY: self._first_day,
            sql.ENTRIES: self._entries,
            sql.CLOSINGS: self._closings,
            sql.UNDER_WAY: self._under_way,
            sql.SUMS: self._sums,
            sql.GATEWAY_HAS_LOG: lambda _: [(False,)],
            sql.PROCESSES: self._processes,
            **{text: self._spent_by(column) for column, text in sql.SPENT_BY.items()},
        }
        self._changes: Mapping[str, Callable[[_Given], int]] = {
            sql.CLOSE: self._close_month,
            sql.FILL_CLOSING: self._fill_closing,
            sql.MARK_FORGOTTEN: self._mark_forgotten,
            sql.FORGET: self._forget,
            sql.BEAT: self._beat,
            sql.LEAVE: lambda given: int(bool(self.tables.processes.pop(given["id"], None))),
            sql.COUNT_FAILURES: self._count_failures,
            sql.COUNT_PARAMETERS: self._count_parameters,
            sql.FORGET_FAILURES: lambda given: _forget_days(self.tables.failures, given),
            sql.FORGET_PARAMETERS: lambda given: _forget_days(self.tables.seen_parameters, given),
        }

    # ── the steps ───────────────────────────────────────────────────────────

    async def prepare(self) -> None:
        self._be_there()

    async def admit(self, request: Request) -> Answer:
        self._be_there()
        given: dict[str, Any] = dict(rows.of_request(request))
        tables = self.tables
        total = tables.totals.get((given["budget"], given["month"]), _Total())
        known = self._known(given["id"])
        learned = tables.estimates.get((given["app"], given["alias"])) if given["learned"] else None
        worst, need, cap = given["worst"], given["need"], given["cap"]
        expected = worst if learned is None else min(worst, learned)
        found = verdict(
            total.spent, total.reserved, need, cap, expected=expected if given["learned"] else None
        )
        if known != "unknown" or found is not Verdict.ADMITTED:
            held = tables.reservations.get(given["id"], {}).get("expected", 0)
            return answer(request, total.spent, total.reserved, held, known)
        granted = min(expected, cap - total.spent - total.reserved)
        tables.totals[given["budget"], given["month"]] = total
        total.reserved += granted
        tables.reservations[given["id"]] = given | {"nano_aud": granted, "expected": expected}
        return Answer(found, NanoAud(total.spent), NanoAud(total.reserved), NanoAud(expected))

    async def settle_reserved(self, given: Parameters) -> Booked | None:
        self._be_there()
        freed = self.tables.reservations.pop(str(given["id"]), None)
        return self._booked(given, {**freed, "remark": ""}) if freed else None

    async def free(self, request_id: str) -> bool:
        self._be_there()
        freed = self.tables.reservations.pop(request_id, None)
        if freed is None:
            return False
        self.tables.totals[freed["budget"], freed["month"]].reserved -= freed["nano_aud"]
        return True

    async def book(self, given: Parameters) -> Booked | None:
        self._be_there()
        named = str(given["month"])
        month = max([named, *(each["following"] for each in self.tables.closings.values())])
        is_late = month != named
        facts = {
            **given,
            "month": month,
            "day": "" if is_late else given["day"],
            "nano_aud": 0,
            "remark": f" (of {named}, closed)" if is_late else "",
        }
        is_correction = given["kind"] == "corrected"
        if any(
            entry["request_id"] == given["id"] and (entry["kind"] == "corrected") is is_correction
            for entry in self.tables.entries
        ):
            return None
        return self._booked(given, facts)

    async def ask(self, question: str, **given: str | int) -> Sequence[Row]:
        self._be_there()
        return list(self._answers[question](given))

    async def change(self, statement: str, given: Parameters, *, alone: bool = False) -> int:
        del alone
        self._be_there()
        return self._changes[statement](given)

    async def close(self) -> None:
        pass

    def _be_there(self) -> None:
        if self.away:
            raise StoreUnavailable("the ledger in memory cannot answer", help="try again")

    def _known(self, id_: str) -> str:
        if any(entry["request_id"] == id_ for entry in self.tables.entries):
            return "booked"
        return "held" if id_ in self.tables.reservations else "unknown"

    def _booked(self, given: _Given, freed: _Given) -> Booked | None:
        tables = self.tables
        total = tables.totals[freed["budget"], freed["month"]]
        total.reserved -= freed["nano_aud"]
        if freed["nano_aud"] and self._known(given["id"]) == "booked":  # booked while it was held
            return Booked(None, freed["budget"], freed["month"], NanoAud(0), NanoAud(total.spent))
        tables.last_number += 1
        entry = {
            **{name: given[name] for name in EVERY_ENTRY_COLUMN if name in given},
            **{name: freed[name] for name in ("month", "day", "budget", "app", "alias", "key")},
            "number": tables.last_number,
            "request_id": given["id"],
            "nano_aud": given["cost"],
            "usd_per_aud": freed["usd_per_aud"],
            "note": given["note"] + freed["remark"],
        }
        tables.entries.append(entry)
        total.spent += given["cost"]
        total.calls += given["calls"]
        if given["learn"]:
            self._learn((entry["app"], entry["alias"]), given["cost"])
        crossed = self._warned(given, entry["budget"], entry["month"], total.spent)
        kind = EntryKind(given["kind"])
        return Booked(
            kind,
            entry["budget"],
            entry["month"],
            NanoAud(given["cost"]),
            NanoAud(total.spent),
            crossed,
        )

    def _learn(self, pair: tuple[str, str], cost: int) -> None:
        known = self.tables.estimates.get(pair, cost)
        sunk = known - (known - cost) // 16
        self.tables.estimates[pair] = cost if cost >= known else sunk

    def _warned(self, given: _Given, budget: str, month: str, spent: int) -> tuple[int, ...]:
        fresh = {
            (budget, month, percent)
            for percent in given["percents"]
            if given["cap"] > 0 and spent * 100 >= percent * given["cap"]
        } - self.tables.warnings
        self.tables.warnings |= fresh
        return tuple(sorted(percent for _, _, percent in fresh))

    # ── questions ───────────────────────────────────────────────────────────

    def _estimate(self, given: _Given) -> Iterable[Row]:
        found = self.tables.estimates.get((given["app"], given["alias"]))
        return [] if found is None else [(found,)]

    def _expired(self, given: _Given) -> Iterable[Row]:
        due = [
            each for each in self.tables.reservations.values() if each["expires_at"] < given["now"]
        ]
        due.sort(key=lambda each: (each["expires_at"], each["id"]))
        return [tuple(each[name] for name in _RESERVATION) for each in due[:_PAGE]]

    def _entry_of(self, given: _Given) -> Iterable[Row]:
        return [
            _row(each)
            for each in self.tables.entries
            if each["request_id"] == given["id"] and each["kind"] in _CALLS
        ]

    def _totals(self, given: _Given) -> Iterable[Row]:
        return [
            (budget, month, total.spent, total.reserved, total.calls)
            for (budget, month), total in sorted(self.tables.totals.items())
            if month == given["month"]
        ]

    def _spent(self, given: _Given) -> Iterable[Row]:
        total = self.tables.totals.get((given["budget"], given["month"]))
        return [(total.spent,)] if total else []

    def _spent_by(self, column: str) -> Callable[[_Given], Iterable[Row]]:
        return lambda given: _dearest(_shares(self._of_month(given), column))

    def _estimated(self, given: _Given) -> Iterable[Row]:
        of_month = self._of_month(given)
        corrected = {each["request_id"] for each in of_month if each["kind"] == "corrected"}
        guesses = [
            each for each in of_month if each["estimated"] and each["request_id"] not in corrected
        ]
        return _dearest(_shares(guesses, "budget", counts_all=True))

    def _price_differences(self, given: _Given) -> Iterable[Row]:
        firsts = {e["request_id"]: e for e in self.tables.entries if e["kind"] == "recovered"}
        found = []
        for each in self._of_month(given):
            if not each["reported_usd"]:
                continue
            booked, reported = Decimal(each["usd"]), Decimal(each["reported_usd"])
            if each["kind"] == "corrected" and (first := firsts.get(each["request_id"])):
                booked += Decimal(first["usd"])
                reported += Decimal(first["reported_usd"] or 0)
            elif each["kind"] not in {"settled", "unadmitted"}:
                continue
            apart, larger = abs(booked - reported), max(abs(booked), abs(reported))
            if apart > Decimal("1e-9") and apart * 1000 > given["permille"] * larger:
                found.append(
                    (each["request_id"], each["alias"], each["deployment"], booked, reported)
                )
        found.sort(key=lambda row: (-abs(row[3] - row[4]), row[0]))
        return [(*row, len(found)) for row in found[: given["most"]]]

    def _spent_by_key(self, given: _Given) -> Iterable[Row]:
        sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        for each in self._of_month(given):
            if each["key"]:
                sums[each["key"], each["usd_per_aud"]] += each["nano_aud"]
        return [(key, rate, spent) for (key, rate), spent in sums.items()]

    def _daily(self, given: _Given) -> Iterable[Row]:
        of_budget = [
            each
            for each in self._of_month(given)
            if each["budget"] == given["budget"] and each["day"]
        ]
        return sorted(_shares(of_budget, "day"))

    def _traffic(self, given: _Given) -> Iterable[Row]:
        sums: dict[tuple[str, ...], list[int]] = {}
        for each in self.tables.entries:
            is_within = given["since"] <= each["day"] <= given["until"]
            months = given["first_month"], given["last_month"]
            if each["kind"] == "adjusted" or not is_within:
                continue
            if not months[0] <= each["month"] <= months[1]:
                continue
            group = tuple(each[name] for name in ("day", "budget", "app", "alias"))
            counts = (int(each["kind"] in _CALLS), each["nano_aud"], *(each[u] for u in UNITS))
            before = sums.get(group, [0] * len(counts))
            sums[group] = [a + b for a, b in zip(before, counts, strict=True)]
        ordered = sorted(sums.items(), key=lambda item: item[0][1:])
        ordered.sort(key=lambda item: item[0][0], reverse=True)
        return [(*group, *counts) for group, counts in ordered[: given["most"]]]

    def _first_day(self, _: _Given) -> Iterable[Row]:
        days = [each["day"] for each in self.tables.entries if each["day"]][:_PAGE]
        return [(min(days, default=None),)]

    def _entries(self, given: _Given) -> Iterable[Row]:
        found = [
            _row(each)
            for each in self.tables.entries
            if each["number"] > given["after"]
            and given["month"] in {"", each["month"]}
            and given["budget"] in {"", each["budget"]}
        ]
        return found[:_PAGE]

    def _closings(self, _: _Given) -> Iterable[Row]:
        return [
            tuple(each[name] for name in _CLOSING)
            for _, each in sorted(self.tables.closings.items())
            if each["digest"] is not None
        ]

    def _under_way(self, given: _Given) -> Iterable[Row]:
        held = self.tables.reservations.values()
        return [(sum(each["month"] <= given["month"] for each in held),)]

    def _sums(self, _: _Given) -> Iterable[Row]:
        found: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 6)
        for (budget, month), total in self.tables.totals.items():
            sums = found[month, budget]
            sums[0], sums[2], sums[4] = total.spent, total.reserved, total.calls
        for each in self.tables.entries:
            sums = found[each["month"], each["budget"]]
            sums[1] += each["nano_aud"]
            sums[5] += each["kind"] in _CALLS
        for each in self.tables.reservations.values():
            found[each["month"], each["budget"]][3] += each["nano_aud"]
        return [(budget, month, *sums) for (month, budget), sums in sorted(found.items())]

    def _of_month(self, given: _Given) -> list[dict[str, Any]]:
        return [each for each in self.tables.entries if each["month"] == given["month"]]

    # ── changes ─────────────────────────────────────────────────────────────

    def _close_month(self, given: _Given) -> int:
        if given["month"] in self.tables.closings or sum(self._under_way(given)[0]):  # type: ignore[index]
            return 0
        empty = dict.fromkeys(_CLOSING)
        defaults = {"forgotten": 0, "format": 1, "full_digest": ""}
        self.tables.closings[given["month"]] = {**empty, **defaults, **given}
        return 1

    def _fill_closing(self, given: _Given) -> int:
        closing = self.tables.closings.get(given["month"])
        if closing is None or closing["digest"] is not None:
            return 0
        closing.update(given)
        return 1

    def _mark_forgotten(self, given: _Given) -> int:
        self.tables.closings[given["month"]]["forgotten"] = 1
        return 1

    def _forget(self, given: _Given) -> int:
        before = len(self.tables.entries)
        self.tables.entries = [e for e in self.tables.entries if e["month"] != given["month"]]
        return before - len(self.tables.entries)

    def _beat(self, given: _Given) -> int:
        now = datetime.now(UTC)
        old = [key for key, row in self.tables.processes.items() if row["beat"] < now - _DAY]
        for key in old:
            del self.tables.processes[key]
        started = now - timedelta(seconds=given["up_s"])
        known = self.tables.processes.get(given["id"], {"started": started})
        self.tables.processes[given["id"]] = {**known, **given, "beat": now}
        return 1

    def _processes(self, _: _Given) -> Iterable[Row]:
        now = rows.moment_text(datetime.now(UTC))
        for row in sorted(self.tables.processes.values(), key=lambda row: row["beat"])[::-1]:
            moments = (rows.moment_text(row["started"]), rows.moment_text(row["beat"]), now)
            yield (*(row[name] for name in _PROCESS), *moments)

    def _count_failures(self, given: _Given) -> int:
        for each in json.loads(given["rows"]):
            _add(self.tables.failures, tuple(each[name] for name in _FAILURE), each["calls"])
        return 1

    def _count_parameters(self, given: _Given) -> int:
        seen = self.tables.seen_parameters
        before = set(seen)
        for each in json.loads(given["rows"]):
            row = tuple(each[name] for name in _PARAMETER)
            of_app = sum(there[:2] == row[:2] for there in before)
            if of_app + each["place"] > given["most"] and row not in before:
                row = (*row[:4], given["others"], row[5])
            _add(seen, row, each["calls"])
        return 1


def _row(entry: _Given) -> Row:
    return tuple(entry[name] for name in EVERY_ENTRY_COLUMN)


def _shares(
    entries: Iterable[_Given], column: str, *, counts_all: bool = False
) -> list[tuple[str, int, int]]:
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in entries:
        sums[each[column]][0] += each["nano_aud"]
        sums[each[column]][1] += counts_all or each["kind"] in _CALLS
    return [(name, spent, calls) for name, (spent, calls) in sums.items()]


def _dearest(shares: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return sorted(shares, key=lambda share: (-share[1], share[0]))


def _days(
    counts: Mapping[tuple[str, ...], int], names: tuple[str, ...], given: _Given
) -> Iterable[Row]:
    last = tuple(given[name] for name in names)
    found = [
        (*row, calls)
        for row, calls in sorted(counts.items())
        if given["since"] <= row[0] <= given["until"] and row > last
    ]
    return found[:_PAGE]


def _forget_days(counts: dict[tuple[str, ...], int], given: _Given) -> int:
    old = [row for row in counts if row[0] < given["day"]]
    for row in old:
        del counts[row]
    return len(old)


def _add(counts: dict[tuple[str, ...], int], row: tuple[str, ...], calls: int) -> None:
    counts[row] = counts.get(row, 0) + calls
