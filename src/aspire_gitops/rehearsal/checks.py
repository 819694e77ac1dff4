"""Judge what was seen. Pure: each check returns a fact, or raises `CheckFailed` with what it saw instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aspire_gitops.applying import Outcome, Status
from aspire_gitops.planning import Action, Plan
from aspire_gitops.rehearsal.attacks import Attack, AttackKind
from aspire_gitops.rehearsal.environment import (
    Agreement,
    Attacked,
    Book,
    CallResult,
    Disagreement,
    Received,
    Tariff,
    agreement,
    shown,
)
from aspire_gitops.state import ObjectKey
from aspire_gitops.vocabulary import plural

_REFUSED = (401, 403)
_REFUSED_AS_WRONG = frozenset({400, 401, 403, 404, 405, 413, 422, 429})
_NONE = (None, "0")


class CheckFailed(Exception):
    """A check failed. The message says what it saw."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call must arrive: the alias, the one deployment behind it, and its provider."""

    alias: str
    model_id: str
    provider: str
    model: str
    credential: str | None = field(repr=False)


def all_applied(outcome: Outcome) -> str:
    """Every planned change was carried out and read back."""
    for result in outcome.results:
        if result.status is not Status.APPLIED:
            raise CheckFailed(f"{result.change.key} {result.status}: {result.message}")
    if not outcome.results:
        raise CheckFailed("the plan was empty, so nothing was applied")
    return f"{plural(len(outcome.results), 'change')}, each read back from the gateway"


def nothing_to_do(plan: Plan) -> str:
    """The plan is empty, refuses nothing, and could compare every secret."""
    if plan.changes:
        change = plan.changes[0]
        fields = ", ".join(field.path for field in change.fields)
        more = f" and {len(plan.changes) - 1} more" if len(plan.changes) > 1 else ""
        raise CheckFailed(f"the plan still wants to {change.action} {change.key} ({fields}){more}")
    if plan.refusals:
        raise CheckFailed(f"the plan refuses {plan.refusals[0].object}: {plan.refusals[0].message}")
    if plan.unverified:
        raise CheckFailed(f"the secrets of {plan.unverified[0]} were not compared")
    return "the plan is empty: the gateway is what the files say, secrets included"


def answered_by(exchange: CallResult, route: Route) -> str:
    """The call succeeded, and headers and upstream agree that the one right deployment answered."""
    if exchange.status != 200:
        raise CheckFailed(f"{route.alias} answered {exchange.status}: {exchange.message}")
    if exchange.model_id != route.model_id:
        raise CheckFailed(
            f"{route.alias} was answered by {exchange.model_id or 'nobody known'}"
            f" and not by {route.model_id}"
        )
    _no_other_road(exchange, route)
    if len(exchange.received) != 1:
        raise CheckFailed(
            f"{route.alias}: {plural(len(exchange.received), 'request')} for one call"
        )
    _only_to(exchange.received, route)
    return f"{route.alias} → {route.provider}, {route.model} ({route.model_id})"


def refused(exchange: CallResult, model: str) -> str:
    """The gateway said no, and no upstream heard of it."""
    if exchange.status not in _REFUSED:
        raise CheckFailed(f"{model} answered {exchange.status}, though the key may not call it")
    if exchange.received:
        raise CheckFailed(f"{model} was refused, but {exchange.received[0].provider} was called")
    return f"{model} → {exchange.status}, and nothing left the gateway"


def failed_loudly(exchange: CallResult, route: Route) -> str:
    """The call failed with the provider, and nobody else was asked."""
    if exchange.status < 500 and exchange.status != 429:
        raise CheckFailed(
            f"{route.alias} answered {exchange.status} while {route.provider} is down:"
            f" somebody else answered, or it was hidden"
        )
    if exchange.model_id not in (None, route.model_id):
        raise CheckFailed(
            f"{route.alias} went to {exchange.model_id} while {route.provider} is down"
        )
    _no_other_road(exchange, route)
    if not exchange.received:
        raise CheckFailed(f"{route.alias} failed before {route.provider} was asked")
    _only_to(exchange.received, route)
    times = len(exchange.received)
    asked = "once" if times == 1 else f"{times} times"
    return f"{route.alias} → {exchange.status}; {route.provider} was asked {asked}, nobody else was"


class AttackOutcome(StrEnum):
    """How a gateway withstood an attack."""

    REFUSED = "refused"
    BOOKED = Agreement.IN_FULL.value
    ESTIMATED = Agreement.ESTIMATED.value
    SERVED = "served"  # with a key whose calls nobody counts: no harm but the cost


def withstood(attack: Attack, seen: Attacked, route: Route, tariff: Tariff | None) -> AttackOutcome:
    """The attack was refused before any provider heard of it, or all it cost is booked.

    `tariff` is what calls cost, None for a key whose calls nobody counts.
    """
    try:
        return _withstood(attack, seen, route, tariff)
    except CheckFailed as error:
        raise CheckFailed(f"{attack.name}: {error}") from None


def _withstood(
    attack: Attack, seen: Attacked, route: Route, tariff: Tariff | None
) -> AttackOutcome:
    if seen.leaked:
        raise CheckFailed(f"a provider received {', '.join(seen.leaked)}")
    _only_to(seen.received, route)
    if seen.held:
        raise CheckFailed("it ended, and money is still set aside for it")
    may_fail = attack.fault is not None or attack.leaves_after_s is not None
    if (seen.status == 0 or seen.status >= 500) and not (may_fail and seen.received):
        raise CheckFailed(f"answered {seen.status or 'nothing'}: {seen.message}")
    if seen.status in _REFUSED_AS_WRONG and not seen.received:
        if attack.kind is AttackKind.HONEST:
            raise CheckFailed(f"refused with {seen.status}: {seen.message}")
        if seen.booked:
            raise CheckFailed("it was refused, and something is booked for it")
        return AttackOutcome.REFUSED
    if tariff is None:
        return AttackOutcome.SERVED
    bills = [(call.billed, tariff.priced(call.billed)) for call in seen.received]
    stays = attack.fault is None and attack.leaves_after_s is None
    if stays and any(cost and not bill.reported for bill, cost in bills):
        raise CheckFailed("the provider was not asked what it used")
    try:
        return AttackOutcome(agreement(bills, seen.booked, strict=tariff.strict).value)
    except Disagreement as error:
        raise CheckFailed(str(error)) from None


def books_agree(books: tuple[Book, ...]) -> str:
    """The ledger has all that was billed: equal, or estimated where no usage was reported."""
    for book in books:
        least = book.billed if book.strict else book.reported
        if book.booked < least or (book.reported == book.billed != book.booked):
            raise CheckFailed(
                f"budget {book.budget}: {shown(book.billed)} AUD billed,"
                f" {shown(book.booked)} AUD booked"
            )
    if not any(book.calls for book in books):
        raise CheckFailed("nothing was billed, so nothing is compared")
    booked, calls = sum(book.booked for book in books), sum(book.calls for book in books)
    where = plural(len(books), "budget")
    return f"{plural(calls, 'call')}, {shown(booked)} AUD in {where}: all booked by the ledger"


def no_fallback(exchange: CallResult, route: Route) -> str:
    """A call that asks for fallbacks was refused for that, or failed with its provider alone."""
    if exchange.status in _REFUSED_AS_WRONG and not exchange.received:
        return f"{route.alias} → {exchange.status}, refused before anybody was asked"
    return failed_loudly(exchange, route)


def one_update(plan: Plan, alias: ObjectKey) -> str:
    """The swap is exactly one change of exactly that alias."""
    if plan.refusals:
        raise CheckFailed(f"the plan refuses the swap: {plan.refusals[0].message}")
    if [change.key for change in plan.changes] != [alias]:
        found = ", ".join(f"{change.action} {change.key}" for change in plan.changes) or "nothing"
        raise CheckFailed(f"the swap plans {found}, and not one change of {alias}")
    change = plan.changes[0]
    if change.action not in (Action.UPDATE, Action.REPLACE):
        raise CheckFailed(f"the swap would {change.action} {alias}")
    return f"the plan: {change.action} {alias}, {plural(len(change.fields), 'field')}, nothing else"


def no_secret(written: Mapping[str, str], planted: Mapping[str, str]) -> str:
    """None of the planted secrets is in anything that we wrote."""
    if not (written and planted):
        raise CheckFailed("there was nothing to search, so nothing is proved")
    for place, text in written.items():
        for name, secret in planted.items():
            if secret in text:
                raise CheckFailed(f"{name} is in {place}")
    searched = sum(map(len, written.values()))
    return f"{plural(len(planted), 'secret')} looked for in {plural(len(written), 'text')}, {searched:,} characters"


def _no_other_road(exchange: CallResult, route: Route) -> None:
    if exchange.fallbacks not in _NONE:
        raise CheckFailed(f"{route.alias}: {exchange.fallbacks} fallbacks were attempted")
    if exchange.retries not in _NONE:
        raise CheckFailed(f"{route.alias}: {exchange.retries} retries were attempted")


def _only_to(received: tuple[Received, ...], route: Route) -> None:
    for request in received:
        model = route.model if request.unread else request.model
        if (request.provider, model) != (route.provider, route.model):
            raise CheckFailed(
                f"{route.alias} went to {request.provider}, {request.model or request.path},"
                f" and not to {route.provider}, {route.model}"
            )
        if request.credential != route.credential:
            raise CheckFailed(f"{route.provider} was called with another credential than its own")
