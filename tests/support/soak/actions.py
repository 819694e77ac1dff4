"""What happens to a controller in its life, good and bad, one random action at a time."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable

from support.soak.hands import Thing
from support.soak.world import HOOK_SECRET, World

Action = Callable[[World], str | None]

_HOLD = """
import sqlite3, sys, time
journal = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
journal.execute("BEGIN EXCLUSIVE")
time.sleep(float(sys.argv[2]))
journal.execute("ROLLBACK")
"""
_PUSHED = b'{"ref": "refs/heads/main"}'


# ── git ──────────────────────────────────────────────────────────────────────


def good_commit(world: World) -> str:
    return world.reviewed.good()


def bad_commit(world: World) -> str:
    return world.reviewed.bad()


def revert(world: World) -> str | None:
    with contextlib.suppress(subprocess.CalledProcessError):  # the first commit, or a conflict
        return world.reviewed.revert()
    world.reviewed.work.git("revert", "--quit")
    world.reviewed.work.git("reset", "--quiet", "--hard")
    return None


def force_push(world: World) -> str:
    return world.dice.choice([world.reviewed.amend, world.reviewed.older])()


def branch_away(world: World) -> str:
    world.reviewed.delete_branch()
    world.soon("push the branch again", world.reviewed.push_again, (1, 6))
    return "delete the branch"


def spoil_clone(world: World) -> str | None:
    clone = world.daemon.state_dir / "clone"
    files = sorted(path for path in clone.rglob("*") if path.is_file())
    if not files:
        return None
    path = world.dice.choice(files)
    with contextlib.suppress(OSError):  # git may have moved it meanwhile
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.truncate(world.dice.randint(0, path.stat().st_size))
    return f"truncate {path.relative_to(clone)}"


# ── hands on the gateway ─────────────────────────────────────────────────────


def edit_by_hand(world: World) -> str | None:
    thing = _one_of_ours(world)
    path = {"credential": "base", "deployment": "model", "key": "rpm"}
    if thing is None or not world.may_edit(thing.name, path[thing.kind]):
        return None
    world.number += 1
    return f"edit {thing.name} {world.hands.change(thing, world.number)}"


def delete_by_hand(world: World) -> str | None:
    thing = _one_of_ours(world)
    if thing is None or not world.may_edit(thing.name, ""):
        return None
    world.hands.delete(thing)
    return f"delete {thing.name} by hand"


def damage_mark(world: World) -> str | None:
    thing = _one_of_ours(world)
    if thing is None or not world.may_edit(thing.name, ""):
        return None

    def cleared() -> None:  # what no longer is ours, only a person can clear away
        for one in world.hands.everything():
            same = (one.kind, one.address) == (thing.kind, thing.address)
            if same and not one.is_marked_by(world.owner):
                world.hands.delete(one)

    world.hands.damage_mark(thing)
    world.soon(f"clear {thing.name} away", cleared, (1, 5))
    return f"damage the mark of {thing.name}"


def make_unmanaged(world: World) -> str | None:
    if len(world.unmanaged) > 20:
        return drop_unmanaged(world)
    world.number += 1
    kind = world.dice.choice(["credential", "deployment", "key"])
    address = world.hands.make(kind, world.number)
    _remember(world, kind, address)
    return f"make {kind} theirs-{world.number}"


def change_unmanaged(world: World) -> str | None:
    if not world.unmanaged:
        return None
    (kind, address), thing = world.dice.choice(sorted(world.unmanaged.items(), key=lambda i: i[0]))
    world.number += 1
    del world.unmanaged[kind, address]
    world.hands.change(thing, world.number)
    _remember(world, kind, address)
    return f"change {kind} {address[:20]}, which is theirs"


def drop_unmanaged(world: World) -> str | None:
    if not world.unmanaged:
        return None
    place = world.dice.choice(sorted(world.unmanaged))
    thing = world.unmanaged.pop(place)
    world.hands.delete(thing)
    return f"drop {place[0]} {place[1][:20]}, which is theirs"


def _remember(world: World, kind: str, address: str) -> None:
    found = [t for t in world.hands.everything() if (t.kind, t.address) == (kind, address)]
    assert len(found) == 1, f"what people made is there: {kind} {address}"
    world.unmanaged[kind, address] = found[0]


def _one_of_ours(world: World) -> Thing | None:
    ours = sorted(world.ours(), key=lambda thing: thing.name)
    return world.dice.choice(ours) if ours else None


# ── the process and its folder ───────────────────────────────────────────────


def kill(world: World) -> str | None:
    if not world.daemon.runs:
        return None
    world.daemon.kill()
    world.kills += 1
    world.soon("start the controller", lambda: start(world), (0, 2))
    return "kill -9"


def terminate(world: World) -> str | None:
    if not world.daemon.runs or not world.daemon.url():
        return None  # before it listens it has no handler, and just ends
    code = world.daemon.stop()
    assert code == 0, f"SIGTERM ended with {code}: {world.daemon.last_words()}"
    world.soon("start the controller", lambda: start(world), (0, 2))
    return "SIGTERM"


def start(world: World) -> None:
    if not world.daemon.runs:
        world.daemon.start()


def hang_up(world: World) -> str | None:
    if not world.daemon.url():
        return None
    world.daemon.send(signal.SIGHUP)
    return "SIGHUP"


def freeze(world: World) -> str | None:
    if not world.daemon.state_dir.exists() or world.beside:
        return None
    words = ("freeze", "--for", "1h", "--reason", "a storm", "--owner", "soak")
    world.in_the_background(lambda: world.daemon.run(*words))
    resume = lambda: world.in_the_background(lambda: world.daemon.run("resume"))  # noqa: E731
    world.soon("resume", resume, (2, 6))
    return "freeze"


def hold_journal(world: World) -> str | None:
    journal = world.daemon.state_dir / "journal.sqlite3"
    if not journal.exists():
        return None
    seconds = f"{world.dice.uniform(0.5, 8):.1f}"
    words = (sys.executable, "-c", _HOLD, str(journal), seconds)
    world.in_the_background(lambda: subprocess.run(words, check=False, capture_output=True))
    return f"hold the journal for {seconds} s"


# ── the hook ─────────────────────────────────────────────────────────────────


def push_told(world: World) -> str:
    return f"webhook: {_answered(world.push_told(_PUSHED, HOOK_SECRET, {}), 202)}"


def push_forged(world: World) -> str:
    return f"forged webhook: {_answered(world.push_told(_PUSHED, 'wrong', {}), 401)}"


def push_huge(world: World) -> str:
    body = b"x" * 10_000_000
    return f"webhook of 10 MB: {_answered(world.push_told(body, HOOK_SECRET, {}), 200)}"


def _answered(status: int | None, wanted: int) -> str:
    assert status in (None, wanted), f"the webhook answered {status} in place of {wanted}"
    return str(status)


# ── the table ────────────────────────────────────────────────────────────────


def bad_weather(world: World) -> str | None:
    return world.storm() if world.fake else restart_gateway(world)


def restart_gateway(world: World) -> str | None:
    if world.restart_gateway is None or world.done["bad_weather"] > world.spent_s() / 60:
        return None
    world.in_the_background(world.restart_gateway)
    return "restart the gateway"


OFTEN: tuple[tuple[Action, int], ...] = (
    (good_commit, 14), (bad_commit, 4), (revert, 2), (force_push, 4), (branch_away, 1),
    (spoil_clone, 2), (edit_by_hand, 8), (delete_by_hand, 3), (damage_mark, 2),
    (make_unmanaged, 4), (change_unmanaged, 3), (drop_unmanaged, 1),
    (kill, 4), (terminate, 1), (hang_up, 2), (freeze, 1), (hold_journal, 2),
    (push_told, 4), (push_forged, 2), (push_huge, 1), (bad_weather, 16),
)  # fmt: skip


def act(world: World) -> None:
    """Do one random thing."""
    actions, weights = zip(*OFTEN, strict=True)
    action = world.fate.choices(actions, weights)[0]
    try:
        said = action(world)
    except OSError as error:  # the gateway is away, or the controller was quicker than the hand
        said = None
        world.say(f"{action.__name__} came to nothing: {error}")
    if said:
        world.done[action.__name__] += 1
        world.say(said)
