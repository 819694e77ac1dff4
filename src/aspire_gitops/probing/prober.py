"""Make probes and find what was booked for them: one call at a time for each alias.

The ledger tells nobody its own id of a call. So a probe's line is the one of our key and
the alias that is newer than the newest line before the call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol
from urllib.parse import urlsplit

from aspire_gitops.catalog import Catalog
from aspire_gitops.kinds import generation
from aspire_gitops.kinds.credential import credential_name
from aspire_gitops.kinds.deployment import API_BASE, CREDENTIAL, MODEL, deployment_of
from aspire_gitops.kinds.prices import CARD_FIELD
from aspire_gitops.probing.call import Probe, probe_of, variants
from aspire_gitops.probing.judge import Answer, Booked, Expected, Finding, Verdict, judge
from aspire_gitops.state import Compiled, Fields, GatewayObject, Kind, Snapshot, of_kind
from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable

BOOKED_WITHIN_S: Final = 40.0
"""What LiteLLM does not report in 30 s the ledger books by itself."""
_FIRST_LOOK_S: Final = 0.25
_LAST_LOOK_S: Final = 2.0


class Caller(Protocol):
    """Makes one call with the probe key. What went wrong is in the answer."""

    async def call(self, probe: Probe) -> Answer: ...


class Books(Protocol):
    """The ledger's lines of our own calls. All raise LedgerUnavailable and LedgerRefused."""

    async def newest_line(self) -> int: ...

    async def probes_on(self, day: date) -> int: ...

    async def probes_booked(self, alias: str, *, after: int) -> Sequence[Booked]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """One alias that may be probed: its calls in turns, and what must answer."""

    probes: tuple[Probe, ...]
    expected: Expected


def targets(
    catalog: Catalog, compiled: Compiled, snapshot: Snapshot, owner: str, *, as_live: bool = False
) -> dict[str, Target]:
    """Return what may be probed, by alias: all but those whose files say `off`.

    `as_live` expects of a row that is as we wrote it what we wrote there last: a revision
    that is on hold, refused or rejected makes no alias fail.
    """
    rows: dict[str, list[GatewayObject]] = {}
    for item in of_kind(Kind.DEPLOYMENT, snapshot.objects):
        if item.mark and item.mark.owner == owner:
            rows.setdefault(item.mark.name, []).append(item)
    found: dict[str, Target] = {}
    for name, alias in sorted(catalog.aliases.items()):
        wanted, chosen = compiled.objects.get(deployment_of(name)), variants(alias.spec)
        if wanted is None or not chosen:
            continue
        ours = rows.get(name, [])
        written = [item for item in ours if item.mark and item.mark.digest == item.proof]
        fields = max(written, key=generation).fields if as_live and written else wanted.fields
        expected = Expected(
            deployments=frozenset(item.address or "" for item in ours),
            vendor=_vendor(catalog, fields),
            model=str(fields.get(MODEL, "")),
            base_url=str(fields.get(API_BASE, "")),
            card=fields.get(CARD_FIELD),
        )
        found[name] = Target(tuple(probe_of(alias.spec, one) for one in chosen), expected)
    return found


def _vendor(catalog: Catalog, fields: Fields) -> str:
    for name, provider in catalog.providers.items():
        if fields.get(CREDENTIAL) == credential_name(name):
            return provider.spec.vendor
    return urlsplit(str(fields.get(API_BASE, ""))).netloc or "the vendor"


@dataclass(slots=True)
class Prober:
    """Makes one probe at a time. Without `books` the headers alone decide."""

    caller: Caller
    books: Books | None = None
    booked_within_s: float = BOOKED_WITHIN_S
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def probe(self, probe: Probe, expected: Expected) -> Finding:
        """Make one call, and return what it found. Raises nothing that the world may do."""
        if not expected.deployments:
            told = "the gateway has no deployment of ours for it"
            return Finding(probe.alias, probe.variant, Verdict.NOT_LIVE, told)
        before, problem = await self._newest()
        answer = await self.caller.call(probe)
        booked: Booked | None = None
        answered = answer.status is not None and answer.status < 300 and not answer.said
        if before is not None and answered:
            booked, problem = await self._booked(probe, before)
        finding = judge(
            probe, expected, answer, booked, has_ledger=before is not None and not problem
        )
        if problem and finding.verdict is Verdict.WORKS:
            return replace(finding, told=f"by its headers alone: {problem}")
        return finding

    async def _newest(self) -> tuple[int | None, str]:
        if self.books is None:
            return None, ""
        try:
            return await self.books.newest_line(), ""
        except (LedgerUnavailable, LedgerRefused) as error:
            return None, error.message

    async def _booked(self, probe: Probe, after: int) -> tuple[Booked | None, str]:
        until, wait_s = time.monotonic() + self.booked_within_s, _FIRST_LOOK_S
        while self.books:
            try:
                found = await self.books.probes_booked(probe.model, after=after)
            except (LedgerUnavailable, LedgerRefused) as error:
                return None, error.message
            if found or time.monotonic() > until:
                return (found[0] if found else None), ""
            await self.pause(wait_s)
            wait_s = min(2 * wait_s, _LAST_LOOK_S)
        return None, ""
