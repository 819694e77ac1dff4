"""The ports of the controller: a test can replace any of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aspire_gitops.applying.ports import Deliveries
from aspire_gitops.applying.ports import Gateway as WritableGateway
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.state import Snapshot
from aspire_gitops.status.value import JournalFacts
from aspire_gitops.vocabulary.revision import ControlledSource
from aspire_ledger.canonical import JsonValue


class Gateway(WritableGateway, Protocol):
    """The admin API, reading and writing. `gateway.GatewayClient` implements it."""

    async def read_snapshot(self) -> Snapshot: ...

    async def read_holders(self, snapshot: Snapshot, addresses: Collection[str]) -> Snapshot: ...

    async def check_rights(self) -> None: ...


class Journal(Protocol):
    """The record of everything. `journal` implements it; called in a thread."""

    def append(self, *drafts: Draft) -> tuple[Entry, ...]: ...

    def read(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        since: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterable[Entry]: ...

    def recorded_states(self) -> Mapping[str, JsonValue]: ...

    def head(self) -> JournalFacts: ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside that one turn touches.

    `own` are the controller's own files, which no reviewed file may name.

    `why_not_write` gives the reason why nothing may be written now (another
    controller leads, we are stopping), None when we may. It is asked before
    every change, so it answers at once.
    """

    source: ControlledSource
    gateway: Gateway
    journal: Journal
    deliveries: Deliveries
    own: OwnFiles
    owner: str
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    why_not_write: Callable[[], str | None]
