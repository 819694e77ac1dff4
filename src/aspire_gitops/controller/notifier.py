"""Send notices, log turns, and publish the snapshot that reviews read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from aspire_gitops.codec.snapshot_writer import snapshot_json
from aspire_gitops.controller.git_reader import CompiledRevision
from aspire_gitops.controller.loop import INTERVAL
from aspire_gitops.controller.pace import HEARTBEAT
from aspire_gitops.controller.turn_builder import TurnBuilder
from aspire_gitops.notify.news import notices_of, pending_notice, remembered
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.planning import Plan
from aspire_gitops.state import ReviewedGateway, Snapshot
from aspire_gitops.status.value import Standing, Turn
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import NotificationFailed, Revision

_log = structlog.get_logger("aspire_gitops.controller")


@dataclass(slots=True)
class Notifier:
    """Logs turns that say something new, and puts notices about turns into the outbox."""

    outbox: Outbox
    _before: Turn | None = None
    _name: str = ""
    _said: tuple[object, ...] = ()
    _said_at: datetime | None = None
    _quiet_turns: int = 0

    def turned(self, turn: Turn) -> None:
        """Hear of a turn that ended."""
        self._log(turn)
        name = turn.plan.gateway_name if turn.plan else self._name
        for notice in notices_of(turn, self._before, gateway=name):
            self.outbox.put(notice)
        self._before, self._name = remembered(turn, self._before), name

    def announce(self, builder: TurnBuilder, wanted: CompiledRevision, plan: Plan) -> None:
        """Hear of a revision that is about to be applied."""
        self.outbox.put(
            pending_notice(plan, wanted.revision, turn=builder.id, at=builder.started_at)
        )

    def _log(self, turn: Turn) -> None:
        quiet = self._is_quiet(turn)
        said = _log.info if turn.standing is Standing.READY else _log.warning
        (_log.debug if quiet else said)(
            turn.reason,
            standing=turn.standing.value,
            turn=turn.id,
            causes=list(turn.causes),
            wanted=str(turn.wanted) if turn.wanted else None,
            applied=str(turn.applied) if turn.applied else None,
            counts=dict(turn.counts),
            drift=[one.object for one in turn.drift],
            seconds=round(turn.duration_s, 3),
            own_seconds=round(turn.own_s, 3),
            quiet_turns=self._quiet_turns,
            **({"help": turn.help} if turn.help else {}),
        )
        self._quiet_turns = self._quiet_turns + 1 if quiet else 0

    def _is_quiet(self, turn: Turn) -> bool:
        """Return whether a turn that only the interval caused says what was logged already."""
        drift = tuple((one.object, one.answer) for one in turn.drift)
        said = (turn.standing, turn.reason, turn.wanted, turn.applied, drift)
        is_due = self._said_at is None or abs(turn.started_at - self._said_at) >= HEARTBEAT
        if said == self._said and turn.causes == (INTERVAL,) and not turn.counts and not is_due:
            return True
        self._said, self._said_at = said, turn.started_at
        return False


Publish = Callable[[bytes, str], None]
"""Puts content (bytes) somewhere, with a message. Raises NotificationFailed. Called in a thread."""

_OLD = timedelta(hours=6)
_MUCH_S = 60.0  # of more downtime
_publishing_log = structlog.get_logger("aspire_gitops.publishing")


@dataclass(slots=True)
class SnapshotPublisher:
    """The places to publish to, and what they hold now."""

    places: Sequence[Publish]
    owner: str
    clock: Callable[[], datetime]
    failures: int = 0
    _published: tuple[str, str] = ("", "")
    _at: datetime | None = None
    _spent: Mapping[str, str] = field(default_factory=dict)
    _down_s: float = 0.0

    async def publish(
        self,
        snapshot: Snapshot,
        applied: Revision | None,
        journal: str | None = None,
        reviewed: ReviewedGateway | None = None,
    ) -> None:
        """Publish the snapshot everywhere, unless it is there already.

        `journal` is its head, `reviewed` the Gateway that the files declare.
        """
        content = (snapshot.digest, f"{applied} {reviewed}")
        news = self._fell(snapshot.spent) or self._was_down(snapshot.downtime)
        known = content == self._published and not news
        if not self.places or (known and not self._is_old()):
            return
        text = await asyncio.to_thread(
            snapshot_json,
            replace(snapshot, reviewed=reviewed),
            owner=self.owner,
            revision=str(applied or "") or None,
            journal=journal,
        )
        message = f"Publish what is live{f' at {applied.short}' if applied else ''}"
        try:
            for put in self.places:
                await asyncio.to_thread(put, text.encode(), message)
        except (NotificationFailed, OSError) as error:
            self.failures += 1
            _publishing_log.warning("the snapshot could not be published", why=str(error))
        else:
            self._published, self._at = content, self.clock()
            self._spent = snapshot.spent
            self._down_s = snapshot.downtime.seconds if snapshot.downtime else 0.0

    def _fell(self, spent: Mapping[str, str]) -> bool:
        # Spend grows all day and waits for the next publication. Less means a new month: a cap
        # must not be refused because of last month's spend.
        if not self._spent:
            return bool(spent)
        return any(
            Decimal(spent.get(name, was)) < Decimal(was) for name, was in self._spent.items()
        )

    def _was_down(self, downtime: Downtime | None) -> bool:
        # A reviewer weighs a restart against what is left of the month's allowance.
        return downtime is not None and downtime.seconds - self._down_s >= _MUCH_S

    def _is_old(self) -> bool:
        return self._at is None or abs(self.clock() - self._at) > _OLD
