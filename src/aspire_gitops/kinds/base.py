"""What a kind of gateway object has to say of itself, and the words it says it in. Pure.

Each kind is one file beside this one and a row in `registry`. Everything else
(planning, applying, the client) asks the row, so a fact that a kind leaves out is
an error of the type checker at that row and nowhere else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from shlex import quote as quoted
from typing import Protocol, TypeAlias
from urllib.parse import quote

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds.wire import AddressesReply, PageReply, Reply
from aspire_gitops.releases import Release
from aspire_gitops.resources import GatewaySpec
from aspire_gitops.state import (
    Fields,
    GatewayObject,
    Intent,
    KeyFacts,
    Kind,
    LastChange,
    ObjectKey,
    State,
)
from aspire_gitops.vocabulary import Rule, Span
from aspire_ledger.canonical import JsonValue, canonical_json
from aspire_ledger.money import ExchangeRate

NOBODY = "aspire-gitops-nobody"
"""An address that no object has: a write to it tries a right and changes nothing."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of the admin API. `path` is a template: `/credentials/{name}`."""

    method: str
    path: str

    def at(self, values: Mapping[str, str]) -> str:
        """Return the path with `values` filled in, escaped so that a slash stays inside its part."""
        return self.path.format(**{name: quote(value, safe="") for name, value in values.items()})


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where to, and what to send. `gone` are the statuses that say "no such object"."""

    endpoint: Endpoint
    values: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, JsonValue] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()

    @property
    def is_write(self) -> bool:
        return self.endpoint.method != "GET"

    def as_command(self, url: str) -> str:
        """Return the call as a line for a shell, with the admin key as a variable."""
        place = f"{url.rstrip('/')}{self.endpoint.at(self.values)}"
        body = quoted(canonical_json(self.body)) if self.body else ""
        sent = f" -H 'Content-Type: application/json' -d {body}" if body else ""
        key = '-H "Authorization: Bearer $ASPIRE_GITOPS_ADMIN_KEY"'
        return f"curl -fsS -X {self.endpoint.method} {quoted(place)} {key}{sent}"

    def __str__(self) -> str:
        return f"{self.endpoint.method} {self.endpoint.path}"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What one revision says, checked and ready to compile."""

    catalog: Catalog
    gateway: GatewaySpec
    exchange: ExchangeRate
    release: Release
    today: date


Desired: TypeAlias = tuple[GatewayObject, Intent]


class Undo(StrEnum):
    """What is done with an object that reads back otherwise than it was updated."""

    LEAVE = "leave"  # its old state cannot be written again
    SET_BACK = "set back"
    SET_BACK_OR_REMOVE = "set back or remove"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Of a kind whose objects are replaced by a new one where an update is not enough.

    Adopting goes the same way, and several objects under one key of ours are an
    interrupted replacement. `target` are the paths that decide where calls go: the
    old object is pointed there first, so that its name never has two targets.
    """

    target: frozenset[str]


@dataclass(frozen=True, slots=True)
class Value:
    """Of a kind whose objects are a value that we make up, and that somebody must be handed.

    `field` is what `create` finds the value under, among the secrets. `address`
    is what the gateway finds such an object by. `was_deleted` tells from the reply
    to a single read that the value was in use once. `is_derived` says that the value of
    an object is not made up but always the same here, and that nobody is handed it.
    """

    field: str
    prefix: str
    address: Callable[[str], str]
    was_deleted: Callable[[object], bool]
    is_derived: Callable[[GatewayObject], bool]


@dataclass(frozen=True, slots=True)
class Counting:
    """Of a kind whose spend LiteLLM counts, and which may belong to a team or a user.

    `fields` are the parts of a row that are in no object, `read` makes the facts of
    them, and `reset` is the call that sets the spend back to so many US dollars.
    """

    fields: frozenset[str]
    read: Callable[[object], KeyFacts]
    reset: Callable[[str, float], Call]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one object is read. `absent` are the statuses that say that it is not there.

    Of `shape` every reply of LiteLLM's has at least one required name.
    """

    endpoint: Endpoint
    by: str  # the parameter that takes the address
    in_path: bool
    absent: frozenset[int]
    shape: type[Reply] = Reply

    def at(self, address: str) -> Call:
        named = {self.by: address}
        if self.in_path:
            return Call(self.endpoint, values=named, gone=self.absent)
        return Call(self.endpoint, params=named, gone=self.absent)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How a page is read that answers 5xx because one of its rows is broken.

    Without the parameters `whole` the list gives addresses alone, shaped like
    `addresses`; `sizes` are the pages that are tried next, down to single rows.
    """

    whole: Mapping[str, str]
    addresses: type[AddressesReply]
    sizes: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How all objects of a kind are read. Without a page size one reply has them all."""

    endpoint: Endpoint
    shape: type[PageReply]
    page_size: int | None
    size_by: str = "size"  # the parameter that takes the page size
    params: Mapping[str, str] = field(default_factory=dict)
    narrowing: Narrowing | None = None

    @property
    def smallest(self) -> Call:
        """The cheapest call that needs the right to list."""
        return Call(self.endpoint, params={} if self.page_size is None else {self.size_by: "1"})


@dataclass(frozen=True, slots=True)
class Danger:
    """A deletion that needs an Approval of its own. `approval` is what its `change` must say."""

    key: ObjectKey
    rule: Rule
    approval: str
    message: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is true of every object of a kind. No fact has a default.

    `needs` are the kinds that must be there first: they are created before and
    deleted after it. `owned` are the prefixes of fields that are ours alone on an
    object of ours: whatever stands there undeclared was put there by hand.
    `unsettable` are the fields that an update can clear; None means all.
    `named_by_address` says that the address is a name, which somebody else may take
    meanwhile. `heals_at_once` says that drift on it is never left alone for a while,
    because what stands on it would fail with it. `amounts` are the paths of texts that are
    amounts, dotted to the leaf: equal ones may be spelled in two ways. None means no text is.
    """

    name: Kind
    needs: frozenset[Kind]
    owned: tuple[str, ...]
    unsettable: frozenset[str] | None
    amounts: re.Pattern[str] | None
    parallel: int  # writes at once; more only queue at the gateway
    named_by_address: bool
    heals_at_once: bool
    undo: Undo
    replacement: Replacement | None
    value: Value | None
    counting: Counting | None
    reading: Reading
    listing: Listing
    update_replaces: bool  # a whole mapping that others may keep things in: read it first
    create_leaves_row: bool  # a create answered with 500 may leave a row that no list shows
    rights: tuple[Call, ...]  # each is allowed or refused before LiteLLM finds nothing to do
    rules: tuple[Rule, ...]  # by which `dangers` refuses a plan

    def owns(self, path: str) -> bool:
        return path.startswith(self.owned)

    def can_unset(self, path: str) -> bool:
        return self.unsettable is None or path in self.unsettable


class GatewayKind(Protocol):
    """One kind: its facts, how files become its objects, and how LiteLLM spells them."""

    @property
    def facts(self) -> Facts: ...

    def compile(self, reviewed: Reviewed) -> Iterator[Desired]:
        """Yield what the reviewed files ask for. A secret never comes here."""
        ...

    def place(self, catalog: Catalog, name: str) -> Span | None:
        """Return where the files declare the object of that name."""
        ...

    def next_address(self, name: str, live: Iterable[GatewayObject]) -> str | None:
        """Return where a new object goes; None if that is known only when it is created."""
        ...

    def references(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        """Return what an object cannot do without, by kind and handle."""
        ...

    def shown(self, item: GatewayObject) -> str:
        """Return what an object without our mark is, for people; empty where its name says it."""
        ...

    def uses(self, fields: Fields) -> frozenset[tuple[Kind, str]]:
        """Return what an object works with while it is live, by kind and handle."""
        ...

    def dangers(self, gone: Sequence[ObjectKey], ours: State, wanted: State) -> Iterator[Danger]:
        """Yield why objects of this kind must not go from `ours` without an Approval."""
        ...

    def live(self, row: object, address: str | None = None) -> GatewayObject:
        """Read one row of a list, or of a single read. Raises GatewayReplyInvalid."""
        ...

    def last_change(self, row: object) -> LastChange | None:
        """Say who last changed it, as far as the row tells. Raises GatewayReplyInvalid."""
        ...

    def single(self, reply: object) -> object:
        """Take the row out of the reply to a single read; None when there is no such object."""
        ...

    def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> Call:
        """Return the call that creates `wanted`. `secrets` by field path; `Value.field` says its own."""
        ...

    def update(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str], row: object
    ) -> Call:
        """Return the call that turns `live` into `wanted`. `row` is what a single read just gave."""
        ...

    def delete(self, live: GatewayObject) -> tuple[Call, ...]:
        """Return the calls that delete `live`, in order."""
        ...


_GENERATION = re.compile(r"^gw\.(?P<name>.+)\.(?P<n>[0-9]{1,9})$")


def generation(item: GatewayObject) -> int:
    """Return n of an address `gw.<name>.<n>`; 0 for an address that we did not choose."""
    found = _GENERATION.match(item.address or "")
    return int(found["n"]) if found else 0


def next_generation(name: str, live: Iterable[GatewayObject]) -> str:
    """Return the first address of a name that is above all that are taken."""
    taken = (generation(item) for item in live if (item.address or "").startswith(f"gw.{name}."))
    return f"gw.{name}.{max(taken, default=0) + 1}"
