"""Turn what happens into notices and log lines. Never fails, never waits."""

from dataclasses import dataclass

import structlog

from aspire_gitops.controller.attempt import Attempt
from aspire_gitops.controller.wanted import Wanted
from aspire_gitops.notifying.news import notices_of, pending_notice, remembered
from aspire_gitops.notifying.outbox import Outbox
from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting import Standing, Turn

_log = structlog.get_logger("aspire_gitops.controller")


@dataclass(slots=True)
class Telling:
    """Hears of turns and tells everybody who wants to know."""

    outbox: Outbox
    _before: Turn | None = None
    _name: str = ""

    def turned(self, turn: Turn) -> None:
        """Hear of a turn that ended."""
        self._log(turn)
        name = turn.plan.gateway_name if turn.plan else self._name
        for notice in notices_of(turn, self._before, gateway=name):
            self.outbox.put(notice)
        self._before, self._name = remembered(turn, self._before), name

    def announce(self, attempt: Attempt, wanted: Wanted, plan: Plan) -> None:
        """Hear of a revision that is about to be applied."""
        self.outbox.put(
            pending_notice(plan, wanted.revision, turn=attempt.id, at=attempt.started_at)
        )

    def _log(self, turn: Turn) -> None:
        write = _log.info if turn.standing is Standing.READY else _log.warning
        write(
            turn.reason,
            standing=turn.standing.value,
            turn=turn.id,
            causes=list(turn.causes),
            wanted=str(turn.wanted),
            applied=str(turn.applied),
            counts=dict(turn.counts),
            drift=[one.object for one in turn.drift],
            seconds=round(turn.duration_s, 3),
            own_seconds=round(turn.own_s, 3),
            **({"help": turn.help} if turn.help else {}),
        )
