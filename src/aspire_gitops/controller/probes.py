"""Probe each alias at its interval, beside the turns: one call at a time, and never a storm.

What was missed during an outage or a pause is not caught up. Only a change is remembered
in the journal: an alias that began to fail, and one that works again. So a restart tells
nobody twice.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from aspire_gitops.controller.memory import Journal
from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.journal.entry import Draft, EntryKind
from aspire_gitops.probing import Expected, Finding, Prober, Target, Verdict, interval_s, targets
from aspire_gitops.resources import ProbesSpec
from aspire_gitops.spend import zone
from aspire_gitops.status.value import Notice, ProbeRow, ProbesReport, Topic
from aspire_gitops.vocabulary import AspireGitopsError, LedgerRefused, LedgerUnavailable, one_line

_SOON_S: Final = 10.0  # after a target changed
_AGAIN_S: Final = 60.0  # to see whether a fault is still there
_SPREAD_S: Final = 300.0  # over which the first probes after a start or an outage are spread
_LOOK_S: Final = 2.0  # between two looks for what is due, and so between two calls
_LONG: Final = timedelta(seconds=60)  # of a pause; a turn is a short one
_RECALLED: Final = timedelta(days=400)
_log = structlog.get_logger("aspire_gitops.probes")


@dataclass(slots=True)
class _Watched:
    """One alias. `at` and `finding` are of the newest probe, `bad` of each call that fails."""

    target: Target
    due: datetime
    every_s: float
    turn: int = 0
    at: datetime | None = None
    finding: Finding | None = None
    bad: dict[str, Finding] = field(default_factory=dict)  # by variant
    suspects: set[str] = field(default_factory=set)  # variants that failed once

    @property
    def worst(self) -> Finding | None:
        return next(iter(self.bad.values()), None)


@dataclass(slots=True)
class Probes:
    """The probes of one controller. `report` is what may be shown now.

    `may_probe` says whether this controller leads and the gateway answered its last look.
    `calls_before` tells how many calls of a day were booked before this process began.
    """

    prober: Prober
    reconciler: Reconciler
    journal: Journal
    announce: Callable[[Notice], None]
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    may_probe: Callable[[], bool]
    report: ProbesReport | None = None
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _read: tuple[object, object] | None = None
    _told: dict[str, datetime] | None = None  # aliases that were told, since when
    _day: date | None = None
    _calls: int = 0
    _paused_at: datetime | None = None
    _unwritten: list[Draft] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        """Probe what is due until `stop`."""
        ended = asyncio.create_task(stop.wait())
        while not stop.is_set():
            looking = asyncio.create_task(self.look())
            await asyncio.wait((looking, ended), return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                looking.result()
            else:  # a call may take minutes, and nobody waits for it any more
                looking.cancel()
            await asyncio.wait((ended,), timeout=_LOOK_S)

    async def look(self) -> Finding | None:
        """Probe the alias that is most overdue, at most one. Returns what it found."""
        policy, now = self._policy(), self.clock()
        if policy is None or not self.may_probe():
            self._paused_at = self._paused_at or now
            self.report = None if policy is None else self.report
            return None
        is_back = self._paused_at is not None and abs(now - self._paused_at) > _LONG
        self._paused_at = None
        if is_back:
            self._told = None  # another controller may have led
        self._follow(policy, now, spread=is_back)
        await self._begin_day(now)
        due = sorted((one.due, name) for name, one in self._watched.items() if one.due <= now)
        finding = None
        if await self._recalled(now) and due and self._calls < policy.calls_per_day:
            finding = await self._probe(due[0][1])
        self.report = self._made(policy)
        return finding

    def _policy(self) -> ProbesSpec | None:
        gateway = self.reconciler.gateway
        probes = gateway.policy.probes if gateway else None
        return probes if isinstance(probes, ProbesSpec) else None

    # ── which aliases, and when ─────────────────────────────────────────────

    def _follow(self, policy: ProbesSpec, now: datetime, *, spread: bool) -> None:
        """Take over what git and the gateway say now; `spread` what became due meanwhile."""
        wanted, seen = self.reconciler.wanted, self.reconciler.seen
        if wanted is None or seen is None:
            return
        was, self._read = self._read, (wanted, seen)
        if was and was[0] is wanted and was[1] is seen and not spread:
            return  # a look every two seconds, and a turn every minute
        owner = self.reconciler.world.owner
        found = targets(wanted.catalog, wanted.compiled, seen, owner, as_live=True)
        before, self._watched = self._watched, {}
        for name, target in found.items():
            every_s = interval_s(wanted.catalog.aliases[name].spec, policy)
            known = before.get(name)
            if known is None:
                first = now + timedelta(seconds=self.jitter() * min(every_s, _SPREAD_S))
                self._watched[name] = _Watched(target, first, every_s)
            elif _same(known.target.expected, target.expected):
                self._watched[name] = known
                known.target, known.every_s = target, every_s
            else:  # what was found is of another target
                soon = now + timedelta(seconds=_SOON_S)
                self._watched[name] = _Watched(target, soon, every_s)
            if spread and self._watched[name].due <= now:
                late = self.jitter() * min(every_s, _SPREAD_S)
                self._watched[name].due = now + timedelta(seconds=late)

    async def _begin_day(self, now: datetime) -> None:
        gateway = self.reconciler.gateway
        today = now.astimezone(zone(gateway.timezone) if gateway else None).date()
        if today == self._day:
            return
        before = 0
        if self._day is None and self.prober.books:
            # Else a controller that is restarted again and again has no cap.
            try:
                before = await self.prober.books.probes_on(today)
            except (LedgerUnavailable, LedgerRefused) as error:
                _log.warning("the ledger does not tell today's probes", why=str(error))
        self._day, self._calls = today, before

    # ── one probe ───────────────────────────────────────────────────────────

    async def _probe(self, name: str) -> Finding:
        one = self._watched[name]
        probe = one.target.probes[one.turn % len(one.target.probes)]
        self._calls += 1
        finding = await self.prober.probe(probe, one.target.expected)
        now, variant = self.clock(), finding.variant
        one.at, one.finding = now, finding
        again = False
        if finding.verdict.is_red:
            again = variant not in one.bad and variant not in one.suspects
            if again:
                one.suspects.add(variant)
            else:
                one.bad[variant] = finding
        elif finding.verdict is Verdict.WORKS:
            one.suspects.discard(variant)
            one.bad.pop(variant, None)
        if not again:
            one.turn += 1
        pause_s = _AGAIN_S if again else one.every_s * (0.9 + 0.2 * self.jitter())
        one.due = now + timedelta(seconds=pause_s)
        log = _log.warning if finding.verdict.is_red else _log.debug
        log("probed", alias=name, variant=variant, verdict=finding.verdict.value, why=finding.told)
        await self._tell(name, one, now)
        return finding

    async def _tell(self, name: str, one: _Watched, now: datetime) -> None:
        """Tell once that an alias fails, and once that it works again."""
        told = self._told if self._told is not None else {}
        worst = one.worst
        if worst and name not in told:
            told[name] = now
            self.announce(self._notice(name, now, f"Alias {name}: {worst.verdict.value}", worst))
            await self._write(_draft(now, name, worst))
        elif not worst and name in told and not one.suspects and _is_good(one):
            del told[name]
            good = replace(one.finding, told="") if one.finding else None
            self.announce(self._notice(name, now, f"Alias {name} works again", good))
            await self._write(_draft(now, name, good))

    def _notice(self, name: str, now: datetime, title: str, found: Finding | None) -> Notice:
        gateway = self.reconciler.gateway
        lines = [found.told, f"call: {found.variant}", found.help] if found and found.told else []
        return Notice(
            id=f"probe-{one_line(name)}-{now:%Y%m%dT%H%M%S}",
            topic=Topic.PROBE,
            at=now,
            title=title,
            lines=tuple(filter(None, lines)),
            gateway=gateway.name if gateway else "",
        )

    # ── the journal ─────────────────────────────────────────────────────────

    async def _recalled(self, now: datetime) -> bool:
        if self._told is None:
            try:
                self._told = await asyncio.to_thread(self._recall, now)
            except AspireGitopsError as error:
                _log.warning("the journal cannot be read, so nothing is probed", why=str(error))
        return self._told is not None

    def _recall(self, now: datetime) -> dict[str, datetime]:
        told: dict[str, datetime] = {}
        for entry in self.journal.read(kinds=(EntryKind.PROBE,), since=now - _RECALLED):
            body = entry.draft.body
            if body.get("works") is True:
                told.pop(str(body.get("alias")), None)
            else:
                told[str(body.get("alias"))] = entry.draft.at
        return told

    async def _write(self, draft: Draft) -> None:
        self._unwritten.append(draft)
        try:
            await asyncio.to_thread(self.journal.append, *self._unwritten)
        except AspireGitopsError as error:
            _log.warning("the journal cannot be written; trying again", why=str(error))
        else:
            self._unwritten.clear()

    # ── what is shown ───────────────────────────────────────────────────────

    def _made(self, policy: ProbesSpec) -> ProbesReport:
        rows = tuple(self._rows())
        return ProbesReport(rows, self._calls, policy.calls_per_day)

    def _rows(self) -> Iterator[ProbeRow]:
        told: Mapping[str, datetime] = self._told or {}
        for name, one in self._watched.items():
            shown = one.worst or one.finding
            unproved = name in told and not one.worst and not _is_good(one)
            yield ProbeRow(
                alias=name,
                verdict=shown.verdict.value if shown else "",
                works=_works(one) if not unproved else False,
                told=shown.told
                if shown
                else "failed before the controller was restarted"
                if unproved
                else "",
                help=shown.help if shown else "",
                at=one.at,
                since=told.get(name),
                next_at=one.due,
                by_ledger=bool(shown and shown.by_ledger),
            )


def _same(before: Expected, after: Expected) -> bool:
    return replace(before, deployments=frozenset()) == replace(after, deployments=frozenset())


def _is_good(one: _Watched) -> bool:
    return one.finding is not None and one.finding.verdict is Verdict.WORKS


def _works(one: _Watched) -> bool | None:
    """Say whether an alias works; None where nobody knows."""
    if one.worst or (one.finding and one.finding.verdict.is_red):
        return False
    return True if _is_good(one) else None


def _draft(now: datetime, alias: str, found: Finding | None) -> Draft:
    verdict = found.verdict if found else Verdict.WORKS
    return Draft(
        EntryKind.PROBE,
        now,
        body={
            "alias": alias,
            "works": verdict is Verdict.WORKS,
            "verdict": verdict.value,
            "variant": found.variant if found else "",
            "why": found.told if found else "",
        },
    )
