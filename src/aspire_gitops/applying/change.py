"""Carry out one change: write, read back, and settle what a lost answer left open."""

import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from aspire_gitops.applying.delivered import left_behind
from aspire_gitops.applying.ports import Deliveries, Gateway
from aspire_gitops.applying.proof import take_back, unmet
from aspire_gitops.delivery.base import Delivery
from aspire_gitops.kinds import KINDS, Facts, Value
from aspire_gitops.planning import SPEND, Action, Change, evidence_of, marked, redacted
from aspire_gitops.state import GatewayObject, Intent
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    DeliveryFailed,
    DeliveryTaken,
    GatewayError,
    GatewayRejected,
    GatewayUnavailable,
)


class NotProved(GatewayError):
    """The write did not take: what was read back is something else. Plan again.

    `lost` says that the gateway failed on the write itself (5xx, no answer)
    and answered the reading: it is this object that it cannot do. Never said of a write
    that somebody else than LiteLLM answered: that error is raised as it is.
    """

    def __init__(self, message: str, *, help: str | None = None, lost: bool = False) -> None:  # noqa: A002 (as in the base)
        self.lost = lost
        super().__init__(message, help=help)

    @classmethod
    def after(cls, lost: GatewayUnavailable | None, message: str) -> Self:
        """Return the error for what reading showed; `lost` is how the write itself failed."""
        return cls(message, help=lost.help if lost else None, lost=lost is not None)


def blames_commit(error: AspireGitopsError | None) -> bool:
    """Return whether a failed change proves something about the reviewed files.

    An allow-list: LiteLLM itself said no to this very change, it did something else, or
    policy forbids the place of a key. Everything else may befall any commit.
    """
    if isinstance(error, DeliveryFailed):
        return error.about_commit
    return isinstance(error, GatewayRejected | NotProved)


@dataclass(slots=True)
class ChangeRun:
    """One change, what it needs, and what came of it so far.

    `secrets` are the values by field path. `why_not_key` says why a value is no
    key of an app: it is another secret. `state` is what was last read back
    and proved, None once it is deleted; `delivered_to` is where a new key's
    value lies. Both hold whatever was reached, also when `carry_out` fails. `left` says
    where the value of a deleted key stays.
    """

    change: Change
    revision: str
    gateway: Gateway
    secrets: Mapping[str, str]
    deliveries: Deliveries
    why_not_key: Callable[[str], str | None]
    state: GatewayObject | None = None
    delivered_to: str | None = None
    left: str = ""

    async def carry_out(self) -> None:
        """Make the change and prove it.

        Raises:
            NotProved: The gateway did something else. Plan again.
            DeliveryFailed: The key could not be delivered. Try again.
            GatewayError: See the class; the next apply finishes what is half done.
        """
        steps: Mapping[Action, Callable[[], Awaitable[None]]] = {
            Action.CREATE: self._create,
            Action.UPDATE: self._update,
            Action.ADOPT: self._adopt,
            Action.REPLACE: self._replace,
            Action.DELETE: self._delete,
        }
        await steps[self.change.action]()

    # ── what the steps share ────────────────────────────────────────────────

    @property
    def _facts(self) -> Facts:
        return KINDS[self.change.key.kind].facts

    @property
    def _intent(self) -> Intent:
        return self.change.intent or Intent()

    def _wanted(self, address: str | None = None) -> GatewayObject:
        """Return the object to be, with a mark that covers the secrets at hand."""
        after = self.change.after
        if after is None or after.mark is None:
            raise AssertionError(f"{self.change.action} {self.change.key} says nothing to write")
        if not self._intent.secrets:
            return replace(after, address=address or after.address)
        evidence = evidence_of(after, self.secrets)
        owner = after.mark.owner
        wanted = marked(after, self._intent, owner=owner, revision=self.revision, evidence=evidence)
        return replace(wanted, address=address or after.address)

    @property
    def _unset(self) -> frozenset[str]:
        return frozenset(field.path for field in self.change.fields if field.after is None)

    async def _live(self) -> GatewayObject:
        live = await self._live_or_gone()
        if live is None:
            raise NotProved("it was deleted after the plan was made", help="run `plan` again")
        return live

    async def _live_or_gone(self) -> GatewayObject | None:
        before = self.change.before
        if before is None or before.address is None:
            raise AssertionError(f"{self.change.action} {self.change.key} has nothing to change")
        live = await self.gateway.read(before.key.kind, before.address)
        if live and before.mark and (live.mark is None or live.mark.owner != before.mark.owner):
            raise NotProved(
                "it lost our mark after the plan was made, so it is not ours",
                help="run `plan` again",
            )
        return live

    async def _prove(
        self,
        wanted: GatewayObject,
        write: Awaitable[None],
        unset: frozenset[str] = frozenset(),
        *,
        before: GatewayObject | None = None,
    ) -> None:
        """Write, read back, and take back at once what reads back wrong.

        `before` is what an update found there, None for what is created.
        """
        # A lost answer or a 5xx says nothing about the write. Reading does.
        lost: GatewayUnavailable | None = None
        try:
            await write
        except GatewayUnavailable as error:
            lost = error
        live = await self.gateway.read(wanted.key.kind, wanted.address or "")
        if problems := unmet(wanted, live, unset):
            if lost and lost.foreign and _text(live) == _text(before):
                raise lost
            said = lost.message if lost else "the gateway accepted it"
            undone = await take_back(self.gateway, wanted, before, live) if live else ""
            raise NotProved.after(lost, f"{said}; read back: {'; '.join(problems)}{undone}")
        self.state = live and redacted(live, wanted.fields)

    # ── one step for each action ────────────────────────────────────────────

    async def _create(self) -> None:
        its = self._facts.value
        if its and self.change.after and its.is_derived(self.change.after):
            value = self.gateway.derived_value()
            wanted = self._wanted(its.address(value))
            await self._prove(wanted, self.gateway.create(wanted, {its.field: value}))
        elif its:
            await self._create_delivered(its)
        else:
            await self._create_addressed()

    async def _create_addressed(self) -> None:
        wanted = self._wanted()
        try:
            await self._prove(wanted, self.gateway.create(wanted, self.secrets))
        except NotProved as error:
            # LiteLLM can save a row that it does not serve; it then blocks its id
            # and shows in no list. Clear the id and try once more.
            if not self._facts.create_leaves_row or not error.lost:
                raise
            await self.gateway.delete(wanted)
            await self._prove(wanted, self.gateway.create(wanted, self.secrets))

    async def _create_delivered(self, its: Value) -> None:
        # The value is delivered before the gateway knows it. Whenever this stops
        # half way, the next run finds the value and goes on with it: no key is
        # ever on the gateway whose value nobody has.
        if self._intent.delivery is None:
            raise DeliveryFailed(
                f"{self.change.key} has no `deliver`, so its value would be lost", about_commit=True
            )
        delivery = self.deliveries(self._intent.delivery)
        try:
            value = await self._delivered(its, delivery)
        except DeliveryTaken:  # what another writer delivered is as good as ours
            value = await self._delivered(its, delivery)
        self.delivered_to = delivery.place
        wanted = self._wanted(its.address(value))
        await self._prove(wanted, self.gateway.create(wanted, {its.field: value}))

    async def _delivered(self, its: Value, delivery: Delivery) -> str:
        """Return the value that lies there by now, an unused one or one made here."""
        found = await delivery.read()
        value = await self._usable(its, found)
        if value is None:
            value = f"{its.prefix}{random.token_urlsafe(32)}"
            await delivery.write(value, instead_of=found)
        return value

    async def _usable(self, its: Value, value: str | None) -> str | None:
        """Return the delivered value if it is free to be used, None if a fresh one is needed."""
        if value is None:
            return None
        if why := self.why_not_key(value):
            raise DeliveryFailed(f"the delivery holds a value that is not an app's key: {why}")
        kind, address = self.change.key.kind, its.address(value)
        if await self.gateway.was_deleted(kind, address):
            return None  # it was deleted, perhaps for a reason: never bring it back
        if live := await self.gateway.read(kind, address):
            if live.mark and live.key == self.change.key:
                raise NotProved(
                    "another writer created it after the plan was made; the delivered key is good",
                    help="run `plan` again",
                )
            raise DeliveryFailed(
                "the delivery holds a key that is on the gateway already and is not ours",
                help="adopt the key with `adopt: true`, or deliver the new one elsewhere",
            )
        return value

    async def _update(self) -> None:
        if [field.path for field in self.change.fields] == [SPEND]:
            live = await self._live()
            await self._reset_spend(live)
            self.state = redacted(live, {})
        elif any(
            self._facts.value and f.path == self._facts.value.field for f in self.change.fields
        ):
            # A value cannot be changed, and no two keys may have one name: nobody calls meanwhile.
            await self._remove(await self._live())
            await self._create()
        else:
            await self._write()

    async def _write(self) -> None:
        live = await self._live()
        wanted = self._wanted(live.address)
        write = self.gateway.update(live, wanted, self.secrets)
        await self._prove(wanted, write, self._unset, before=live)

    async def _adopt(self) -> None:
        if self._facts.replacement:
            await self._replace()
            return
        # The spend first: an apply that stops in between finds a key without our mark, and
        # adopts it anew. The other way round it would be ours, and refused by LiteLLM.
        if self._facts.counting:
            await self._reset_spend(await self._live())
        await self._write()

    async def _reset_spend(self, live: GatewayObject) -> None:
        target = next((field.after for field in self.change.fields if field.path == SPEND), None)
        if not isinstance(target, int | float):
            return
        kind, address = live.key.kind, live.address or ""
        before = await self.gateway.spend_of(kind, address)
        if before is not None and before <= target:
            return  # an earlier try got so far, or its month turned
        lost: GatewayUnavailable | None = None
        try:
            await self.gateway.reset_spend(kind, address, target)
        except GatewayUnavailable as error:
            lost = error
        after = await self.gateway.spend_of(kind, address)
        # Calls go on meanwhile, so it may be above the target already; it only ever grows.
        if after is None or (before is not None and after >= before):
            if lost and lost.foreign:
                raise lost
            said = lost.message if lost else "the gateway accepted the reset"
            raise NotProved.after(lost, f"{said}; read back: its spend did not go down")

    async def _replace(self) -> None:
        # New first, then the old one goes: the other way round fails live calls.
        # For a moment both rows serve the alias, so the old one is first pointed
        # at the new target: an alias never has two.
        live = await self._live()
        if self.change.action is Action.ADOPT or self._moves_target:
            bridge = self._bridge(live)
            write = self.gateway.update(live, bridge, self.secrets)
            await self._prove(bridge, write, before=live)
        await self._create()
        await self._remove(live)

    def _bridge(self, live: GatewayObject) -> GatewayObject:
        """Return the old row pointed at the new target, with a mark that still lists what must go."""
        wanted = self._wanted(live.address)
        if wanted.mark is None or live.mark is None:
            return wanted
        both = wanted.mark.fields | live.mark.fields
        return replace(wanted, mark=replace(wanted.mark, fields=both))

    @property
    def _moves_target(self) -> bool:
        target = self._facts.replacement.target if self._facts.replacement else frozenset()
        return any(field.path in target for field in self.change.fields)

    async def _delete(self) -> None:
        live = await self._live_or_gone()
        await self._remove(live)
        if live and (dead := await left_behind(live, self.deliveries)):
            self.left = f"{dead}; {dead.help}"

    async def _remove(self, live: GatewayObject | None) -> None:
        if live is None:
            return
        lost: GatewayUnavailable | None = None
        try:
            await self.gateway.delete(live)
        except GatewayUnavailable as error:
            lost = error
        if await self.gateway.read(live.key.kind, live.address or ""):
            if lost and lost.foreign:
                raise lost
            said = lost.message if lost else "the gateway accepted the deletion"
            raise NotProved.after(lost, f"{said}; it is still there")


def _text(item: GatewayObject | None) -> str | None:
    return item.text if item else None
