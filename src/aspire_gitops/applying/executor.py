"""Go through a plan stage by stage: isolated failures, bounded parallelism, a result for each change."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aspire_gitops.applying.change import ChangeRun
from aspire_gitops.applying.outcome import Outcome, Result, Status
from aspire_gitops.applying.ports import Deliveries, Gateway
from aspire_gitops.applying.secrets import Secrets
from aspire_gitops.kinds import KINDS
from aspire_gitops.planning import Action, Change, Plan, stages
from aspire_gitops.state import Kind
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    SecretMissing,
    UnsafePlan,
)

Progress = Callable[[Result], None]
Record = Callable[[Result], Awaitable[None]]
Stop = Callable[[], str | None]


async def _nowhere(_: Result) -> None:
    pass


async def apply_plan(
    plan: Plan,
    gateway: Gateway,
    secrets: Secrets,
    deliveries: Deliveries,
    *,
    progress: Progress = lambda _: None,
    record: Record = _nowhere,
    stop: Stop = lambda: None,
) -> Outcome:
    """Do exactly what `plan` says.

    Args:
        plan: A plan that is not refused, based on the gateway as it is now. What it holds
            for a refused object is left as it is.
        gateway: The admin API.
        secrets: Every secret that the plan refers to, resolved before this call.
        deliveries: Opens the place that a new key's value is delivered to.
        progress: Called with each result as soon as it is known. Must not raise.
        record: Awaited with each result before anything that comes after it in the
            plan's order begins. Must not raise.
        stop: Asked before each change; a reason, such as `the lock is lost`, lets
            the changes in hand end and skips all that are left. Must not raise.

    Returns:
        A result for every change that is not held. One bad object does not stop the rest; a
        gateway that is down or refuses our key does.

    Raises:
        UnsafePlan: The plan is refused; nothing was written.
        SecretMissing: A provider's secret is the admin key; nothing was written.
    """
    if plan.is_refused:
        raise UnsafePlan("; ".join(f"{r.rule.code} {r.object}: {r.message}" for r in plan.refusals))
    _refuse_admin_key(gateway, secrets)
    run = _Run(plan, gateway, secrets, deliveries, progress, record, stop)
    for changes in stages(plan.changes):
        await run.stage(changes)
    ordered = tuple(run.results[index] for index in range(len(plan.changes)))
    return Outcome(plan.id, plan.revision, ordered, plan.refusals, plan.held)


def _refuse_admin_key(gateway: Gateway, secrets: Secrets) -> None:
    for key, values in sorted(secrets.items()):
        if any(map(gateway.is_admin_key, values.values())):
            raise SecretMissing(
                f"the secret of {key} is the gateway's admin key, and would be sent to a provider"
            )


class _NotApplied:
    """What failed or was not tried, by everything that a later change may need of it."""

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self.first: dict[object, Result] = {}
        for result in results:
            self.add(result)

    def add(self, result: Result) -> None:
        if result.status is not Status.APPLIED:
            change = result.change
            item = change.after or change.before
            handle = (change.key.kind, item.handle if item else None)
            for name in (change.key, change.key.kind, handle):
                self.first.setdefault(name, result)

    def blocking(self, change: Change) -> Result | None:
        """Return what keeps `change` from being tried, or None."""
        return next((self.first[name] for name in _needed(change) if name in self.first), None)


@dataclass(slots=True)
class _Run:
    """The state of one apply: the results so far, and why it must stop, if it must."""

    plan: Plan
    gateway: Gateway
    secrets: Secrets
    deliveries: Deliveries
    progress: Progress
    record: Record
    stop: Stop
    results: dict[int, Result] = field(default_factory=dict)
    stopped: str | None = None
    _index: dict[int, int] = field(default_factory=dict)
    _not_applied: _NotApplied = field(default_factory=_NotApplied)

    def __post_init__(self) -> None:
        self._index = {id(change): index for index, change in enumerate(self.plan.changes)}

    async def stage(self, changes: Sequence[Change]) -> None:
        at_once: Mapping[Kind, asyncio.Semaphore] = {
            name: asyncio.Semaphore(kind.facts.parallel) for name, kind in KINDS.items()
        }

        async def one(change: Change) -> None:
            async with at_once[change.key.kind]:
                await self._note(await self._result(change))

        async with asyncio.TaskGroup() as tasks:
            for change in changes:
                tasks.create_task(one(change))

    async def _note(self, result: Result) -> None:
        self.results[self._index[id(result.change)]] = result
        self._not_applied.add(result)
        self.progress(result)
        await self.record(result)

    async def _result(self, change: Change) -> Result:
        self.stopped = self.stopped or self.stop()
        if self.stopped:
            return Result(change, Status.SKIPPED, f"not tried: {self.stopped}")
        if lack := blocked_by(change, self._not_applied):
            return Result(change, Status.SKIPPED, lack)
        started = time.monotonic()
        run = self._run(change)
        failure: AspireGitopsError | None = None
        try:
            await run.carry_out()
        except AspireGitopsError as error:
            self._stop_if_hopeless(error)
            failure = error
        return Result(
            change,
            Status.FAILED if failure else Status.APPLIED,
            message=str(failure or run.left),
            duration_s=time.monotonic() - started,
            state=None if failure else run.state,
            delivered_to=run.delivered_to,
            error=failure,
        )

    def _run(self, change: Change) -> ChangeRun:
        secrets = self.secrets.get(change.key, {})
        return ChangeRun(
            change, self.plan.revision, self.gateway, secrets, self.deliveries, self._why_not_key
        )

    def _why_not_key(self, value: str) -> str | None:
        if self.gateway.is_admin_key(value):
            return "it is the gateway's admin key"
        if value == self.gateway.derived_value():
            return "it is the key of the controller's own calls"
        for key, values in self.secrets.items():
            if value in values.values():
                return f"it is the secret of {key}"
        return None

    def _stop_if_hopeless(self, error: AspireGitopsError) -> None:
        # Whatever is left would fail the same way, one time-out after the other.
        if isinstance(error, GatewayRefused | GatewayUnavailable | GatewayMisconfigured):
            self.stopped = self.stopped or str(error)


def blocked_by(change: Change, results: Iterable[Result] | _NotApplied) -> str | None:
    """Return why `change` must not be tried after what failed before it, or None."""
    failed = results if isinstance(results, _NotApplied) else _NotApplied(results)
    result = failed.blocking(change)
    if result is None:
        return None
    return f"not tried: {result.change.action} {result.change.key} {result.status}"


def _needed(change: Change) -> Iterator[object]:
    kind = change.key.kind
    if change.action is Action.DELETE:
        # It would pull the ground from under whatever should have moved away first.
        yield change.key
        yield from (other for other, one in KINDS.items() if kind in one.facts.needs)
    elif change.after:
        yield from sorted(KINDS[kind].references(change.after.fields))
