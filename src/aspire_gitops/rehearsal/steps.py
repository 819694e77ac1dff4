"""The steps of a rehearsal: each does something to the environment and says what it proved.

A step that fails does not hide the next ones, except the first: without the
objects there is nothing to call.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aspire_gitops.rehearsal import checks
from aspire_gitops.rehearsal.attacks import sample
from aspire_gitops.rehearsal.environment import AppCall, Environment, tariff_of
from aspire_gitops.rehearsal.report import Rehearsal, Step, StepStatus, Watcher
from aspire_gitops.rehearsal.scenarios import (
    app_keys,
    attacked_with,
    call_of,
    deployments,
    listed,
    not_listed,
    one_caller_for_each_provider,
    provider_of,
    route_of,
    swapped,
    swaps,
)
from aspire_gitops.state import Compiled
from aspire_gitops.vocabulary import AspireGitopsError, plural


@dataclass(slots=True)
class StepContext:
    """What the steps share. `compiled` is what the gateway is to be; the swap edits it."""

    environment: Environment
    compiled: Compiled
    reported: list[str] = field(default_factory=list)


class _NotApplicable(Exception):
    """This step does not apply to the files; the message says why."""


def apply(context: StepContext) -> Iterator[str]:
    for name in context.environment.make_keys_by_hand(context.compiled):
        yield f"made {name} by hand first: the files adopt it"
    plan = context.environment.plan(context.compiled)
    outcome = context.environment.apply(plan, context.compiled)
    yield checks.all_applied(outcome)
    for action, count in plan.counts.items():
        kinds = Counter(c.key.kind for c in plan.changes if c.action is action)
        yield f"{action}: {count} ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})"


def plan_again(context: StepContext) -> Iterator[str]:
    yield checks.nothing_to_do(context.environment.plan(context.compiled))


def call_everything(context: StepContext) -> Iterator[str]:
    known = deployments(context.compiled)
    routes = {alias: route_of(context.environment, item) for alias, item in known.items()}
    for key in app_keys(context.compiled):
        for alias in listed(key):
            exchange = context.environment.call(call_of(key, known[alias]))
            yield f"{key.key.name}: {checks.answered_by(exchange, routes[alias])}"


def call_what_is_not_listed(context: StepContext) -> Iterator[str]:
    for key in app_keys(context.compiled):
        model = not_listed(context.compiled, key)
        exchange = context.environment.call(AppCall(key.key, model))
        yield f"{key.key.name}: {checks.refused(exchange, model)}"


def fail_each_provider(context: StepContext) -> Iterator[str]:
    for provider, (key, item) in one_caller_for_each_provider(context.compiled).items():
        route = route_of(context.environment, item)
        others = [alias for alias in listed(key) if alias != item.handle]
        context.environment.fail(provider)
        try:
            alone = context.environment.call(call_of(key, item))
            yield f"{provider} down: {checks.failed_loudly(alone, route)}"
            if others:
                asked = context.environment.call(call_of(key, item, fallbacks=others))
                fact = checks.no_fallback(asked, route)
                yield f"{provider} down, the app asks for fallbacks to {', '.join(others)}: {fact}"
        finally:
            context.environment.recover()
        fact = checks.answered_by(context.environment.call(call_of(key, item)), route)
        yield f"{provider} back: {fact}"


def swap_an_alias(context: StepContext) -> Iterator[str]:
    found = next(swaps(context.compiled), None)
    if found is None:
        raise _NotApplicable(
            "no alias can move to another provider: there is only one, or the modes differ"
        )
    key, item, other = found
    before = provider_of(item)
    edited_files, edited = swapped(context.compiled, item.key, other.key)
    plan = context.environment.plan(edited_files)
    yield checks.one_update(plan, item.key)
    checks.all_applied(context.environment.apply(plan, edited_files))
    context.compiled = edited_files
    exchange = context.environment.call(call_of(key, edited))
    fact = checks.answered_by(exchange, route_of(context.environment, edited))
    yield f"the next call: {fact}; none to {before}, and {key.key.name} changed nothing"


def restart(context: StepContext) -> Iterator[str]:
    before = context.environment.addresses()
    context.environment.restart()
    if context.environment.addresses() != before:
        raise checks.CheckFailed("an object has gone, or has moved, since the restart")
    yield f"{plural(len(before), 'object')} before and after, at the same addresses"
    yield checks.nothing_to_do(context.environment.plan(context.compiled))
    known = deployments(context.compiled)
    keys = app_keys(context.compiled)
    for key in keys:
        item = known[listed(key)[0]]
        checks.answered_by(
            context.environment.call(call_of(key, item)), route_of(context.environment, item)
        )
    yield f"{plural(len(keys), 'key')} {'works' if len(keys) == 1 else 'work'} as before"


def attack(context: StepContext) -> Iterator[str]:
    if not context.compiled.gateway.has_ledger:
        raise _NotApplicable("the files declare no ledger, which is what withstands attacks")
    known = deployments(context.compiled)
    routes = {alias: route_of(context.environment, item) for alias, item in known.items()}
    key = max(app_keys(context.compiled), key=lambda item: len(listed(item)))
    found: Counter[tuple[str, str]] = Counter()
    succeeded: list[str] = []
    for played in sample():
        names = attacked_with(context.compiled, key, played.call, context.environment.elsewhere())
        if names is None:
            continue
        seen = context.environment.attack(played, names, key.key)
        tariff = tariff_of(known[names.alias], key)
        try:
            verdict = checks.withstood(played, seen, routes[names.alias], tariff)
        except checks.CheckFailed as error:
            succeeded.append(str(error))
        else:
            found[played.kind.value, verdict.value] += 1
    for (kind, how), count in found.items():
        yield f"{key.key.name}, {kind}: {count} {how}"
    if succeeded:
        raise checks.CheckFailed("; ".join(succeeded))


def compare_the_books(context: StepContext) -> Iterator[str]:
    if not context.compiled.gateway.has_ledger:
        raise _NotApplicable("the files declare no ledger, so there are no books to compare")
    yield checks.books_agree(context.environment.books())


def search_for_secrets(context: StepContext) -> Iterator[str]:
    written = {**context.environment.written(), "this report": "\n".join(context.reported)}
    yield checks.no_secret(written, context.environment.planted())


STEPS: tuple[tuple[str, str, Callable[[StepContext], Iterator[str]]], ...] = (
    ("apply", "Apply the files to an empty gateway", apply),
    ("settled", "Plan again: nothing is left to do", plan_again),
    ("calls", "Each key calls each alias that its app lists", call_everything),
    ("refusals", "Each key is refused what its app does not list", call_what_is_not_listed),
    ("outage", "A provider fails: loudly, and nobody else answers", fail_each_provider),
    ("swap", "Swap an alias to another provider", swap_an_alias),
    ("restart", "Restart the gateway: nothing is lost", restart),
    ("attacks", "Attack it with a key: refused, or booked in full", attack),
    ("books", "Compare what providers billed with what the ledger booked", compare_the_books),
    ("secrets", "No secret is in anything that we wrote", search_for_secrets),
)


_NOT_TRIED: tuple[StepStatus, tuple[str, ...]] = (
    StepStatus.SKIPPED,
    ("not tried: the files were not applied",),
)


def play(
    environment: Environment,
    compiled: Compiled,
    watcher: Watcher,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Rehearsal:
    """Play every step and report. Faults of the world become failed steps; only a bug raises."""
    context, began = StepContext(environment, compiled), clock()
    steps: list[Step] = []
    for name, title, act in STEPS:
        watcher.begins(title)
        started = clock()
        status, facts = _NOT_TRIED
        if not steps or steps[0].status is StepStatus.PASSED:
            status, facts = _attempt(act, context)
        context.reported += facts
        step = Step(name, title, status, facts, clock() - started)
        watcher.ended(step)
        steps.append(step)
    counts = Counter(str(key.kind) for key in compiled.objects)
    return Rehearsal(
        str(compiled.revision), compiled.gateway.name, tuple(steps), counts, clock() - began
    )


def _attempt(
    act: Callable[[StepContext], Iterator[str]], context: StepContext
) -> tuple[StepStatus, tuple[str, ...]]:
    facts: list[str] = []
    try:
        for fact in act(context):  # what was seen before a failure stays in the report
            facts.append(fact)  # noqa: PERF402 (extend would not promise that)
    except _NotApplicable as error:
        return StepStatus.SKIPPED, (*facts, str(error))
    except (checks.CheckFailed, AspireGitopsError) as error:
        return StepStatus.FAILED, (*facts, str(error))
    if not facts:
        return StepStatus.FAILED, ("there was nothing to try, so nothing is proved",)
    return StepStatus.PASSED, tuple(facts)
