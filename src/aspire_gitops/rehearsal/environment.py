"""What a rehearsal runs against: a gateway, its upstream, and calls through both.

Values and one protocol. `live` implements it with a sandbox, tests with answers
of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aspire_gitops.applying import Outcome
from aspire_gitops.planning import Plan
from aspire_gitops.rehearsal.attacks import Attack, Names
from aspire_gitops.rehearsal.books import Book, BookedCall
from aspire_gitops.sandbox import Billed
from aspire_gitops.state import Compiled, ObjectKey
from aspire_ledger.canonical import JsonValue


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
