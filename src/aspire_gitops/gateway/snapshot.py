"""Read everything that is on the gateway, complete or not at all.

A list that is paged is read all pages at once, until one pass saw it standing
still. A page that answers 5xx because of one broken row is narrowed until that
row stands alone, so that it costs some thirty calls, not one for each object.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Mapping,
)
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from pydantic import Field

from aspire_gitops.gateway.faults import GatewayFault
from aspire_gitops.gateway.http import NO_RETRIES, AdminApi, Retries, shaped
from aspire_gitops.gateway.lease import is_lease
from aspire_gitops.gateway.rows import LiveRow, Page, Parsed, SeenRows, live_row
from aspire_gitops.kinds import KINDS, Call, Endpoint, GatewayKind, Listing
from aspire_gitops.kinds.key_row import TEAM, USER, team_limits, user_limits
from aspire_gitops.kinds.wire import JsonObject, Reply
from aspire_gitops.state import GatewayObject, Holder, KeyFacts, Kind, LastChange, LiveFallback
from aspire_gitops.vocabulary import GatewayRefused, GatewayRejected, GatewayUnavailable

READINESS_DETAILS = Endpoint("GET", "/health/readiness/details")
# Reads the fallbacks in force, all aliases in one call. It leaves out an alias whose
# deployments are all blocked; a call to such an alias is refused and never falls back.
FALLBACKS = Endpoint("GET", "/v1/models")
FALLBACK_KINDS = ("general", "context_window", "content_policy")
_PASSES = 3
_GONE = 404

ReadPage: TypeAlias = Callable[[int], Coroutine[Any, Any, Page]]


class ReadinessReply(Reply):
    db: object  # what LiteLLM always tells here, so that another server is not taken for it
    litellm_version: str | None = None


class ModelMetadata(Reply):
    fallbacks: list[str | JsonObject] = Field(default_factory=list)

    @property
    def answers(self) -> tuple[str, ...]:
        """The names that may answer; an entry with parameters of its own counts by its model."""
        return tuple(
            name if isinstance(name, str) else str(name.get("model", "?"))
            for name in self.fallbacks
        )


class ModelRow(Reply):
    id: str
    metadata: ModelMetadata = ModelMetadata()


class ModelListReply(Reply):
    data: list[ModelRow]


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is on the gateway, unmanaged objects too."""

    litellm_version: str | None
    objects: tuple[GatewayObject, ...]
    fallbacks: tuple[LiveFallback, ...]
    changed: Mapping[tuple[Kind, str], LastChange]
    key_facts: Mapping[str, KeyFacts]


async def read_everything(api: AdminApi, seen: SeenRows) -> Everything:
    """Read all kinds at once. Any failure is the failure of the whole."""
    with seen.reading():
        version, fallbacks, *lists = await together(
            _version(api),
            together(*(_fallbacks(api, kind) for kind in FALLBACK_KINDS)),
            *(_List(api, seen, kind).read() for kind in KINDS.values()),
        )
    rows = [row for found in lists for row in found if not is_lease(row.item)]
    return Everything(
        litellm_version=version,
        objects=tuple(row.item for row in rows),
        fallbacks=tuple(sorted(row for found in fallbacks for row in found)),
        changed=_changed(rows),
        key_facts={row.item.address: row.facts for row in rows if row.facts and row.item.address},
    )


def _changed(rows: Iterable[LiveRow]) -> Mapping[tuple[Kind, str], LastChange]:
    return {
        (row.item.key.kind, row.item.address): row.changed
        for row in rows
        if row.changed and row.item.address
    }


async def _version(api: AdminApi) -> str | None:
    return (await api.read(Call(READINESS_DETAILS), ReadinessReply)).litellm_version


async def _fallbacks(api: AdminApi, kind: str) -> tuple[LiveFallback, ...]:
    params = {"include_metadata": "true", "scope": "expand", "fallback_type": kind}
    reply = await api.read(Call(FALLBACKS, params=params), ModelListReply)
    return tuple(
        LiveFallback(row.id, kind, row.metadata.answers)
        for row in reply.data
        if row.metadata.answers
    )


@dataclass(frozen=True, slots=True)
class _List:
    """The list of one kind."""

    api: AdminApi
    seen: SeenRows
    kind: GatewayKind

    async def read(self) -> tuple[LiveRow, ...]:
        size = self._listing.page_size
        if size is None:
            return (await self._page(Call(self._listing.endpoint))).rows
        return await read_all_pages(partial(self._numbered, size), size=size)

    @property
    def _listing(self) -> Listing:
        return self.kind.facts.listing

    def _call(self, size: int, number: int, **more: str) -> Call:
        listing = self._listing
        params = {"page": str(number), listing.size_by: str(size), **listing.params, **more}
        return Call(listing.endpoint, params=params)

    async def _page(self, call: Call, retries: Retries | None = None) -> Page:
        def parsed(body: bytes) -> Parsed:
            reply = shaped(call, self._listing.shape, body)
            return reply.rows, reply.total

        body = await self.api.body(call, retries=retries)
        return self.seen.page(self.kind.facts.name, body, parsed)

    async def _numbered(self, size: int, number: int) -> Page:
        narrowing = self._listing.narrowing
        if narrowing is None:
            return await self._page(self._call(size, number))
        try:
            return await self._page(self._call(size, number, **narrowing.whole), NO_RETRIES)
        except GatewayFault:
            # Addresses alone are built without the broken part. No answer here either
            # means that the gateway itself is ill.
            found = await self.api.read(self._call(size, number), narrowing.addresses)
        narrower = narrowing.sizes.get(size)
        rows = (
            self._one_by_one(found.addresses)
            if narrower is None
            else self._in_parts(size, number, narrower, len(found.addresses))
        )
        return Page(tuple([row async for row in rows]), found.total)

    async def _in_parts(
        self, size: int, number: int, narrower: int, rows: int
    ) -> AsyncIterator[LiveRow]:
        first = (number - 1) * (size // narrower) + 1
        for part in range(first, first + -(-rows // narrower)):
            for row in (await self._numbered(narrower, part)).rows:
                yield row

    async def _one_by_one(self, addresses: Iterable[str]) -> AsyncIterator[LiveRow]:
        for address in addresses:
            try:
                reading = self.kind.facts.reading
                reply = await self.api.get(reading.at(address), reading.shape)
            except GatewayRejected:
                continue  # gone in between; the totals will not agree, and the list is read again
            if (row := self.kind.single(reply)) is not None:
                yield live_row(self.kind.facts.name, row, address)


async def read_all_pages(read_page: ReadPage, *, size: int) -> tuple[LiveRow, ...]:
    """Return every row of a list that is paged by offset.

    Offsets shift when rows come and go, so a pass counts only when every page
    named the same total and that many rows were seen, none twice.

    Raises:
        GatewayUnavailable: The list changed during each of several passes. Try again later.
    """
    for _ in range(_PASSES):
        first = await read_page(1)
        numbers = range(2, -(-first.total // size) + 1)
        pages = [first, *await together(*map(read_page, numbers))]
        rows = tuple(row for page in pages for row in page.rows)
        still = all(page.total == first.total for page in pages)
        addresses = [row.item.address for row in rows if row.item.address]
        if still and len(rows) == first.total and len(set(addresses)) == len(addresses):
            return rows
    raise GatewayUnavailable(
        f"a list on the gateway changed during each of {_PASSES} attempts to read it",
        help="try again when less is being written",
        answered=True,
    )


async def together(*reads: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run reads concurrently; the first failure cancels the others and is raised alone."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read) for read in reads]
    except BaseExceptionGroup as errors:
        failure = errors.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise failure


async def with_holders(
    api: AdminApi, facts: Mapping[str, KeyFacts], addresses: Collection[str]
) -> Mapping[str, KeyFacts]:
    """Return the facts with what limits the keys at `addresses` from above.

    Raises:
        GatewayUnavailable, GatewayReplyInvalid: Nothing is known; try again, or look.
    """
    found = dict(facts)
    for address in sorted(set(addresses) & facts.keys()):
        known = facts[address]
        found[address] = replace(
            known, team=await _team(api, known), user=await _user(api, known.user)
        )
    return found


async def _team(api: AdminApi, facts: KeyFacts) -> Holder | None:
    if facts.team is None:
        return None
    call = Call(TEAM, params={"team_id": facts.team.id, "key_limit": "1"})
    user = facts.user.id if facts.user else None
    try:
        return replace(facts.team, limits=team_limits(await api.get(call), user))
    except (GatewayRefused, GatewayRejected) as error:
        return _not_read(facts.team, call, error)


async def _user(api: AdminApi, user: Holder | None) -> Holder | None:
    if user is None:
        return None
    call = Call(USER, params={"user_id": user.id})
    try:
        return replace(user, limits=user_limits(await api.get(call)))
    except (GatewayRefused, GatewayRejected) as error:
        return _not_read(user, call, error)


def _not_read(holder: Holder, call: Call, error: GatewayRefused | GatewayRejected) -> Holder:
    if isinstance(error, GatewayRejected) and error.status == _GONE:
        if call.endpoint is USER:
            return replace(holder, limits=())  # LiteLLM serves a key whose user it does not know
        return replace(holder, unread="the gateway knows no such team")
    return replace(holder, unread=f"the gateway does not answer {call} for the admin key")
