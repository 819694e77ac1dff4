"""Assemble the status: what the last turns said, and what git and the gateway held then."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aspire_gitops.catalog import Catalog
from aspire_gitops.controller.loop import Loop
from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.controller.troubles import Known, troubles_of
from aspire_gitops.kinds.deployment import deployment_of
from aspire_gitops.kinds.key_fields import key_of
from aspire_gitops.planning import Plan
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import (
    AliasRow,
    AppRow,
    DowntimeReport,
    Hold,
    OtherAnswer,
    ProbesReport,
    Role,
    Standing,
    Status,
    Trouble,
    Turn,
)

_TURNS_SHOWN = 20


@dataclass(slots=True)
class StatusAssembler:
    """Hears of turns and answers `status()` at once, from memory."""

    loop: Loop
    clock: Callable[[], datetime]
    version: str
    untold: Callable[[], int] = lambda: 0
    probes: Callable[[], ProbesReport | None] = lambda: None
    at_work: str | None = None
    started_at: datetime | None = None
    last_success_at: datetime | None = None
    _known: Turn | None = None  # the last turn that read the gateway
    _turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=_TURNS_SHOWN))

    def __post_init__(self) -> None:
        self.started_at = self.clock()

    def turned(self, turn: Turn) -> None:
        """Hear of a turn that ended."""
        self._turns.appendleft(turn)
        self._known = turn if turn.plan else self._known
        if turn.standing is Standing.READY:
            self.last_success_at = turn.started_at + timedelta(seconds=turn.duration_s)

    def working(self, what: str | None) -> None:
        """Hear of what is being done now."""
        self.at_work = what
        self.loop.moved()

    def may_probe(self) -> bool:
        """Say whether this controller leads, rests, and read the gateway in its last turn."""
        turn = self._turns[0] if self._turns else None
        is_seen = turn is not None and turn.plan is not None
        return self.loop.role is Role.LEADER and is_seen and self.at_work is None

    def alive(self) -> bool:
        return self.loop.alive()

    def status(self) -> Status:
        """Return the controller as it is now."""
        now, turn = self.clock(), self._turns[0] if self._turns else None
        reconciler = self.loop.reconciler
        seen, catalog = reconciler.seen, reconciler.wanted.catalog if reconciler.wanted else None
        known = self._known
        pending = (
            known.plan if known and known.plan and not known.counts and known.plan.changes else None
        )
        silent_since = reconciler.memory.outages.silent_since(now)
        is_current = bool(turn and turn is known and not silent_since)
        others = _others(reconciler, catalog, seen)
        applied = reconciler.memory.applied
        standing, reason = self._standing(turn)
        return Status(
            at=now,
            started_at=self.started_at or now,
            version=self.version,
            role=self.loop.role,
            standing=standing,
            reason=reason,
            help=turn.help if turn else "",
            gateway_name=catalog.gateway.spec.name if catalog and catalog.gateway else None,
            gateway_url=seen.gateway_url if seen else None,
            litellm_version=seen.litellm_version if seen else None,
            timezone=(turn.timezone or None) if turn else None,
            wanted=turn.wanted if turn else None,
            in_git=turn.in_git if turn else None,
            applied=applied.revision if applied else None,
            applied_at=applied.at if applied else None,
            last_success_at=self.last_success_at,
            next_look_at=now + timedelta(seconds=max(self.loop.next_look_s - time.monotonic(), 0)),
            at_work=self.at_work,
            pending=pending,
            turns=tuple(self._turns),
            aliases=_aliases(catalog, pending, others) if catalog else (),
            apps=_apps(catalog, seen, reconciler) if catalog and seen else (),
            drift=known.drift if known else (),
            flapping=known.flapping if known else (),
            holds=tuple(hold for hold in turn.holds if _is_in_force(hold, now)) if turn else (),
            unmanaged=known.plan.unmanaged if known and known.plan else (),
            fallbacks=seen.fallbacks if seen else (),
            journal=reconciler.memory.facts,
            untold=self.untold(),
            spend=reconciler.spending.report if reconciler.spending else None,
            calls=reconciler.spending.calls if reconciler.spending else None,
            downtime=_downtime(reconciler, now),
            settings=turn.settings if turn else None,
            troubles=_troubles(reconciler, known, others, now),
            is_current=is_current,
            seen_at=seen.taken_at if seen else None,
            silent_since=silent_since,
            probes=self.probes(),
        )

    def _standing(self, turn: Turn | None) -> tuple[Standing, str]:
        if self.loop.role is Role.STANDBY:
            leader = self.loop.leader or "another controller"
            return Standing.READY, f"standing by: {leader} is at work"
        if turn is None:
            return Standing.WAITING, "the first turn has not ended yet"
        return turn.standing, turn.reason


def _downtime(reconciler: Reconciler, now: datetime) -> DowntimeReport | None:
    found, gateway = reconciler.downtime(now), reconciler.gateway
    if found is None or gateway is None:
        return None
    return DowntimeReport(found, gateway.availability.max_downtime_minutes_per_month * 60)


def _is_in_force(hold: Hold, now: datetime) -> bool:
    # The freeze is over even if the turn after it has not ended.
    return hold.until is None or now < hold.until


Others = Mapping[str, tuple[OtherAnswer, ...]]


def _others(reconciler: Reconciler, catalog: Catalog | None, seen: Snapshot | None) -> Others:
    url = seen.gateway_url if seen else ""
    found = reconciler.memory.intruders
    return {alias: found.others(alias, url) for alias in catalog.aliases} if catalog else {}


def _troubles(
    reconciler: Reconciler, known: Turn | None, others: Others, now: datetime
) -> tuple[Trouble, ...]:
    wanted, spending = reconciler.wanted, reconciler.spending
    if wanted is None:
        return ()
    return troubles_of(
        Known(
            wanted.catalog,
            wanted.compiled,
            known.plan if known else None,
            reconciler.seen,
            reconciler.world.owner,
            now,
            others,
            reconciler.memory.dead_keys,
            spending.report if spending else None,
            spending.calls if spending else None,
        )
    )


def _aliases(catalog: Catalog, pending: Plan | None, others: Others) -> tuple[AliasRow, ...]:
    changes = pending.changes if pending else ()
    waiting = {change.key for change in changes}
    waiting |= {one.change.key for one in pending.held} if pending else set()
    return tuple(
        AliasRow(
            name=name,
            mode=alias.spec.mode,
            provider=alias.spec.target.provider,
            vendor=catalog.providers[alias.spec.target.provider].spec.vendor,
            model=alias.spec.target.model,
            live=deployment_of(name) not in waiting,
            others=others.get(name, ()),
        )
        for name, alias in sorted(catalog.aliases.items())
    )


def _apps(catalog: Catalog, seen: Snapshot, reconciler: Reconciler) -> tuple[AppRow, ...]:
    owner = reconciler.world.owner
    live = {item.key for item in seen.objects if item.mark and item.mark.owner == owner}
    return tuple(
        AppRow(
            name=name,
            owner=app.spec.owner,
            aliases=tuple(app.spec.aliases),
            budget=app.spec.budget,
            monthly_aud=str(catalog.budgets[app.spec.budget].spec.monthly_aud),
            keys=len(app.spec.keys),
            live_keys=sum(key_of(name, key.name) in live for key in app.spec.keys),
        )
        for name, app in sorted(catalog.apps.items())
    )
