"""A throw-away delivery in one file, as a newcomer would write it: a box in a locker, over HTTP."""

from dataclasses import dataclass

from pydantic import Field

from aspire_gitops.delivery.base import Delivery, DeliveryMethod, Doors
from aspire_gitops.vocabulary import DeliveryFailed, DeliveryTaken
from aspire_gitops.vocabulary.spec import HttpUrl, ResourceName, Spec
from aspire_ledger.canonical import JsonValue


class LockerSpec(Spec):
    """A box in a locker, which gives it to the app once the app was started anew."""

    host: HttpUrl = Field(description="Where the locker listens.")
    box: ResourceName = Field(description="Which box.")
    restart: bool = Field(default=True, description="Start the app anew afterwards.")


class LockerDelivery(DeliveryMethod[LockerSpec]):
    """Put a key into a box, with the token called `locker`."""

    tag = "locker"
    reviewed = LockerSpec
    description = "A box in a locker."
    examples = ({"host": "https://locker.example.com", "box": "shop"},)
    advice = "choose a box of the app's own"
    time_limit_s = 2.0

    def open(self, address: LockerSpec, doors: Doors) -> Delivery:
        return _Box(address, doors)

    def shown(self, address: LockerSpec) -> str:
        return f"box {address.box} at {address.host}"

    def why_not(self, address: LockerSpec) -> str | None:
        return "is the platform's own" if address.box == "platform" else None


@dataclass(frozen=True, slots=True)
class _Box:
    spec: LockerSpec
    doors: Doors

    @property
    def place(self) -> str:
        return f"locker:{self.spec.host}/boxes/{self.spec.box}"

    async def read(self) -> str | None:
        try:
            return str(await self._asked("GET", "") or "") or None
        except DeliveryFailed as error:
            if error.status == 404:
                return None
            raise

    async def write(self, value: str, *, instead_of: str | None) -> None:
        if await self.read() != instead_of:
            raise DeliveryTaken(f"{self.place} holds another value by now", help="try again")
        await self._asked("PUT", "", {"value": value})
        if self.spec.restart:
            await self._asked("POST", "/restart")
            while await self._asked("GET", "/state") != "running":
                await self.doors.pause(0.01)

    async def _asked(self, method: str, below: str, body: JsonValue = None) -> JsonValue:
        return await self.doors.send(
            method,
            f"{self.spec.host}/boxes/{self.spec.box}{below}",
            what="the locker",
            body=body,
            bearer=self.doors.secret("locker"),
            advice={401: "put the locker's token into the delivery secrets"},
        )
