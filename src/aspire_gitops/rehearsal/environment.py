"""What a rehearsal is played on: a gateway, its upstream, calls through both, and the two books of those calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from aspire_gitops.applying import Outcome
from aspire_gitops.planning import Plan
from aspire_gitops.rehearsal.attacks import Attack, Names
from aspire_gitops.sandbox import Billed
from aspire_gitops.state import Compiled, GatewayObject, ObjectKey
from aspire_ledger.amounts import NanoAud, aud, cost_in_nano
from aspire_ledger.canonical import JsonValue
from aspire_ledger.card import FIELD, Card, read_card
from aspire_ledger.pricing import cost_usd
from aspire_ledger.values import Counted


@dataclass(frozen=True, slots=True)
class BookedCall:
    """One entry of the ledger. `estimated`: the provider reported no usage to be believed."""

    cost: NanoAud
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a provider's units cost a budget."""

    card: Card
    usd_per_aud: Decimal
    strict: bool = False  # the budget sets the worst case aside, and never books less unseen

    def priced(self, billed: Billed) -> NanoAud:
        """Return what one call cost, rounded up as the ledger does."""
        return cost_in_nano(self.usd(billed), self.usd_per_aud)

    def usd(self, billed: Billed) -> Decimal:
        """Return what one call cost in US dollars, exactly."""
        counted = Counted(
            input_tokens=billed.input_tokens,
            cached_input_tokens=billed.cached_input_tokens,
            output_tokens=billed.output_tokens,
            pages=billed.pages,
            images=billed.images,
            cache_write_tokens=billed.cache_write_tokens,
            cache_write_1h_tokens=billed.cache_write_1h_tokens,
            input_image_tokens=billed.input_image_tokens,
            reasoning_tokens=billed.reasoning_tokens,
            annotated_pages=billed.annotated_pages,
            tool_uses=sum(billed.tool_uses.values()),
        )
        price = self.card.price
        one_image = price.image_usd(billed.size or None, billed.quality or None)
        return cost_usd(price, counted, uses=billed.tool_uses, image_usd=one_image)


@dataclass(frozen=True, slots=True)
class Book:
    """One budget in both books, in nano-AUD.

    `reported` is what was billed by answers that carried their usage: a part of `billed`.
    """

    budget: str
    billed: NanoAud
    reported: NanoAud
    booked: NanoAud
    calls: int
    strict: bool = False


def tariff_of(deployment: GatewayObject, key: GatewayObject) -> Tariff | None:
    """Return what calls to an alias cost with a key, or None where nobody counts them."""
    card = read_card(deployment.fields.get(f"model_info.{FIELD}"))
    rate = key.fields.get("metadata.usd_per_aud")
    if card is None or not isinstance(rate, str):
        return None
    return Tariff(card, Decimal(rate), is_strict(key))


def is_strict(key: GatewayObject) -> bool:
    """Say whether a key's budget is strict."""
    return key.fields.get("metadata.budget_mode") == "strict"


class Agreement(StrEnum):
    """How the two books of a call may agree."""

    IN_FULL = "booked in full"
    ESTIMATED = "estimated"  # what a fair budget books of an answer that nobody reported


class Disagreement(Exception):
    """The two books of a call differ. The message says how."""


def agreement(
    bills: Sequence[tuple[Billed, NanoAud]], booked: Sequence[BookedCall], *, strict: bool
) -> Agreement:
    """Return how a call's entries agree with its bills.

    Where all usage was reported they are equal. Where it was not, the entries are marked,
    and no less than the bills: but a fair budget books the input and the text that passed,
    which may be less than a provider bills for what nobody saw. Equal books need no mark:
    pages and pictures can be counted in the answer itself.

    Raises:
        Disagreement: They do not.
    """
    owed, entered = sum(cost for _, cost in bills), sum(entry.cost for entry in booked)
    seen = sum(cost for bill, cost in bills if bill.reported)
    if entered == owed:
        return Agreement.IN_FULL
    if all(bill.reported for bill, _ in bills):
        raise Disagreement(f"{shown(owed)} AUD billed, {shown(entered)} booked")
    if entered < owed and (strict or entered <= seen):
        raise Disagreement(f"{shown(owed)} AUD billed, {shown(entered)} booked")
    if not any(entry.estimated for entry in booked):
        raise Disagreement(
            f"{shown(entered)} AUD booked of usage that nobody reported, and not marked as such"
        )
    return Agreement.IN_FULL if entered >= owed else Agreement.ESTIMATED


def shown(amount: int) -> str:
    """Return an amount to the last nano-AUD that is not zero."""
    return f"{aud(NanoAud(amount)).normalize():f}"


@dataclass(frozen=True, slots=True)
class AppCall:
    """One call by an app: with which key, for which alias, and what else is in the body."""

    key: ObjectKey
    model: str
    mode: str = "chat"
    vision: bool = False
    extra: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that reached an upstream during a call, and what it was billed.

    Of an `unread` one, whose connection was closed at once, nobody knows the model.
    """

    provider: str
    model: str
    credential: str | None = field(repr=False)
    billed: Billed = field(default_factory=Billed)
    unread: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came back for one call, and what went out for it.

    The headers are LiteLLM's account of who answered; `received` is the
    upstream's. Neither counts without the other.
    """

    status: int
    model_id: str | None
    fallbacks: str | None
    retries: str | None
    received: tuple[Received, ...]
    message: str = ""  # of an error, cut


@dataclass(frozen=True, slots=True)
class Attacked:
    """What came of one attack.

    `status` is 0 where the gateway gave no answer, or the caller did not wait for it.
    `held` says that money is still set aside for it, though nothing is under way;
    `leaked` names the secrets that a provider received and should not have.
    """

    status: int
    received: tuple[Received, ...]
    booked: tuple[BookedCall, ...] = ()
    held: bool = False
    leaked: tuple[str, ...] = ()
    message: str = ""  # of an error, cut


class Environment(Protocol):
    """What the steps need of a gateway."""

    def make_keys_by_hand(self, compiled: Compiled) -> tuple[str, ...]:
        """Make the keys that the files adopt, as somebody once did on the real gateway."""
        ...

    def plan(self, compiled: Compiled) -> Plan: ...

    def apply(self, plan: Plan, compiled: Compiled) -> Outcome: ...

    def addresses(self) -> Mapping[ObjectKey, str]:
        """Return where each object of ours is on the gateway."""
        ...

    def call(self, call: AppCall) -> CallResult: ...

    def attack(self, attack: Attack, names: Names, key: ObjectKey) -> Attacked:
        """Play one attack with a key, and wait until the ledger has settled it."""
        ...

    def elsewhere(self) -> str:
        """Return the base URL of a server that no provider has, and that records what it gets."""
        ...

    def books(self) -> tuple[Book, ...]:
        """Return what every budget was billed and what was booked, since the files were applied."""
        ...

    def fail(self, provider: str) -> None:
        """Let every request to a provider fail with 503, until `recover`."""
        ...

    def recover(self) -> None: ...

    def restart(self) -> None: ...

    def planted(self) -> Mapping[str, str]:
        """Return every secret that exists in the environment, by what it is."""
        ...

    def secret_of(self, provider: str) -> str | None:
        """Return the secret that a provider must have received."""
        ...

    def written(self) -> Mapping[str, str]:
        """Return everything that we wrote or logged so far, by what it is."""
        ...
