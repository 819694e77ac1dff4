"""Run a soak: storms of random actions, each followed by a calm in which all must come to rest."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TypeVar

from aspire_gitops.applying.secrets import gather_evidence, resolve_secrets
from aspire_gitops.compiling import compile_catalog
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal import EntryKind, open_journal
from aspire_gitops.loading import load
from aspire_gitops.planning import Plan
from aspire_gitops.planning.make import make_plan
from aspire_gitops.sandbox import Sandbox, restart
from aspire_gitops.sources import DirectorySource
from aspire_gitops.validation import validate
from aspire_gitops.vocabulary import JournalUnavailable
from support.fake_gateway import ADMIN_KEY, run, serving
from support.listening import listening
from support.sandbox_admin import admin_of
from support.soak import actions, invariants
from support.soak.figures import Figures
from support.soak.hands import FakeDoor, Hands, RealDoor, WatchedGateway
from support.soak.reviewed import SECRETS, Reviewed
from support.soak.world import OWNER, World

T = TypeVar("T")
STORM_S = 25.0
_LOOK_S = 1.0
_SEARCH_S = 10.0
_SPLIT_AT_MOST_S = 30.0


@dataclass
class Soak:
    """A soak and what came of it. `failures` are sentences; empty when everything held."""

    world: World
    seed: int
    figures: Figures = field(default_factory=Figures)
    rounds: int = 0
    turns_to_rest: list[int] = field(default_factory=list)
    checks: int = 0
    longest_split_s: float = 0.0
    _started: float = field(default_factory=time.monotonic)
    _life: tuple[int, float] = (0, 0.0)
    _split_since: float | None = None
    _kills_checked: int = 0

    # ── storms and calms ────────────────────────────────────────────────────

    def run(self, seconds: float) -> None:
        """Alternate storms and calms for about so long; ends calm, with everything checked."""
        deadline = time.monotonic() + seconds
        actions.start(self.world)
        try:
            self.world.daemon.first_turn()
            self.figures.rest(self.world.daemon.pid)  # as it is before any storm
            while True:
                self.storm(min(STORM_S, max(deadline - time.monotonic(), 0)))
                self.calm()
                if time.monotonic() + 10 > deadline:
                    break
            self.end()
        finally:
            self.world.daemon.kill()
            self.world.join()

    def storm(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        looked = searched = time.monotonic()
        while time.monotonic() < end:
            self.world.keep_appointments()
            actions.act(self.world)
            if self.world.kills != self._kills_checked:
                self._kills_checked = self.world.kills
                self._must_be_empty(self._of_the_journal())
            if time.monotonic() - looked > _LOOK_S:
                looked = time.monotonic()
                self.look()
            if time.monotonic() - searched > _SEARCH_S:
                searched = time.monotonic()
                self._must_be_empty(invariants.leaks(self.world))
            time.sleep(self.world.dice.uniform(0.02, 0.5))

    def calm(self) -> None:
        """Take every fault away, do what a person would have to, and see it come to rest."""
        world = self.world
        world.say("calm")
        world.calm()
        world.join()
        world.keep_appointments(all_of_them=True)
        world.join()
        actions.start(world)
        world.reviewed.push_again()
        live = {thing.name for thing in world.ours()}
        world.reviewed.agree_to_lose(live)
        world.reviewed.commit("Calm down")
        self._comes_to_rest()
        self.rounds += 1
        self.look()
        self.figures.rest(world.daemon.pid)
        self._must_be_empty([*invariants.split_aliases(world), *self._of_the_journal()])

    def end(self) -> None:
        """Check what takes longer: the program's own proof of the journal, and every secret."""
        proof = self.world.daemon.run("log", "verify")
        assert proof.returncode == 0, f"{proof.stdout.decode()}{proof.stderr.decode()}"
        self._must_be_empty(invariants.leaks(self.world))
        assert invariants.folder_is_private(self.world.daemon.state_dir)
        assert self.world.daemon.stop() == 0, "it ends well when asked to"
        for output in (proof.stdout, proof.stderr):
            assert not [n for n, value in self.world.planted().items() if value in output]

    def look(self) -> None:
        """Check what must hold at every moment."""
        self.checks += 1
        self._must_be_empty(invariants.violations(self.world))
        self._see_split_aliases()
        if self.world.daemon.runs:
            pid, now = self.world.daemon.pid, time.monotonic()
            if pid != self._life[0] and self.world.daemon.status():
                self._life = (pid, now)  # on a busy machine, starting takes its time
            if pid == self._life[0]:
                self.figures.look(pid, now - self._life[1])

    # ── what coming to rest means ───────────────────────────────────────────

    def _comes_to_rest(self) -> None:
        said: list[str] = []
        while not said or not said[-1].startswith("ready") or self.plan().changes:
            left = [f"{c.action} {c.key}" for c in self.plan().changes]
            assert len(said) < 2, f"two turns did not bring it to rest: {said}; left: {left}"
            turn = self.world.daemon.reconcile()
            said.append(f"{turn.standing}: {turn.reason}")
        self.turns_to_rest.append(len(said))
        status = self.world.daemon.status()
        assert status is not None
        assert status.standing == "ready", status.reason
        assert not self.plan().refusals
        head = self.world.reviewed.work.head
        assert status.applied is not None
        assert status.applied.commit == head, "what was pushed last is what is live"

    def plan(self) -> Plan:
        """Make a plan of our own, from the work tree and not from the controller's clone."""
        tree = DirectorySource(self.world.reviewed.branch).read()
        today = datetime.now(UTC).astimezone().date()
        validated = validate(load(tree), tree.revision, today=today)
        assert validated.ok, validated.diagnostics
        compiled = compile_catalog(validated.catalog, today=today)
        secrets = resolve_secrets(compiled.intents, SECRETS)
        snapshot = run(self.world.url, GatewayClient.read_snapshot, admin_key=self.world.secret_key)
        evidence = gather_evidence(compiled.objects, secrets)
        return make_plan(compiled, snapshot, owner=self.world.owner, evidence=evidence)

    def _see_split_aliases(self) -> None:
        try:
            split = invariants.split_aliases(self.world)
        except OSError:
            return
        now = time.monotonic()
        if not split:
            self._split_since = None
            return
        self._split_since = self._split_since or now
        self.longest_split_s = max(self.longest_split_s, now - self._split_since)
        assert self.longest_split_s < _SPLIT_AT_MOST_S, split

    def _of_the_journal(self) -> list[str]:
        return without_locks(lambda: invariants.journal_faults(self.world))

    def _must_be_empty(self, wrong: list[str]) -> None:
        assert not wrong, "\n".join(wrong)

    # ── what is told at the end ─────────────────────────────────────────────

    def report(self) -> str:
        figures, world = self.figures, self.world
        recorded, size, entries = journal_size(world)
        done = ", ".join(f"{name} {count}" for name, count in sorted(world.done.items()))
        seconds = time.monotonic() - self._started
        return (
            f"soak of {seconds:.0f} s, seed {self.seed}: {sum(world.done.values())} actions ({done})\n"
            f"{self.rounds} times calm, at rest after {self.turns_to_rest} turns; "
            f"{self.checks} looks at all invariants; {world.daemon.starts} processes, {world.kills} killed\n"
            f"peak memory {figures.peak_mib:.0f} MiB; descriptors at most {figures.most('descriptors')}, "
            f"{figures.at_rest.descriptors} at rest; threads at most {figures.most('threads')}, "
            f"{figures.at_rest.threads} at rest; zombies {len(figures.zombies)}\n"
            f"journal {entries} entries, {size / 1024:.0f} KiB, {recorded} turns recorded: "
            f"{size / max(recorded, 1) / 1024:.1f} KiB a turn; an alias on two targets at most "
            f"{self.longest_split_s:.1f} s; {len(world.receiver.heard)} notices"
        )

    def failure(self, error: BaseException) -> str:
        last = "\n  ".join(self.world.told)
        return (
            f"seed {self.seed}: {error}\n  {last}\n{self.world.daemon.last_words()}\n"
            f"{self.report()}"
        )


def journal_size(world: World) -> tuple[int, int, int]:
    """Return how many turns are recorded, the bytes of the journal, and its entries."""
    if not (world.daemon.state_dir / "journal.sqlite3").exists():
        return 0, 0, 0
    with open_journal(None, world.daemon.state_dir, read_only=True) as journal:
        turns = sum(1 for _ in journal.read(kinds=(EntryKind.TURN,)))
        facts = journal.head()
    return turns, facts.bytes, facts.entries


def without_locks(look: Callable[[], T], patience_s: float = 20) -> T:
    """Look at the journal, however long one of our own actions holds it."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return look()
        except JournalUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


# ── scenes ───────────────────────────────────────────────────────────────────


@contextmanager
def soak_on_fake(folder: Path, seed: int) -> Iterator[Soak]:
    """A soak on the fake gateway over TCP, with faults on the wire."""
    fake, dice = WatchedGateway(OWNER), Random(seed)
    with serving(fake) as url, listening() as receiver:
        reviewed = Reviewed(folder, folder / "delivered", dice)
        world = World(
            folder, dice, Hands(FakeDoor(fake)), url, ADMIN_KEY, reviewed, receiver, fake=fake
        )
        yield Soak(world, seed)


@contextmanager
def soak_on_real(folder: Path, seed: int, sandbox: Sandbox) -> Iterator[Soak]:
    """A soak on a real gateway, which is restarted now and then."""
    dice = Random(seed)
    with admin_of(sandbox) as admin, listening() as receiver:
        reviewed = Reviewed(folder, folder / "delivered", dice)
        yield Soak(
            World(
                folder,
                dice,
                Hands(RealDoor(admin)),
                sandbox.base_url,
                sandbox.master_key,
                reviewed,
                receiver,
                restart_gateway=lambda: restart(sandbox),
            ),
            seed,
        )
