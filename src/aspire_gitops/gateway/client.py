"""Read the whole gateway in a handful of calls; create, update and delete one object.

Thin: `kinds` know the JSON, `http` the network, `snapshot` the pages. Nothing is
compared here, and no write is repeated: the caller reads back, since a 200
proves nothing and a 5xx disproves nothing.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx
from pydantic import SecretStr

from aspire_gitops.gateway import readiness
from aspire_gitops.gateway.faults import GatewayFault
from aspire_gitops.gateway.http import AdminApi, Observer, Retries
from aspire_gitops.gateway.lease import LEASE_S, Lease, WhyStop
from aspire_gitops.gateway.rows import SeenRows
from aspire_gitops.gateway.snapshot import read_everything, with_holders
from aspire_gitops.kinds import KINDS, PROBE_KEY, key_address
from aspire_gitops.probing import Answer, Probe, probe_key
from aspire_gitops.state import GatewayObject, Kind, Snapshot
from aspire_gitops.vocabulary import GatewayError, GatewayRejected, GatewayUnavailable


def _now() -> datetime:
    return datetime.now(UTC)


class GatewayClient:
    """The admin API of one gateway, used as an async context manager."""

    def __init__(
        self,
        base_url: str,
        admin_key: SecretStr,
        *,
        observer: Observer | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
        snapshot_timeout_s: float = 120.0,
        retries: Retries | None = None,
        clock: Callable[[], datetime] = _now,
        seen: SeenRows | None = None,
        lease_s: float = LEASE_S,
        own_key: SecretStr | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: The gateway's address, with or without `/v1`.
            admin_key: Goes into a header and nowhere else.
            observer: Told of every request that was sent.
            transport: Where requests go instead of the network, for tests.
            timeout_s: Budget of one request in seconds, the reply's body included.
            snapshot_timeout_s: Budget of a whole snapshot in seconds, retries included.
            retries: How long reads are tried. Writes are sent once.
            clock: Where a snapshot's time comes from.
            seen: What earlier clients of this gateway remember of its rows.
            own_key: The value of the key of our own calls; without it one that is derived from
                the admin key.
            lease_s: How long a writer that died keeps others waiting, in seconds.
        """
        self._api = AdminApi(
            base_url,
            admin_key,
            observer=observer,
            transport=transport,
            timeout_s=timeout_s,
            retries=retries,
        )
        self._snapshot_timeout_s = snapshot_timeout_s
        self._clock = clock
        self._lease_s = lease_s
        self._own_key = own_key or probe_key(admin_key)
        self._writers: dict[str, tuple[int, float]] = {}
        self._seen = SeenRows() if seen is None else seen

    @property
    def url(self) -> str:
        """The gateway's address, fit for messages."""
        return self._api.url

    def is_admin_key(self, value: str) -> bool:
        """Say whether a value is the key that this client asks with; it is shown to nobody."""
        return self._api.is_admin_key(value)

    def derived_value(self) -> str:
        """Return the value of the key of our own calls."""
        return self._own_key.get_secret_value()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._api.__aexit__(kind, error, traceback)

    async def read_snapshot(self) -> Snapshot:
        """Read every object of the kinds that we manage, unmanaged objects too, and the fallbacks.

        About six calls, and one more per hundred keys. Holds no plaintext secret.

        Returns:
            A snapshot complete for every kind. A pass that failed half way is an
            error, never a smaller snapshot: pruning trusts this.

        Raises:
            GatewayUnavailable: No answer, or keys came and went all the time. Try again later.
            GatewayRefused: The admin key may not read something. An operator must act.
            GatewayReplyInvalid: A reply has a shape that this version does not know.
        """
        try:
            async with asyncio.timeout(self._snapshot_timeout_s):
                everything = await read_everything(self._api, self._seen)
        except TimeoutError:
            everything = None
        if everything is None:
            raise GatewayUnavailable(
                f"{self.url} was not read completely within {self._snapshot_timeout_s:g} s"
            )
        return Snapshot(
            gateway_url=self.url,
            litellm_version=everything.litellm_version,
            taken_at=self._clock(),
            objects=everything.objects,
            fallbacks=everything.fallbacks,
            changed=everything.changed,
            key_facts=everything.key_facts,
            derived={PROBE_KEY: key_address(self.derived_value())},
        )

    async def read_holders(self, snapshot: Snapshot, addresses: Collection[str]) -> Snapshot:
        """Return the snapshot with the limits of the teams and users of these keys.

        A call for each team and each user. What may not be read is not an error: it is
        not known, and the holder says why.

        Raises:
            GatewayUnavailable, GatewayReplyInvalid: As for `read_snapshot`.
        """
        return replace(
            snapshot, key_facts=await with_holders(self._api, snapshot.key_facts, addresses)
        )

    async def read(self, kind: Kind, address: str) -> GatewayObject | None:
        """Read one object by its address; None when the gateway does not have it.

        A deployment that is stored but not served does not count as being there.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As for `read_snapshot`.
        """
        row = await self._row(kind, address)
        return None if row is None else KINDS[kind].live(row, address)

    async def was_deleted(self, kind: Kind, address: str) -> bool:
        """Say whether an object with this address was on the gateway once and was deleted.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As for `read_snapshot`.
        """
        reply, value = await self._reply(kind, address), KINDS[kind].facts.value
        return value is not None and reply is not None and value.was_deleted(reply)

    async def spend_of(self, kind: Kind, address: str) -> float | None:
        """Return LiteLLM's own spend of a key, US dollars; None where there is none to read.

        Raises:
            GatewayUnavailable, GatewayRefused, GatewayReplyInvalid: As for `read_snapshot`.
        """
        row, counting = await self._row(kind, address), KINDS[kind].facts.counting
        return counting.read(row).spend if counting and row is not None else None

    async def reset_spend(self, kind: Kind, address: str, usd: float) -> None:
        """Set LiteLLM's own spend of a key back to `usd` dollars. Read back before believing it.

        The process that answers counts from there at once. Another one may keep its
        old counter for ten minutes, unless they share Redis.

        Raises:
            GatewayUnavailable: The outcome is unknown: read, then decide.
            GatewayRefused, GatewayRejected: Nothing was changed. 400: it is lower already.
        """
        counting = KINDS[kind].facts.counting
        if counting is None:
            raise AssertionError(f"LiteLLM counts nothing for a {kind}")
        await self._api.send(counting.reset(address, usd))

    async def call(self, probe: Probe) -> Answer:
        """Make a call with the key of our own. What went wrong is in the answer; nothing is raised."""
        return await self._api.call(probe, self._own_key)

    def writing(
        self, who: str, *, within_s: float, waiting: Callable[[str], None]
    ) -> contextlib.AbstractAsyncContextManager[WhyStop]:
        """Hold the right to write, which one writer has at a time; see `lease.Lease.held`."""
        lease = Lease(self._api, who, self._lease_s, self._writers)
        return lease.held(within_s=within_s, waiting=waiting)

    async def create(self, wanted: GatewayObject, secrets: Mapping[str, str]) -> None:
        """Create `wanted`, mark included. Read back before believing it.

        A key that exists already answers 200 and stays as it was.

        Args:
            wanted: With its mark and, but for a key, with its address.
            secrets: Values by field path (`credential_values.api_key`); a new
                key's own value under `key`.

        Raises:
            GatewayUnavailable: The outcome is unknown: read, then decide.
            GatewayRefused, GatewayRejected: Nothing was created.
        """
        call = KINDS[wanted.key.kind].create(wanted, secrets)
        try:
            await self._api.send(call, secrets.values())
        except GatewayFault:
            with contextlib.suppress(GatewayError):
                await self._remove_unserved_row(wanted)
            raise

    async def update(
        self, live: GatewayObject, wanted: GatewayObject, secrets: Mapping[str, str]
    ) -> None:
        """Turn `live` into `wanted`; what others keep beside our fields stays.

        Whatever cannot be unset by an update stays too; planning replaces instead.

        Raises:
            GatewayUnavailable: The outcome is unknown: read, then decide.
            GatewayRefused, GatewayRejected: Nothing was changed. 404: it is gone, plan again.
        """
        kind, address = live.key.kind, live.address or ""
        row: object = None
        if KINDS[kind].facts.update_replaces:
            row = await self._row(kind, address)
            if row is None:
                raise GatewayRejected(f"{live.key} is not on the gateway any more", status=404)
        call = KINDS[kind].update(live, wanted, secrets, row)
        await self._api.send(call, secrets.values())

    async def delete(self, live: GatewayObject) -> None:
        """Delete `live`. One that is already gone is not an error.

        Raises:
            GatewayUnavailable: The outcome is unknown: read, then decide.
            GatewayRefused, GatewayRejected: It is still there.
        """
        rejected: GatewayRejected | None = None
        for call in KINDS[live.key.kind].delete(live):
            try:
                await self._api.send(call)
            except GatewayRejected as error:
                if error.status not in call.gone:
                    raise
                rejected = error
        # The status alone would also cover other reasons to say no.
        if rejected and await self.read(live.key.kind, live.address or "") is not None:
            raise rejected

    async def wait_until_ready(self, *, within_s: float = 60.0) -> None:
        """Return as soon as the gateway and its database answer.

        Raises:
            GatewayUnavailable: They did not within `within_s` seconds.
        """
        await readiness.wait_until_ready(self._api, within_s=within_s)

    async def check_rights(self) -> None:
        """Prove that the admin key may do all that we need, without changing anything.

        Raises:
            GatewayRefused: Names every route that is missing.
            GatewayUnavailable: No answer. Try again later.
        """
        await readiness.check_rights(self._api)

    async def _row(self, kind: Kind, address: str) -> object:
        reply = await self._reply(kind, address)
        return None if reply is None else KINDS[kind].single(reply)

    async def _reply(self, kind: Kind, address: str) -> object:
        reading = KINDS[kind].facts.reading
        try:
            return await self._api.get(reading.at(address), reading.shape)
        except GatewayRejected as error:
            if error.status not in reading.absent:
                raise
            return None

    async def _remove_unserved_row(self, wanted: GatewayObject) -> None:
        # LiteLLM may answer 500 and keep a row that it does not serve. No list shows it,
        # and the next create under the same id would answer 500 for ever.
        kind = wanted.key.kind
        if not KINDS[kind].facts.create_leaves_row or wanted.address is None:
            return
        if await self.read(kind, wanted.address) is None:
            for call in KINDS[kind].delete(wanted):
                await self._api.send(call)
