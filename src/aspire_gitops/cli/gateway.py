"""What commands share that talk to the gateway and the ledger: snapshot, plan, apply, caps in force."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from aspire_gitops.applying import Outcome, Result, apply_plan, dead_keys, resolve_secrets
from aspire_gitops.cli.options import Invocation
from aspire_gitops.cli.terminal import warn
from aspire_gitops.controller.witness import Witness, without_waiting_of
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.gateway.identity import Identities
from aspire_gitops.journal.locking import this_process
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, AsOf, chosen
from aspire_gitops.pipeline.plan import plan_here
from aspire_gitops.planning import Plan, addresses_to_adopt, adopted_keys, check_adoptions
from aspire_gitops.planning.make import ensure_current
from aspire_gitops.probing import Prober, probe_key
from aspire_gitops.settings import (
    PREFIX,
    Settings,
    own_files,
    read_admin_key,
    read_delivery_secret,
    read_probe_key,
    read_secret,
    read_token,
    settings_warnings,
)
from aspire_gitops.spend import Cap, caps_of, month_named
from aspire_gitops.state import Compiled, GatewayObject, Intent, ObjectKey, Snapshot
from aspire_gitops.vocabulary import (
    GatewayMisconfigured,
    GatewayUnavailable,
    InvalidConfig,
    LedgerRefused,
    LedgerUnavailable,
    SourceUnavailable,
    UnsafePlan,
    UsageError,
)
from aspire_gitops.witness import SettingsReport
from aspire_ledger.money import Month

if TYPE_CHECKING:
    from aspire_gitops.ledger_reading import LedgerReading

Answer = TypeVar("Answer")
WAIT_S = 300.0
"""How long a command waits for another writer, in seconds, unless it is told otherwise."""

_GATEWAYS_LEDGER_URL = "ASPIRE_LEDGER_URL"  # what the gateway itself reads, where it is set here


class LiveGateway:
    """One gateway and the settings to reach it. Each method opens and closes its connections."""

    def __init__(
        self,
        url: str,
        admin_key: SecretStr,
        settings: Settings,
        ledger_url: SecretStr | None = None,
    ) -> None:
        self._url, self._admin_key, self._owner = url, admin_key, settings.owner
        self._ledger_url, self._own_key = ledger_url, read_probe_key(settings)
        self._own = own_files(settings)
        self._deliveries = deliveries_in(
            settings.delivery_root, self._own, partial(read_delivery_secret, settings)
        )

    def snapshot(self) -> Snapshot:
        """Read everything, and what is spent where a ledger is set. Raises GatewayError."""
        found = self._ask(lambda client: client.read_snapshot())
        return self._with_spent(found, self._ledger_url) if self._ledger_url else found

    def snapshot_with_traffic(self) -> Snapshot:
        """Read everything, and what apps asked of aliases where a ledger is set. Raises GatewayError."""
        found = self.snapshot()
        return self._with_traffic(found, self._ledger_url) if self._ledger_url else found

    def plan(self, compiled: Compiled) -> Plan:
        """Compare the files with the gateway. Raises GatewayError."""
        found = self.snapshot()
        if adopted := addresses_to_adopt(compiled, found, self._owner):
            found = self._ask(partial(_with_holders, snapshot=found, addresses=adopted))
        plan = plan_here(compiled, found, self._owner, self._own)
        dead = asyncio.run(dead_keys(compiled, found, self._owner, self._deliveries))
        settings = asyncio.run(self._settings(compiled))
        plan, waiting = without_waiting_of(plan, settings)
        more = [
            *(f"{one}; {one.help}" for one in dead),
            *filter(None, [settings.warning]),
            *waiting,
        ]
        return replace(plan, warnings=(*plan.warnings, *more))

    def apply(
        self,
        plan: Plan,
        progress: Callable[[Result], None],
        *,
        wait_s: float,
        just_made: bool = False,
    ) -> Outcome:
        """Carry a plan out, if the gateway is as it was when the plan was made.

        Args:
            plan: The plan.
            progress: Called with each result.
            wait_s: How long to wait for another writer, in seconds.
            just_made: It is compared once, with the right to write; any other plan before
                that as well, so that a stale one writes nothing.

        Raises:
            SecretMissing: Before the first write.
            GatewayBusy: Another writer was at work all the time. Nothing was written.
            StalePlan: The gateway moved. Plan again.
            UnsafePlan: The plan is refused.
            GatewayRefused: The admin key lacks a right; nothing was written.
            GatewayError: The gateway cannot be read.
        """
        intents = _intents(plan)
        resolve_secrets(intents, own=self._own)  # what is missing is told without a call

        async def carried_out(client: GatewayClient) -> Outcome:
            secrets = resolve_secrets(intents, own=self._own, is_admin_key=client.is_admin_key)
            if not just_made:
                await _ensure_as_planned(client, plan)
            if not plan.changes:
                return await apply_plan(plan, client, secrets, self._deliveries)
            await client.check_rights()  # half an apply is worse than none
            who = f"apply, {this_process()}"
            async with client.writing(who, within_s=wait_s, waiting=_waiting) as why_stop:
                await _ensure_as_planned(client, plan)
                return await apply_plan(
                    plan, client, secrets, self._deliveries, progress=progress, stop=why_stop
                )

        return self._ask(carried_out)

    async def _settings(self, compiled: Compiled) -> SettingsReport:
        """Return what the gateway's processes run, compared with the files."""
        asker = Identities(self._url, self._own_key or probe_key(self._admin_key))
        if self._ledger_url is None or not compiled.gateway.has_ledger:
            return await Witness(asker, None).look(compiled, deploying=False)
        from aspire_gitops.ledger_reading import LedgerReading  # noqa: PLC0415 (who has no ledger pays nothing)

        async with LedgerReading(self._ledger_url) as ledger:
            return await Witness(asker, ledger).look(compiled, deploying=False)

    @property
    def has_ledger(self) -> bool:
        """Say whether the settings name a ledger."""
        return self._ledger_url is not None

    async def prober(self, opened: AsyncExitStack) -> Prober:
        """Return what makes probes, for as long as `opened` is open."""
        client = GatewayClient(self._url, self._admin_key, own_key=self._own_key)
        caller = await opened.enter_async_context(client)
        if self._ledger_url is None:
            return Prober(caller)
        from aspire_gitops.ledger_reading import LedgerReading  # noqa: PLC0415 (who has no ledger pays nothing)

        return Prober(caller, await opened.enter_async_context(LedgerReading(self._ledger_url)))

    def _with_spent(self, found: Snapshot, url: SecretStr) -> Snapshot:
        from aspire_gitops.ledger_reading import booked_now, spent_now  # noqa: PLC0415 (who has no ledger pays nothing)

        try:
            spent = asyncio.run(spent_now(url, self._ours(found), found.taken_at))
            booked = asyncio.run(booked_now(url, self._ours(found), found.taken_at))
        except (LedgerRefused, LedgerUnavailable) as error:
            warn(f"what is spent is not known: {error}")
            return found
        return replace(found, spent=spent, booked=booked)

    def _with_traffic(self, found: Snapshot, url: SecretStr) -> Snapshot:
        from aspire_gitops.ledger_reading import traffic_now  # noqa: PLC0415 (who has no ledger pays nothing)

        try:
            traffic = asyncio.run(traffic_now(url, self._ours(found), found.taken_at))
        except (LedgerRefused, LedgerUnavailable) as error:
            warn(f"what apps asked for is not known: {error}")
            return found
        return replace(found, traffic=traffic)

    def _ours(self, found: Snapshot) -> list[GatewayObject]:
        return [o for o in found.objects if o.mark and o.mark.owner == self._owner]

    def _ask(self, question: Callable[[GatewayClient], Awaitable[Answer]]) -> Answer:
        async def asked() -> Answer:
            async with GatewayClient(self._url, self._admin_key, own_key=self._own_key) as client:
                return await question(client)

        return asyncio.run(asked())


def open_gateway(
    invocation: Invocation, settings: Settings, declared_url: str | None = None
) -> LiveGateway:
    """Return the gateway that the settings name, or else the one that the files declare.

    Raises:
        UsageError: No address, or no admin key, or two of them.
        SecretMissing: The admin key's file cannot be read.
    """
    url = settings.gateway_url or declared_url
    if url is None:
        raise UsageError(
            "the gateway's address is not set",
            help=f"set {PREFIX}GATEWAY_URL or give --gateway-url",
        )
    for warning in settings_warnings(settings):
        warn(warning)
    invocation.log_as(settings)
    ledger_url = read_secret(settings, "ledger_url")
    return LiveGateway(url, read_admin_key(settings), settings, ledger_url)


def _waiting(who: str) -> None:
    warn(f"waiting for another writer: {who}")


async def _ensure_as_planned(client: GatewayClient, plan: Plan) -> None:
    """Raise StalePlan or UnsafePlan if the gateway moved, or what LiteLLM counts for adopted keys."""
    found = await client.read_snapshot()
    ensure_current(plan, found)
    if adopted := [c.before.address or "" for c in adopted_keys(plan.changes) if c.before]:
        found = await client.read_holders(found, adopted)
        if refusals := tuple(check_adoptions(found, plan.changes)):
            raise UnsafePlan("; ".join(f"{r.rule.code} {r.object}: {r.message}" for r in refusals))


async def _with_holders(
    client: GatewayClient, *, snapshot: Snapshot, addresses: frozenset[str]
) -> Snapshot:
    return await client.read_holders(snapshot, addresses)


def _intents(plan: Plan) -> Mapping[ObjectKey, Intent]:
    return {c.key: c.intent for c in plan.changes if c.intent is not None and c.after is not None}


@dataclass(frozen=True, slots=True)
class InForce:
    """The caps, where months turn, and the objects that say so: live ones, or those of files.

    `newest` is the ledger's newest month, where nothing else is known.
    """

    caps: Mapping[str, Cap]
    timezone: ZoneInfo
    objects: tuple[GatewayObject, ...] = ()
    newest: str | None = None

    def month(self, name: str | None, now: datetime) -> Month:
        """Return the month of that name, or the running one.

        Raises:
            UsageError: It is not a month.
        """
        named = name or self.newest
        try:
            return (
                month_named(named, self.timezone) if named else Month.containing(now, self.timezone)
            )
        except ValueError as error:
            raise UsageError(str(error), help="write it as 2026-11") from None


def ledger_of(settings: Settings) -> "LedgerReading":
    """Return the ledger that the settings lead to, not opened yet.

    Raises:
        UsageError: No ledger is named.
        SecretMissing: The file with its address cannot be read.
    """
    from aspire_gitops.ledger_reading import LedgerReading  # noqa: PLC0415 (who has no ledger pays nothing)

    return LedgerReading(ledger_url(settings))


def ledger_url(settings: Settings) -> SecretStr:
    """Return the ledger's address; see `ledger_of`."""
    url = read_secret(settings, "ledger_url") or read_token(None, _GATEWAYS_LEDGER_URL)
    if url is None:
        raise UsageError(
            "no ledger is named",
            help=f"put its address into {PREFIX}LEDGER_URL, or into a file that {PREFIX}LEDGER_URL_FILE "
            "names",
        )
    return url


def in_force(
    invocation: Invocation, settings: Settings, source: str | None, moment: datetime, *, as_of: AsOf
) -> InForce:
    """Return the caps on the gateway, or those of the files when SOURCE is given or no gateway is.

    `as_of` is the moment that the files are judged by.

    Raises:
        UsageError: Nothing names a budget, so nobody knows where months turn.
        GatewayError, InvalidConfig, SourceUnavailable: As for `plan`.
    """
    objects = _objects(invocation, settings, source, as_of)
    caps = caps_of(objects, moment)
    if not caps:
        raise UsageError(
            "no key carries a budget, so nobody knows where its months turn",
            help="name the reviewed files as SOURCE",
        )
    return InForce(caps, ZoneInfo(next(iter(caps.values())).timezone), objects)


def in_force_or_away(
    invocation: Invocation, settings: Settings, source: str | None, moment: datetime, *, as_of: AsOf
) -> InForce:
    """Return the caps as `in_force`; while the gateway is away those of gateway.d, or none.

    Raises:
        LedgerUnavailable, LedgerRefused: The ledger is away as well.
        UsageError, GatewayError, InvalidConfig, SourceUnavailable: As for `in_force`.
    """
    try:
        return in_force(invocation, settings, source, moment, as_of=as_of)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        away = error.message
    if Path(DEFAULT_FOLDER).is_dir():
        with suppress(InvalidConfig, SourceUnavailable, UsageError):
            found = in_force(invocation, settings, DEFAULT_FOLDER, moment, as_of=as_of)
            warn(f"{away}; the caps are those of {DEFAULT_FOLDER}")
            return found
    warn(f"{away}; the ledger tells what was spent, and no cap is known")
    return InForce({}, ZoneInfo("UTC"), newest=asyncio.run(_newest_month(ledger_of(settings))))


async def _newest_month(ledger: "LedgerReading") -> str | None:
    async with ledger:
        return await ledger.newest_month()


def _objects(
    invocation: Invocation, settings: Settings, source: str | None, as_of: AsOf
) -> tuple[GatewayObject, ...]:
    if source is None and settings.gateway_url:
        return open_gateway(invocation, settings).snapshot().objects
    from aspire_gitops.pipeline.plan import compiled  # noqa: PLC0415 (the compiler, which a gateway does not need)

    wanted, _ = compiled(chosen(source or DEFAULT_FOLDER, None), as_of)
    return tuple(wanted.objects.values())
