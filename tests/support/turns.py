"""A controller in a scene of its own: real git, a fake gateway, a journal in memory, a clock to set."""

import asyncio
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from aspire_gitops.controller.memory import World
from aspire_gitops.controller.pace import Pace
from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.delivery.base import Deliveries
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.sources.git import RemoteSource
from aspire_gitops.status.value import JournalFacts, Turn
from aspire_gitops.vocabulary import AspireGitopsError, JournalUnavailable
from aspire_ledger.canonical import JsonValue
from support.catalogs import GATEWAY
from support.fake_gateway import ADMIN_KEY, AT_ONCE, FakeGateway, FakeTransport
from support.folders import BUDGET, alias, app, provider

OWNER = "aspire-gitops"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class MemoryJournal:
    """Keeps entries in a list. `broken` is raised by every use, `breaks_after` says from when on."""

    entries: list[Entry] = field(default_factory=list)
    broken: AspireGitopsError | None = None
    breaks_after: EntryKind | None = None

    def append(self, *drafts: Draft) -> tuple[Entry, ...]:
        self._check()
        fresh = tuple(
            Entry(len(self.entries) + number, draft, "", "")
            for number, draft in enumerate(drafts, 1)
        )
        self.entries += fresh
        if any(draft.kind is self.breaks_after for draft in drafts):
            self.broken = JournalUnavailable("the disk is full; make room")
        return fresh

    def read(
        self,
        *,
        kinds: Sequence[EntryKind] = (),
        since: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterable[Entry]:
        self._check()
        found = [
            entry
            for entry in self.entries
            if (not kinds or entry.draft.kind in kinds) and (not since or entry.draft.at >= since)
        ]
        return (found[::-1] if newest_first else found)[:limit]

    def recorded_states(self) -> Mapping[str, JsonValue]:
        self._check()
        return {
            entry.draft.object: entry.draft.body["state"]
            for entry in self.entries
            if entry.draft.object and "state" in entry.draft.body
        }

    def head(self) -> JournalFacts:
        return JournalFacts(len(self.entries), 0, "")

    def said(self, kind: EntryKind) -> list[str]:
        """Return the entries of one kind in a few words."""
        return [_words(entry.draft) for entry in self.entries if entry.draft.kind is kind]

    def _check(self) -> None:
        if self.broken:
            raise self.broken


@dataclass(slots=True)
class Scene:
    """One repository, one gateway, one controller, and a clock that only tests move."""

    folder: Path
    fake: FakeGateway = field(default_factory=FakeGateway)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    now: datetime = NOON
    stop: str | None = None
    deliveries: Deliveries | None = None  # in place of the usual ones, below the folder of keys
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    reconciler: Reconciler = field(init=False)
    _commits: int = 0

    def __post_init__(self) -> None:
        self.git("init", "-q", "-b", "main", ".")
        for resource in (
            deepcopy(dict(GATEWAY)),
            dict(BUDGET),
            provider("acme"),
            alias("chat", "acme"),
            app("shop", ["chat"], {"name": "main", "deliver": "file"}),
        ):
            self.declare(resource)
        self.restart()

    @property
    def delivered(self) -> Path:
        return self.folder.parent / "keys" / "shop" / "main"

    def declare(self, resource: dict[str, Any]) -> None:
        self.resources[f"{resource['kind']}/{resource['name']}"] = resource

    def drop(self, name: str) -> None:
        del self.resources[name]

    def commit(self, message: str = "Change") -> str:
        """Write what is declared and commit it. Returns the commit."""
        for old in (self.folder / "gateway.d").rglob("*.yaml"):
            old.unlink()
        for name, resource in self.resources.items():
            path = self.folder / "gateway.d" / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(resource, sort_keys=False))
        return self.commit_as_is(message)

    def commit_as_is(self, message: str) -> str:
        self._commits += 1
        self.git("add", "-A")
        self.git(
            "-c",
            "maintenance.auto=false",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            f"{message} {self._commits}",
        )
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        self.folder.mkdir(exist_ok=True)
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
        }
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **who}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def restart(self) -> None:
        """Begin with a new controller that knows only what the journal says."""
        client = GatewayClient(
            "http://gateway.test",
            SecretStr(ADMIN_KEY),
            transport=FakeTransport(self.fake),
            retries=AT_ONCE,
            clock=lambda: self.now,
        )
        world = World(
            source=RemoteSource(str(self.folder), clone=self.folder.parent / "clone"),
            gateway=client,
            journal=self.journal,
            deliveries=self.deliveries or deliveries_in(self.folder.parent / "keys"),
            own=OwnFiles(),
            owner=OWNER,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            why_not_write=lambda: self.stop,
        )
        self.reconciler = Reconciler(world, Pace(interval_s=60, slow_interval_s=600))

    def turn(self, *causes: str, later_s: float = 60.0) -> Turn:
        """Let time pass, then take a turn."""
        self.now += timedelta(seconds=later_s)
        self.fake.forget()
        return asyncio.run(self.reconciler.turn(causes or ("interval",)))

    @contextmanager
    def broken_journal(self, error: AspireGitopsError) -> Iterator[None]:
        self.journal.broken = error
        yield
        self.journal.broken = None

    def params(self, name: str) -> dict[str, Any]:
        """Return what the gateway's router has for an alias of ours."""
        rows = self.fake.deployments.rows.values()
        return next(row["litellm_params"] for row in rows if row["model_name"] == name)


def _words(draft: Draft) -> str:
    body = draft.body
    told = body.get("answer") or body.get("status") or body.get("standing") or ""
    return " ".join(filter(None, [draft.object, str(told)]))
