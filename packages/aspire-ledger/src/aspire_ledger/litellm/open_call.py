"""One call on its way: who asks for it, our id on it, and what is known of it until it is settled.

Ids are chosen here and recognised later: nobody else can make one or know one. A client
may write any id into a request's metadata. If its word counted, it could name a call that
was booked already, and its own would cost nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aspire_ledger.account import Account
from aspire_ledger.bound import dearest
from aspire_ledger.card import Card
from aspire_ledger.contract import CHAT, COMPLETIONS
from aspire_ledger.litellm.events import ID, Answer, Ended, as_mapping
from aspire_ledger.litellm.front import Exchange
from aspire_ledger.request_guard import Judged
from aspire_ledger.settling import Ending, Terms, reckon
from aspire_ledger.usage import answer_bytes, read_usage
from aspire_ledger.values import NO_UNITS, Spent

_RANDOM: Final = 12  # bytes; the seal takes as many
# LiteLLM keeps its own notes on a request in one of these; the other is the client's.
_SLOTS: Final = ("litellm_metadata", "metadata")
_LOGGED: Final = "spend_logs_metadata"  # the part of it that LiteLLM writes into its log of spend
_LIMITS_HEADER: Final = "x-aspire-limits"
_REMOVED_HEADER: Final = "x-aspire-removed"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is: its name or its hash, never its value; and what the controller wrote on it.

    `models` are those that the key lists. `may_call` asks LiteLLM itself, for a key that
    we did not make.
    """

    key: str
    metadata: Mapping[str, Any]
    route: str
    models: Sequence[str]
    may_call: Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that is judged. `account` is None for a key that we did not make."""

    caller: Caller
    exchange: Exchange
    alias: str
    cards: Sequence[Card | None]
    account: Account | None

    @property
    def body(self) -> Mapping[str, Any]:
        return self.exchange.body or {}

    @property
    def known_cards(self) -> Sequence[Card]:
        return [card for card in self.cards if card]


@dataclass(slots=True)
class OpenCall:
    """A call that was admitted and has not been settled.

    The card of its `terms` is the dearest under its alias until LiteLLM has chosen a row,
    then the row's. `body` is what it asks, as long as something may be sent for it.
    `told` is what LiteLLM said of a stream before its answer ended: some of its calls are
    built of others, and the inner one ends first. `whole` is an answer that was no stream.
    """

    account: Account
    terms: Terms
    exchange: Exchange
    body: Mapping[str, Any] = field(repr=False)
    deployment: str = ""
    answer: Answer = field(default_factory=Answer)
    abandoned: bool = False
    has_ended: bool = False
    told: Ended | None = None
    whole: object = field(default=None, repr=False)

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True


def opened(incoming: Incoming, account: Account, judged: Judged) -> OpenCall:
    contract = incoming.exchange.contract
    kept = {name: value for name, value in incoming.body.items() if name not in judged.removed}
    body = {**kept, **judged.written}
    card, asked = dearest(contract, body, incoming.known_cards)
    return OpenCall(account, Terms(contract, card, asked, account.mode), incoming.exchange, body)


def strictest(cards: Sequence[Card]) -> Card | None:
    """Return the card that a request is judged by, where an alias has several rows.

    It has the lowest limit of any, and the fees that all of them state.
    """
    if len(cards) < 2:
        return cards[0] if cards else None
    first, limits = cards[0], [card.max_output_tokens for card in cards if card.max_output_tokens]
    fees = first.price.usd_per_use
    shared = {kind: fees[kind] for kind in fees if all(kind in c.price.usd_per_use for c in cards)}
    return replace(
        first,
        max_output_tokens=min(limits, default=None),
        price=replace(first.price, usd_per_use=shared),
    )


# ── how it ended ──────────────────────────────────────────────────────────────


def seen(ending: Ending, call: OpenCall) -> Ending:
    """Return what an event says, corrected by what was seen of a stream."""
    answer = call.answer
    if not answer.streamed:
        return ending
    return replace(
        ending,
        counted=(ending.counted or answer.counted) if _is_reported(call) else None,
        partly=NO_UNITS if call.exchange.filled_in else answer.counted,
        text_bytes=answer.text_bytes,
        images=max(answer.images, ending.images),
    )


def _is_reported(call: OpenCall) -> bool:
    return call.answer.reported and not call.exchange.filled_in


def guess(call: OpenCall, note: str) -> Spent:
    """Return what to book for a call of which LiteLLM says nothing."""
    answer, whole = call.answer, as_mapping(call.whole)
    usage = read_usage(as_mapping(whole.get("usage")))
    ending = Ending(
        counted=answer.counted if _is_reported(call) else usage,
        partly=answer.counted,
        text_bytes=answer.text_bytes or answer_bytes(whole),
        images=answer.images,
        deployment=call.deployment,
        call_type=min(call.terms.contract.calls),
        note=note,
    )
    return reckon(ending, call.terms)


# ── what is left on the request ───────────────────────────────────────────────


def change(data: MutableMapping[str, Any], judged: Judged, exchange: Exchange) -> None:
    for name in judged.removed:
        data.pop(name, None)
    data.update(judged.written)
    _ask_for_usage(data, exchange)
    if judged.lowered:
        lowered = ", ".join(f"{name}={limit}" for name, limit in sorted(judged.lowered.items()))
        exchange.notes[_LIMITS_HEADER] = lowered
    if names := sorted(name for name in judged.removed if name.isascii() and name.isidentifier()):
        exchange.notes[_REMOVED_HEADER] = ", ".join(names)[:500]


def _ask_for_usage(data: MutableMapping[str, Any], exchange: Exchange) -> None:
    """Let a stream end with its usage also where LiteLLM would not ask for it, and hide it then.

    It asks by itself on chat, unless the caller declined or the provider cannot, and never
    on completions.
    """
    if data.get("stream") is not True or exchange.contract not in (CHAT, COMPLETIONS):
        return
    stated = (exchange.body or {}).get("stream_options")
    options = stated if isinstance(stated, Mapping) else {}
    declined = "include_usage" in options and options["include_usage"] is not True
    if exchange.contract is COMPLETIONS or declined:
        data["stream_options"] = {**options, "include_usage": True}
        if options.get("include_usage") is not True:
            data["_litellm_strip_stream_usage"] = True


def mark(data: MutableMapping[str, Any], call_id: str, body: Mapping[str, Any]) -> None:
    """Leave our id, and take out what a client wrote into LiteLLM's own notes.

    LiteLLM reads words of its own there (tags, groups, traces), and sends none of them on.
    """
    own, *others = [slot for slot in _SLOTS if slot in data] or ["metadata"]
    for slot in others:
        if isinstance(client := data[slot], MutableMapping):
            client.pop(ID, None)
    notes = data.get(own)
    if not isinstance(notes, MutableMapping):
        notes = data[own] = {}
    labels = body.get(own)
    for name, text in (labels if isinstance(labels, Mapping) else {}).items():
        if notes.get(name) == text:
            notes.pop(name, None)
    notes[ID] = call_id
    logged = notes.get(_LOGGED)
    notes[_LOGGED] = {**(logged if isinstance(logged, Mapping) else {}), ID: call_id}
    # Without its log of this call LiteLLM would not tell us that it ended.
    data.pop("no-log", None)


def marked_id(data: Mapping[str, Any]) -> str:
    """Return the id that `mark` left on a request, or nothing."""
    for slot in _SLOTS:
        notes = data.get(slot)
        if isinstance(notes, Mapping) and isinstance(found := notes.get(ID), str):
            return found
    return ""


# ── ids ───────────────────────────────────────────────────────────────────────


class Ids:
    """The ids of one process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def new(self) -> str:
        """Return 48 hexadecimal digits: half are random, half say that we made them."""
        random = secrets.token_hex(_RANDOM)
        return random + self._seal(random)

    def made(self, text: str) -> bool:
        """Say whether this process made an id."""
        random, seal = text[: 2 * _RANDOM], text[2 * _RANDOM :]
        return text.isascii() and hmac.compare_digest(seal, self._seal(random))

    def _seal(self, random: str) -> str:
        return hmac.new(self._key, random.encode(), hashlib.sha256).hexdigest()[: 2 * _RANDOM]
