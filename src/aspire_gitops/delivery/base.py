"""What all ways to deliver a key have in common. Pure: a delivery reaches the world by its `Doors`."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from pydantic import SecretStr, TypeAdapter, ValidationError

from aspire_gitops.vocabulary import DeliveryFailed
from aspire_ledger.canonical import JsonValue

TIME_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """Where one key goes: a row of the registry, and an address as only that row reads it.

    Plain data without any secret, for it stands in compiled objects and in plan files.
    """

    method: str
    address: JsonValue

    @property
    def tagged(self) -> dict[str, JsonValue]:
        """The form in files: `{"file": "agents/default"}`."""
        return {self.method: self.address}


class Delivery(Protocol):
    """One place that a key's value is delivered to, opened."""

    @property
    def place(self) -> str:
        """The place as the journal writes it: `file:/var/lib/aspire-gitops/keys/agents/default`.

        People read it in many places, so nothing of it may be secret.
        """
        ...

    async def read(self) -> str | None:
        """Return the value that is there; None also where the place never shows what it holds.

        What was written and not created on the gateway is found here by the next apply.
        After None a fresh value replaces it, which is safe: nobody could use the old one.

        Raises:
            DeliveryFailed: Something is there that is not a key, or it cannot be read.
            SecretMissing: What it signs in with is not set. An operator must act.
        """
        ...

    async def write(self, value: str, *, instead_of: str | None) -> None:
        """Put the value there, whole or not at all, so that the app has it or will have it.

        This includes whatever makes the app read it, such as a redeploy. Trying again
        must do no harm: an apply that stopped half way writes the same value once more.

        Args:
            value: The key's value.
            instead_of: What `read` returned. A place that shows what it holds is left
                alone if it holds something else by now.

        Raises:
            DeliveryTaken: Another writer was faster. Read again.
            DeliveryFailed: It could not be written, or nobody can tell. Try again. Say
                `passes` of what is known to pass by itself; else an operator is told.
            SecretMissing: What it signs in with is not set. An operator must act.
        """
        ...


Deliveries: TypeAlias = Callable[[DeliveryTarget], Delivery]
"""Opens what compiled keys name. Raises DeliveryFailed for what no reviewed file may name."""


class Send(Protocol):
    """Sends one request to a third party. Trying again is for the next apply."""

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        what: str,
        body: JsonValue = None,
        bearer: SecretStr | None = None,
        advice: Mapping[int, str] | None = None,
    ) -> JsonValue:
        """Return the reply to a request that was accepted; None if it is empty.

        Args:
            method: `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
            url: Where to. Messages show its host alone.
            what: The receiver in messages: `Coolify`.
            body: Sent as JSON; None sends none.
            bearer: A token for the `Authorization` header.
            advice: What a person should do about a status, by status.

        Raises:
            DeliveryFailed: Not reached, refused (`status` then says how), or the reply is not
                JSON. Nothing of the request or of the reply is repeated.
        """
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways out of the process, for whatever a delivery has to reach.

    `root` is the controller's folder of keys. `file` opens one file below a folder, as
    `base` and the parts that lead to it. `secret` returns what a delivery signs in with,
    by a name that a reviewed file may say, read anew each time; it raises SecretMissing.
    `pause` waits for some seconds.
    """

    root: str
    file: Callable[[str, Sequence[str]], Delivery]
    send: Send
    secret: Callable[[str], SecretStr]
    pause: Callable[[float], Awaitable[None]]


AddressT = TypeVar("AddressT")


class DeliveryMethod(ABC, Generic[AddressT]):
    """One way to deliver a key, with everything that the program knows of it."""

    tag: ClassVar[str]
    """The field of a Delivery that says where, and the name in plans: `file`."""
    reviewed: ClassVar[Any]
    """What may stand in that field, as a pydantic type; the JSON Schema is made from it."""
    description: ClassVar[str]
    """What people read about the field, in the schema."""
    examples: ClassVar[Sequence[JsonValue]] = ()
    advice: ClassVar[str] = "choose another place"
    """What to do about an address that `why_not` refuses."""
    time_limit_s: ClassVar[float] = TIME_LIMIT_S
    """How long one reading or writing may take, in seconds, with all that belongs to it."""

    @abstractmethod
    def open(self, address: AddressT, doors: Doors) -> Delivery:
        """Open the place, without reaching it yet. It was asked before whether it may be."""

    @abstractmethod
    def shown(self, address: AddressT) -> str:
        """Return the whole place in words for people, after "delivered to"."""

    def why_not(self, address: AddressT) -> str | None:  # noqa: ARG002 (not all have a policy)
        """Return why no reviewed file may name the place, after its name; None if it may."""
        return None

    def why_not_open(self, address: AddressT, root: str) -> str | None:  # noqa: ARG002 (only files ask)
        """Return the same about a plan, which may come from files that nobody validated.

        Here the controller's folder of keys is known; it is `root`.
        """
        return self.why_not(address)

    def identity(self, address: AddressT) -> str:
        """Return what is the same for two addresses only if they are one place; people read it."""
        return self.shown(address)

    def parse(self, address: JsonValue) -> AddressT:
        """Read an address out of a plan. Raises DeliveryFailed for what is none."""
        try:
            read: AddressT = TypeAdapter(self.reviewed).validate_python(address)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join([self.tag, *map(str, problem["loc"])])
            raise DeliveryFailed(
                f"no key is delivered: {where}: {problem['msg']}", about_commit=True
            ) from None
        return read
