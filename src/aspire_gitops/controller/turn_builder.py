"""Collect the facts of a turn, classify its errors, and word how it ended."""

import secrets as random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from aspire_gitops.applying import Outcome, Status
from aspire_gitops.planning import Plan
from aspire_gitops.status.value import (
    Answer,
    Drifted,
    FlappingField,
    Hold,
    HoldKind,
    Standing,
    Turn,
)
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    DeliveryFailed,
    Diagnostic,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayRejected,
    GatewayReplyInvalid,
    GatewayUnavailable,
    InvalidConfig,
    JournalDamaged,
    JournalUnavailable,
    Revision,
    SecretMissing,
    SourceRefused,
    SourceUnavailable,
    StalePlan,
    UnsafePlan,
    moment_text,
    plural,
)
from aspire_gitops.witness import Settings, SettingsReport


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a turn is not ready. `slowly`: no commit can fix it, so the pause is long.

    `passes`: it waits for something that is known to pass by itself. `overdue`: it waited too
    long, and is reported though it is still retried. `about_commit`: the newest commit is at
    fault, and nothing else.
    """

    standing: Standing
    reason: str
    help: str = ""
    slowly: bool = False
    retry_after_s: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    passes: bool = False
    overdue: bool = False
    about_commit: bool = False

    @property
    def waits(self) -> bool:
        """Return whether it is retried with growing pauses."""
        return self.standing is Standing.WAITING or self.overdue


@dataclass(frozen=True, slots=True)
class _Meaning:
    standing: Standing
    slowly: bool = False
    help: str = ""
    about_commit: bool = False


_WAITS = _Meaning(Standing.WAITING)
_MEANINGS: Mapping[type[AspireGitopsError], _Meaning] = {
    SourceUnavailable: _WAITS,
    GatewayUnavailable: _WAITS,
    JournalUnavailable: _WAITS,
    StalePlan: _WAITS,
    DeliveryFailed: _Meaning(Standing.STALLED),
    InvalidConfig: _Meaning(
        Standing.STALLED, help="push a commit that fixes them", about_commit=True
    ),
    UnsafePlan: _Meaning(Standing.STALLED, about_commit=True),
    SecretMissing: _Meaning(
        Standing.STALLED, help="set it where the controller runs", about_commit=True
    ),
    GatewayRejected: _Meaning(Standing.STALLED, about_commit=True),
    GatewayMisconfigured: _Meaning(Standing.STALLED),
    SourceRefused: _Meaning(Standing.STALLED, slowly=True),
    GatewayRefused: _Meaning(
        Standing.STALLED, slowly=True, help="give the controller a valid admin key"
    ),
    GatewayReplyInvalid: _Meaning(
        Standing.STALLED, help="run the LiteLLM release that the Gateway names"
    ),
    JournalDamaged: _Meaning(
        Standing.STALLED, slowly=True, help="run `aspire-gitops log verify`, and keep the file"
    ),
}


def problem_of(error: AspireGitopsError) -> Problem:
    """Return what an error means. A class that is not in the table stalls."""
    meaning = next(
        (_MEANINGS[kind] for kind in type(error).__mro__ if kind in _MEANINGS),
        _Meaning(Standing.STALLED),
    )
    delivery = error if isinstance(error, DeliveryFailed) else None
    return Problem(
        standing=Standing.WAITING if delivery and delivery.passes else meaning.standing,
        reason=" ".join(error.message.split()),
        help=" ".join((error.help or meaning.help).split()),
        slowly=meaning.slowly,
        retry_after_s=error.retry_after_s
        if isinstance(error, GatewayUnavailable | DeliveryFailed)
        else None,
        diagnostics=error.diagnostics if isinstance(error, InvalidConfig) else (),
        passes=error.passes,
        about_commit=delivery.about_commit if delivery else meaning.about_commit,
    )


_LOOK = "it has not passed by itself, so look for the cause; it is still retried"


def overdue(problem: Problem, since: datetime, tries: int, there: tzinfo | None = None) -> Problem:
    """Return a problem that waited too long, as what an operator must look at."""
    return replace(
        problem,
        standing=Standing.STALLED,
        reason=f"{problem.reason}; this has lasted since {moment_text(since, there)}",
        help="; ".join(filter(None, [problem.help, f"tried {plural(tries, 'time')}", _LOOK])),
        overdue=True,
    )


@dataclass(slots=True)
class TurnBuilder:
    """What is known so far of one turn. `ready` is the sentence if nothing is wrong."""

    causes: tuple[str, ...]
    started_at: datetime
    id: str = ""
    wanted: Revision | None = None
    in_git: Revision | None = None  # the newest; `wanted` is an older one during a revert
    identity: str = ""  # of the newest tree; see `wanted.identity`
    plan: Plan | None = None
    outcome: Outcome | None = None
    warnings: tuple[Diagnostic, ...] = ()
    drift: tuple[Drifted, ...] = ()
    flapping: tuple[FlappingField, ...] = ()
    holds: tuple[Hold, ...] = ()
    settings: SettingsReport | None = None
    waiting: tuple[str, ...] = ()  # objects that wait for the settings
    problems: list[Problem] = field(default_factory=list)
    ready: str = ""
    doing: str = ""
    timezone: str = ""
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

    def note_settings(self) -> None:
        """Add the problem that settings are not running, behind whatever else is wrong."""
        report = self.settings
        if report is None or report.state is not Settings.RESTART:
            return
        pending = self.plan is not None and self.plan.changes and not self.outcome
        whole = self.wanted is not None and not (self.problems or pending or self.waiting)
        start = f"{self.wanted.short} is applied, " if self.wanted and whole else ""
        help_ = "; ".join([report.help, *self.waiting[:3]])
        self.problems.append(Problem(Standing.STALLED, f"{start}{report.reason}", help_))

    @property
    def is_on_hold(self) -> bool:
        """Return whether a hold forbids writing; a revert does not."""
        return any(hold.kind is not HoldKind.REVERT for hold in self.holds)

    @property
    def problem(self) -> Problem | None:
        """Return the problem that decides: a waiting one, else the first."""
        waiting = [one for one in self.problems if one.standing is Standing.WAITING]
        return next(iter(waiting or self.problems), None)

    def build(self, applied: Revision | None, pause: Callable[[Problem | None], float]) -> Turn:
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
            problem=problem.reason if problem else "",
            blames_commit=problem.about_commit if problem else True,
            is_overdue=problem.overdue if problem else False,
            help=problem.help if problem else "",
            wanted=self.wanted,
            in_git=self.in_git,
            applied=applied,
            plan=self.plan,
            counts=counts,
            failures=self._failures(),
            diagnostics=diagnostics or self.warnings,
            drift=self.drift,
            flapping=self.flapping,
            holds=self.holds,
            settings=self.settings,
            gateway_s=self.gateway_s,
            source_s=self.source_s,
            own_s=time.process_time() - self._cpu,
            look_again_s=pause(problem),
            timezone=self.timezone,
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


def at_rest(revision: Revision, drift: Sequence[Drifted], plan: Plan | None = None) -> str:
    """Return the sentence of a turn that had nothing to write."""
    if plan and plan.refusals:
        return f"everything else matches {revision.short}"
    left = [one for one in drift if one.answer is not Answer.HEALED]
    if not left:
        return f"the gateway matches {revision.short}"
    held = sum(one.answer is Answer.HELD for one in left)
    why = "healing is paused because somebody keeps changing it back" if held else "only reported"
    return f"the gateway matches {revision.short} except for drift on {plural(len(left), 'object')}, {why}"


def after_applying(revision: Revision, outcome: Outcome, drift: Sequence[Drifted]) -> str:
    """Return the sentence of a turn that wrote."""
    whole = "everything else" if outcome.refusals else "the gateway"
    done = outcome.count(Status.APPLIED)
    healed = sum(one.answer is Answer.HEALED for one in drift)
    if healed and healed == done:
        return f"healed drift on {plural(healed, 'object')}; {whole} matches {revision.short}"
    return f"applied {revision.short} with {plural(done, 'change')}"


def on_hold(holds: Sequence[Hold], plan: Plan, there: tzinfo | None = None) -> str:
    """Return the sentence of a turn that a hold kept from writing."""
    return f"{' and '.join(_hold(hold, there) for hold in holds)}; {_waiting(plan)}"


def held(holds: Sequence[Hold], sentence: str, there: tzinfo | None = None) -> str:
    """Return a turn's sentence, with the revert that it obeyed, if there is one."""
    reverts = [_hold(hold, there) for hold in holds if hold.kind is HoldKind.REVERT]
    return "; ".join([*reverts, sentence]) if sentence else ""


def refused(plan: Plan, revision: Revision) -> Problem:
    """Return why a plan must not be applied, with the help of its first refusal."""
    first, *others = plan.refusals
    more = f" (and {len(others)} more)" if others else ""
    reason = f"the plan of {revision.short} is refused: {first.rule.code} {first.message}{more}"
    return Problem(Standing.STALLED, reason, first.help, about_commit=True)


def held_objects(plan: Plan) -> Problem:
    """Return why some objects are left as they are, with the help of the first refusal.

    The commit is blamed only while something that it asks for waits.
    """
    first = plan.refusals[0]
    others = len({refusal.object for refusal in plan.refusals}) - 1
    more = f" (and {plural(others, 'object')} more)" if others else ""
    reason = f"{first.object} is held: {first.rule.code} {first.message}{more}"
    return Problem(Standing.STALLED, reason, first.help, about_commit=bool(plan.held))


def not_now(why: str, plan: Plan) -> str:
    """Return the sentence of a turn that may not write for another reason."""
    return f"{_waiting(plan)}: {why}"


def _waiting(plan: Plan) -> str:
    if not plan.changes:
        return "nothing is pending"
    return f"{plural(len(plan.changes), 'change')} pending"


def _hold(hold: Hold, there: tzinfo | None) -> str:
    words = {
        HoldKind.SUSPEND: "suspended",
        HoldKind.FREEZE: "frozen",
        HoldKind.REVERT: f"held at {(hold.commit or '')[:7]}",
    }
    until = f" until {moment_text(hold.until, there)}" if hold.until else ""
    return f"{words[hold.kind]} by {hold.owner}{until} ({hold.reason})"
