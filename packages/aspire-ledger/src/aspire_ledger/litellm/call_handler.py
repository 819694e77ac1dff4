"""Take one call through the guard and the ledger: judged, admitted, watched, settled once.

Knows the ledger and what LiteLLM says, and not LiteLLM itself: `callback` brings
requests and events, and turns a `Declined` into an answer.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from aspire_ledger.account import (
    Account,
    DamagedAccount,
    Mode,
    Unmarked,
    is_ours,
    observes_until,
    read_account,
)
from aspire_ledger.admission import Gatekeeper
from aspire_ledger.amounts import NanoAud
from aspire_ledger.bound import Asked, ask, in_nano
from aspire_ledger.card import Card
from aspire_ledger.contract import Consent, contract_of
from aspire_ledger.litellm import refusals
from aspire_ledger.litellm.events import Answer, Ended, card_of, deployment_of
from aspire_ledger.litellm.failures import Outcome, Tallies, outcome_of
from aspire_ledger.litellm.front import Exchange
from aspire_ledger.litellm.open_call import (
    Caller,
    Ids,
    Incoming,
    OpenCall,
    change,
    guess,
    mark,
    marked_id,
    opened,
    seen,
    strictest,
)
from aspire_ledger.litellm.refusals import Refusal
from aspire_ledger.process import Reason, Refused, Starting
from aspire_ledger.request_guard import Judged, Objection, judge
from aspire_ledger.settling import Ending, Terms, reckon
from aspire_ledger.values import Booked, Spent

LOG = logging.getLogger("aspire_ledger")
_REMEMBERED: Final = 20_000  # calls under way, and those that ended without a word
_DEFAULT_TIMEOUT: Final = timedelta(minutes=10)  # of an alias that states none


class Declined(Exception):
    """The call may not start."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class CallHandler:
    """One process's way through the guard and the ledger. Belongs to one event loop.

    `cards` returns the cards of all rows under an alias, None for a row without one.
    `late_s` is how long after its answer a call's event may come before it is estimated.
    """

    def __init__(
        self,
        gate: Gatekeeper,
        cards: Callable[[str], Awaitable[Sequence[Card | None]]],
        unmarked: Unmarked,
        *,
        grace: timedelta,
        meanings: frozenset[str] = frozenset(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        late_s: float = 30.0,
    ) -> None:
        self._gate, self._cards, self._unmarked = gate, cards, unmarked
        self._grace, self._clock, self._late_s = grace, clock, late_s
        self._meanings = meanings
        self._ids = Ids()
        self._open: OrderedDict[str, OpenCall] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.tallies = Tallies()

    async def admit(
        self,
        caller: Caller,
        call_type: str,
        data: MutableMapping[str, Any],
        exchange: Exchange | None,
    ) -> None:
        """Judge a request, admit it, and leave our id on it. What may not go on is changed.

        Raises:
            Declined: With the answer to it.
        """
        account = self._account(caller.metadata)
        contract = contract_of(call_type)
        if contract is None:
            raise Declined(refusals.uncounted(caller.route))
        if exchange is None or exchange.contract is not contract:
            raise Declined(refusals.unguarded())
        if not contract.counted:
            return
        alias = await self._alias(caller, data, is_marked=account is not None)
        incoming = Incoming(caller, exchange, alias, await self._cards(alias), account)
        judged = self._judge(incoming)
        change(data, judged, exchange)
        if account is None:
            return
        call = opened(incoming, account, judged)
        starting = self._starting(call, caller, alias)
        decision = await self._gate.admit(account, starting)
        if isinstance(decision, Refused):
            raise Declined(_refusal(decision, self._clock()))
        self._remember(starting.id, call)
        exchange.call_id = starting.id
        mark(data, starting.id, incoming.body)

    def chosen(self, kwargs: Mapping[str, Any]) -> None:
        """Look at the row that LiteLLM has chosen, before anything is sent to it.

        Raises:
            Declined: It has no card, or is dearer than what a strict budget admitted.
        """
        call = self._open.get(marked_id(kwargs))
        if call is None:
            return
        alias = str(_metadata(kwargs).get("model_group") or "")
        card = card_of(kwargs)
        if card is None:
            raise Declined(refusals.without_card(alias))
        terms = call.terms
        if call.deployment and card == terms.card:  # LiteLLM builds some calls of others
            return
        asked = ask(terms.contract, call.body, card)
        if terms.mode is Mode.STRICT and asked.worst_usd > terms.asked.worst_usd:
            raise Declined(refusals.changing(alias))
        call.terms = replace(terms, card=card, asked=asked)
        call.deployment = deployment_of(kwargs)

    def answered(self, call_id: str, response: object) -> None:
        """Remember an answer that is not a stream: LiteLLM cannot log one whose usage is not a number."""
        if call := self._open.get(call_id):
            call.whole = response

    def answer(self, call_id: str) -> Answer | None:
        """Return what is seen of a call's answer, to look at it as it passes."""
        call = self._open.get(call_id)
        return call.answer if call else None

    async def settle(self, ended: Ended) -> None:
        """Book what a call cost, whether or not we admitted it."""
        if ended.id and self._ids.made(ended.id):
            call = self._open.get(ended.id)
            if call and call.streams and not call.has_ended:
                call.told = ended
                return
            self._open.pop(ended.id, None)
            spent = self._reckoned(ended, call)
            _tell(await self._gate.settle(ended.id, spent))
        elif contract_of(ended.ending.call_type) and is_ours(ended.account):
            await self._book_unasked(ended)

    def price(self, ended: Ended) -> Decimal:
        """Return what LiteLLM's own spend is to count for a call, in US dollars; 0 if nobody knows."""
        call = self._open.get(ended.id) if self._ids.made(ended.id) else None
        if call is None:
            return self._reckoned(ended, None).usd or Decimal(0)
        usd = reckon(ended.ending, replace(call.terms, card=ended.card or call.terms.card)).usd
        return call.terms.asked.worst_usd if usd is None else usd

    async def failed(self, call_id: str, error: BaseException | None) -> None:
        """Free what was set aside for a call that cost nothing; book one of which nobody knows."""
        if not call_id or not self._ids.made(call_id):
            return
        outcome = outcome_of(error)
        call = self._open.pop(call_id, None)
        if call:
            self._count_failure(call, call_id, outcome)
        if outcome.is_free and not (call and call.answer.streamed):
            if call and call.abandoned:  # it was booked by guess already
                note = f"the call failed ({outcome.name}) and cost nothing"
                await self._gate.settle(call_id, Spent(Decimal(0), note=note))
            else:
                await self._gate.release(call_id)
        elif call:
            note = f"the call failed ({outcome.name}), and the provider may have charged for it"
            _tell(await self._gate.settle(call_id, guess(call, note)))

    def ended(self, call_id: str) -> None:
        """Take note that a call's answer has ended. What LiteLLM does not tell soon is estimated."""
        call = self._open.get(call_id)
        if call is None:
            return
        call.has_ended = True
        if call.told:
            self._do(self.settle(call.told))
        else:
            asyncio.get_running_loop().call_later(self._late_s, self._give_up, call_id)

    def _give_up(self, call_id: str) -> None:
        if call := self._open.get(call_id):
            self._do(self._abandon(call_id, call))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _abandon(self, call_id: str, call: OpenCall) -> None:
        call.body, call.abandoned = {}, True  # nothing more is sent for it
        _tell(await self._gate.abandon(call_id, guess(call, "its end was never told")))

    # ── what admitting needs ────────────────────────────────────────────────

    def _account(self, metadata: Mapping[str, Any]) -> Account | None:
        if not is_ours(metadata):
            if self._unmarked is Unmarked.REFUSE:
                raise Declined(refusals.unmarked())
            return None
        try:
            return read_account(metadata, self._clock())
        except DamagedAccount as problem:
            raise Declined(refusals.damaged(str(problem))) from None

    async def _alias(self, caller: Caller, data: Mapping[str, Any], *, is_marked: bool) -> str:
        alias = data.get("model")
        if not isinstance(alias, str) or not alias or "," in alias:
            raise Declined(refusals.several_aliases())
        listed = alias in caller.models if is_marked else await caller.may_call(alias)
        if not listed:
            raise Declined(refusals.not_listed(alias))
        return alias

    def _judge(self, incoming: Incoming) -> Judged:
        contract, exchange = incoming.exchange.contract, incoming.exchange
        if exchange.body is None:
            raise Declined(refusals.unguarded())
        if incoming.body.get("model") != incoming.alias:
            raise Declined(refusals.not_listed(incoming.alias))
        known = incoming.known_cards
        if incoming.account is not None and (not known or len(known) < len(incoming.cards)):
            raise Declined(refusals.without_card(incoming.alias))
        if other := next((card.mode for card in known if card.mode not in contract.modes), None):
            # Its card prices other units: tokens of an OCR alias would cost nothing.
            raise Declined(refusals.other_mode(incoming.alias, other, contract))
        consent = self._consent(incoming)
        try:
            judged = judge(
                contract, incoming.body, strictest(known), consent, form=exchange.is_form
            )
        except Objection as objection:
            self._count_parameter(incoming, objection.parameter, "refused")
            raise Declined(refusals.objected(objection)) from None
        for names, outcome in ((judged.passed, "passed"), (judged.removed, "removed")):
            for name in names:
                self._count_parameter(incoming, name, outcome)
        return judged

    def _consent(self, incoming: Incoming) -> Consent:
        account, until = incoming.account, observes_until(incoming.caller.metadata)
        observes = (
            account is not None
            and account.mode is not Mode.STRICT
            and until is not None
            and self._clock() < until
        )
        allowed = [card.allow_parameters for card in incoming.known_cards]
        extensions = frozenset.intersection(*allowed) if allowed else frozenset()
        return Consent(extensions, observes=observes, meanings=self._meanings)

    def _starting(self, call: OpenCall, caller: Caller, alias: str) -> Starting:
        timeout = call.terms.card.timeout_s
        hold = (timedelta(seconds=timeout) if timeout else _DEFAULT_TIMEOUT) + self._grace
        worst: NanoAud = in_nano(call.terms.asked, call.account.usd_per_aud)
        return Starting(self._ids.new(), alias, caller.key, worst, hold=hold)

    def _remember(self, call_id: str, call: OpenCall) -> None:
        self._open[call_id] = call
        while len(self._open) > _REMEMBERED:
            self._open.popitem(last=False)

    # ── what settling needs ─────────────────────────────────────────────────

    def _reckoned(self, ended: Ended, call: OpenCall | None) -> Spent:
        ending = seen(ended.ending, call) if call else ended.ending
        if call:
            return reckon(ending, replace(call.terms, card=ended.card or call.terms.card))
        contract = contract_of(ending.call_type)
        if ended.card is None or contract is None:
            return _as_computed(ending)
        return reckon(ending, Terms(contract, ended.card, Asked(Decimal(0)), Mode.FAIR))

    async def _book_unasked(self, ended: Ended) -> None:
        # No common road leads here. If LiteLLM builds one, its calls are booked at least.
        try:
            account = read_account(ended.account, self._clock())
        except DamagedAccount:
            return
        call_id = f"unasked-{ended.answer_id}"
        call = self._gate.call(account, call_id, ended.alias, ended.key, self._clock())
        LOG.warning(
            "%s cost money without being admitted (%s)", ended.alias, ended.ending.call_type
        )
        _tell(await self._gate.settle(call_id, self._reckoned(ended, None), call))

    # ── what is counted beside money ────────────────────────────────────────

    def _count_failure(self, call: OpenCall, call_id: str, outcome: Outcome) -> None:
        admitted = self._gate.under_way(call_id)
        if admitted:
            of = admitted.request.call
            self.tallies.failed(of.day, of.app, of.alias, call.deployment, outcome.name)

    def _count_parameter(self, incoming: Incoming, name: str, outcome: str) -> None:
        if account := incoming.account:
            self.tallies.saw(
                day=account.day(self._clock()),
                app=account.app,
                alias=incoming.alias,
                call_type=incoming.exchange.contract.name,
                parameter=name[:80],
                outcome=outcome,
            )


def _metadata(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    found = kwargs.get("litellm_metadata") or kwargs.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _as_computed(ending: Ending) -> Spent:
    usd = ending.reported_usd
    believable = usd is not None and usd.is_finite() and 0 <= usd < 10**6
    return Spent(
        usd=usd if believable else Decimal(0),
        provider=ending.provider,
        model=ending.model,
        deployment=ending.deployment,
        call_type=ending.call_type,
        reported_usd=usd,
        estimated=True,
        note="no reviewed price was found; booked what the gateway computed",
    )


def _refusal(decision: Refused, now: datetime) -> Refusal:
    match decision.reason:
        case Reason.CAP:
            return refusals.over_cap(decision, now)
        case Reason.BUSY:
            return refusals.busy(decision.account)
        case Reason.OUTAGE | Reason.REPEATED:
            return refusals.unavailable()


def _tell(booked: Booked | None) -> None:
    if booked is None:
        return
    for percent in booked.crossed:
        LOG.warning("budget %s reached %d %% in %s", booked.budget, percent, booked.month)
