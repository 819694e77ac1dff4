"""A turn while it happens: facts are noted as they come, and become a `Turn` at the end."""

import secrets as random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from aspire_gitops.applying import Outcome, Status
from aspire_gitops.controller.problems import Problem
from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.planning.plan import Plan
from aspire_gitops.reporting import Brake, BrakeKind, Drifted, Fight, Standing, Turn
from aspire_gitops.revision import Revision


@dataclass(slots=True)
class Attempt:
    """What is known so far of one turn. `ready` is the sentence if nothing is wrong."""

    causes: tuple[str, ...]
    started_at: datetime
    id: str = ""
    wanted: Revision | None = None
    identity: str = ""  # of the newest tree; see `wanted.identity`
    plan: Plan | None = None
    outcome: Outcome | None = None
    warnings: tuple[Diagnostic, ...] = ()
    drift: tuple[Drifted, ...] = ()
    fights: tuple[Fight, ...] = ()
    brakes: tuple[Brake, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    ready: str = ""
    doing: str = ""
    gateway_s: float = 0.0
    source_s: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _cpu: float = field(default_factory=time.process_time)

    def __post_init__(self) -> None:
        # Sorts by time, and two controllers that start together still differ.
        self.id = f"{self.started_at:%Y%m%dT%H%M%S}-{random.token_hex(3)}"

    @contextmanager
    def with_source(self) -> Iterator[None]:
        """Count the time inside as git's."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.source_s += time.monotonic() - began

    @contextmanager
    def with_gateway(self) -> Iterator[None]:
        """Count the time inside as the gateway's."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.gateway_s += time.monotonic() - began

    @property
    def is_braked(self) -> bool:
        """Say whether somebody asked to look only; a revert is obeyed by writing."""
        return any(brake.kind is not BrakeKind.REVERT for brake in self.brakes)

    @property
    def problem(self) -> Problem | None:
        """Return the problem that decides: whatever ended the turn, else what came first."""
        waiting = [one for one in self.problems if one.standing is Standing.WAITING]
        return next(iter(waiting or self.problems), None)

    def turn(self, applied: Revision | None, pause: Callable[[Problem | None], float]) -> Turn:
        """Return the finished turn."""
        problem = self.problem
        counts = {s.value: n for s in Status if self.outcome and (n := self.outcome.count(s))}
        diagnostics = tuple(d for one in self.problems for d in one.diagnostics)
        return Turn(
            id=self.id,
            causes=self.causes,
            started_at=self.started_at,
            duration_s=time.monotonic() - self._began,
            standing=problem.standing if problem else Standing.READY,
            reason=self._reason(problem),
            help=problem.help if problem else "",
            wanted=self.wanted,
            applied=applied,
            plan=self.plan,
            counts=counts,
            failures=self._failures(),
            diagnostics=diagnostics or self.warnings,
            drift=self.drift,
            fights=self.fights,
            brakes=self.brakes,
            gateway_s=self.gateway_s,
            source_s=self.source_s,
            own_s=time.process_time() - self._cpu,
            look_again_s=pause(problem),
        )

    def _reason(self, problem: Problem | None) -> str:
        if problem is None:
            return self.ready
        return "; ".join(filter(None, [problem.reason, self.ready]))

    def _failures(self) -> tuple[str, ...]:
        results = self.outcome.results if self.outcome else ()
        return tuple(
            f"{result.change.key}: {result.message}"
            for result in results
            if result.status is Status.FAILED
        )
