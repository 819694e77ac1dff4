"""What is on a gateway, and what should be: objects, marks, desired state, snapshots.

Desired and live are the same type, so that planning compares plain values.
No I/O, and nothing of LiteLLM's wire format: `kinds` translates.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final, TypeAlias

from aspire_gitops.delivery.base import DeliveryTarget
from aspire_gitops.usage import Downtime, Traffic
from aspire_gitops.vocabulary import Revision
from aspire_ledger.canonical import JsonValue, canonical_json, digest, digest_of_text
from aspire_ledger.money import ExchangeRate

DEFAULT_OWNER = "aspire-gitops"
OWNER_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"  # of the name in every mark


class Kind(str):
    """The name of a kind of gateway object, such as `deployment`. `kinds` says all the rest.

    Open, so that a kind is added in its own file. These three have a name here
    because other rooms ask for their objects; nobody branches on them.
    """

    __slots__ = ()

    CREDENTIAL: ClassVar["Kind"]
    DEPLOYMENT: ClassVar["Kind"]
    KEY: ClassVar["Kind"]


Kind.CREDENTIAL, Kind.DEPLOYMENT, Kind.KEY = Kind("credential"), Kind("deployment"), Kind("key")


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """The address of one gateway object in files and plans, written `deployment/qwen-vision`.

    The name is the provider's, the alias's, or `<app>.<key>`; what the object
    is called on the gateway is its `handle`, and where it is found its `address`.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


Fields: TypeAlias = Mapping[str, JsonValue]
"""Dotted path (`litellm_params.model`, `max_budget`) to value. Lists are tuples.

A path has at most one dot that counts, the first. What is unset is absent: the
border drops nulls, empty lists and mappings, and false.
"""


def is_unset(value: JsonValue) -> bool:
    """Say whether LiteLLM treats `value` as if it were not there. Zero is a value."""
    if value is None or value is False:
        return True
    return isinstance(value, str | Sequence | Mapping) and not value


@dataclass(frozen=True, slots=True)
class Mark:
    """What we left on a live object when we last applied it; no mark of ours, not our object.

    `fields` are the paths that we set, `digest` covers their values, secrets
    included. `revision` is the one that last changed the object; it is for
    people and never compared.
    """

    owner: str
    name: str
    fields: frozenset[str]
    digest: str
    revision: str


HIDDEN: Final = "(secret)"
"""Stands in whatever is stored or shown for a secret as the gateway shows it: `sk****9f`."""

_MASK = re.compile(r"(..)?\*{4,5}(..)?", re.DOTALL)


def without_masks(fields: Fields) -> dict[str, JsonValue]:
    """Return the fields without the first and last characters of any secret."""
    return {
        path: HIDDEN if isinstance(value, str) and _MASK.fullmatch(value) else value
        for path, value in fields.items()
    }


@dataclass(frozen=True, slots=True)
class GatewayObject:
    """One object, desired or live.

    `handle` is its public name on the gateway: credential name, model name or
    key alias. `address` is what the admin API finds it by: credential name,
    model id, or the key's sha256; a desired object may not have one yet.
    """

    key: ObjectKey
    handle: str
    fields: Fields
    mark: Mark | None = None
    address: str | None = None
    # Made when first asked for: what is desired, and what is live, outlasts many turns.
    _text: str | None = field(default=None, init=False, repr=False, compare=False)
    _proof: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The canonical JSON of all that a plan depends on."""
        if self._text is None:
            # A digest of a few unknown characters would give them away.
            row = _digest_row(self, without_masks(self.fields))
            self._keep("_text", canonical_json(row))
        return self._text or ""

    @property
    def proof(self) -> str:
        """The digest of what the object is, wherever it is and no matter who set it."""
        covered = (str(self.key), self.handle, self.fields)
        return self._proof or self._keep("_proof", digest(covered))

    def applied(self, mark: Mark, address: str | None) -> "GatewayObject":
        """Return the object as it is once it is there. What proves it is computed once for both."""
        live = replace(self, mark=mark, address=address)
        object.__setattr__(live, "_proof", self.proof)
        return live

    def _keep(self, name: str, value: str) -> str:
        object.__setattr__(self, name, value)  # frozen to everybody else
        return value


State: TypeAlias = Mapping[ObjectKey, GatewayObject]  # desired and live are the same type


def of_kind(kind: Kind, objects: Iterable[GatewayObject]) -> tuple[GatewayObject, ...]:
    """Return the objects of one kind, sorted by key."""
    found = (item for item in objects if item.key.kind == kind)
    return tuple(sorted(found, key=lambda item: item.key))


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where the controller finds a secret: `env:NAME` or `file:/path`. Never the secret."""

    scheme: str
    locator: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.locator}"


@dataclass(frozen=True, slots=True)
class Intent:
    """What the reviewed files say about an object that is not a field of it."""

    adopt: bool = False
    reset_spend: bool = False  # an adopted key begins at what the ledger has for it this month
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)  # by field path
    delivery: DeliveryTarget | None = None  # of a key's value
    source: str = ""  # `gateway.d/apps/postiz.yaml:14:5`, for messages


@dataclass(frozen=True, slots=True)
class Approved:
    """One agreement to a dangerous change that is still in force."""

    change: str
    object: ObjectKey
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class GatewayTarget:
    """Which gateway the files are for."""

    name: str
    url: str
    litellm_version: str
    max_deletions: int
    exchange: ExchangeRate
    heals_drift: bool = True  # False: changes made by hand are only reported
    removes_intruders: bool = False  # deployments that somebody added under a live alias's name
    has_ledger: bool = False  # its config.yaml loads the spend ledger


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything that one revision asks of the gateway. Holds references to secrets, no secret."""

    revision: Revision
    gateway: GatewayTarget
    objects: State
    intents: Mapping[ObjectKey, Intent]
    approvals: tuple[Approved, ...]
    config_yaml: str


@dataclass(frozen=True, slots=True, order=True)
class LiveFallback:
    """A fallback that is in force on the gateway: calls to `alias` may be answered by `answers`."""

    alias: str
    kind: str  # general, context_window or content_policy
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who last changed a live object, and when, each None where the gateway does not tell.

    For people. Anyone with write access to the gateway can also lie here, so nothing is
    decided by it.
    """

    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """The team or the user that a key belongs to.

    `limits` names what is set on it and would stop the key (`max_budget`, `models`);
    None is not known, and `unread` then says why, empty where nobody asked.
    """

    id: str
    limits: tuple[str, ...] | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What LiteLLM counts for a key, and what may stop it beside its managed fields.

    Amounts are US dollars; None is not set, or nothing that is an amount. `spend`
    is since the last reset, or of the key's whole life where it has no period;
    `resets_at` ends the period. `limits` names what is set on the key that adopting
    it would leave in force.
    """

    spend: float | None = None
    max_budget: float | None = None
    resets_at: datetime | None = None
    blocked: bool = False
    expires: str | None = None
    limits: tuple[str, ...] = ()
    team: Holder | None = None
    user: Holder | None = None


@dataclass(frozen=True, slots=True)
class ReviewedGateway:
    """The Gateway that a controller follows, as its files call it. It may reach it elsewhere."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything of the managed kinds that is on the gateway at one moment, complete.

    `objects` holds ours and unmanaged ones; several may share a key (two rows of
    one alias, in the middle of a replacement). `changed` is by kind and address,
    `spent` is AUD this month by budget, empty where no ledger was asked; `traffic`
    and `downtime` are None where nobody counted. `key_facts` is by address; `booked`
    is what the ledger has for a key this month, US dollars by key alias, None where
    no ledger was asked. `derived` are the addresses that objects with a derived value must
    have; `reviewed` is None where no files say which gateway it is. All of these stand
    outside of everything that is compared or digested.
    """

    gateway_url: str
    litellm_version: str | None
    taken_at: datetime
    objects: tuple[GatewayObject, ...]
    fallbacks: tuple[LiveFallback, ...] = ()
    changed: Mapping[tuple[Kind, str], LastChange] = field(default_factory=dict, compare=False)
    spent: Mapping[str, str] = field(default_factory=dict, compare=False)
    traffic: Traffic | None = field(default=None, compare=False)
    downtime: Downtime | None = field(default=None, compare=False)
    key_facts: Mapping[str, KeyFacts] = field(default_factory=dict, compare=False)
    booked: Mapping[str, Decimal] | None = field(default=None, compare=False)
    derived: Mapping[ObjectKey, str] = field(default_factory=dict, compare=False)
    reviewed: ReviewedGateway | None = field(default=None, compare=False)

    def facts_of(self, item: GatewayObject) -> KeyFacts | None:
        """Return what LiteLLM counts for a key; None where the snapshot does not tell."""
        return self.key_facts.get(item.address or "")

    def last_change(self, item: GatewayObject) -> LastChange | None:
        """Return who last changed `item` and when; None if the gateway tells neither."""
        return self.changed.get((item.key.kind, item.address or ""))

    @property
    def digest(self) -> str:
        """Cover what a plan depends on: every object and fallback, but not when it was read."""
        return self._digest(item.text for item in self.objects)

    @property
    def former_digest(self) -> str:
        """The same as older programs computed it, with the characters that LiteLLM shows of secrets."""
        return self._digest(canonical_json(_digest_row(item, item.fields)) for item in self.objects)

    def _digest(self, texts: Iterable[str]) -> str:
        objects = ",".join(sorted(texts))
        rows = [[item.alias, item.kind, *item.answers] for item in sorted(self.fallbacks)]
        return digest_of_text(f'{{"fallbacks":{canonical_json(rows)},"objects":[{objects}]}}')


def _digest_row(item: GatewayObject, fields: Fields) -> JsonValue:
    mark: JsonValue = None
    if item.mark:
        mark = [item.mark.owner, item.mark.name, item.mark.digest, sorted(item.mark.fields)]
    return [str(item.key), item.handle, item.address, fields, mark]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the secrets of one desired object prove, without being them.

    `digest` is the keyed digest that the object's mark must have; `masks` is
    how the gateway shows each secret (`sk****9f`), by field path.
    """

    digest: str
    masks: Mapping[str, str]
