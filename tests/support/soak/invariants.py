"""What must hold at every moment of a soak. Each check returns what is wrong, in sentences."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx

from aspire_gitops.journal import open_journal
from support.soak.hands import Thing, WatchedGateway
from support.soak.world import World


def violations(world: World) -> list[str]:
    """Return what does not hold now; quick, for every second."""
    if isinstance(world.fake, WatchedGateway):
        with world.fake._lock:  # the gateway holds still meanwhile, and so do the deliveries
            trespasses = list(world.fake.trespasses)
        return [f"a write to what is not ours: {one}" for one in trespasses] + _now(world)
    return _now(world)


def _now(world: World) -> list[str]:
    try:
        things = world.hands.everything()
        ours = [thing for thing in things if thing.is_marked_by(world.owner)]
        return [*_unmanaged(world, things), *_orphans(world, ours), *_twins(ours)]
    except OSError:
        return []  # a real gateway that restarts cannot be looked at


def _unmanaged(world: World, things: list[Thing]) -> Iterator[str]:
    live = {(thing.kind, thing.address): thing.row for thing in things}
    for place, thing in world.unmanaged.items():
        if place not in live:
            yield f"a foreign object is gone: {place}"
        elif live[place] != thing.row:
            yield f"a foreign object changed: {thing.row} -> {live[place]}"


def _orphans(world: World, ours: list[Thing]) -> Iterator[str]:
    for thing in ours:
        if thing.kind != "key" or not thing.mark:
            continue
        path = world.reviewed.delivered / str(thing.mark["name"]).replace(".", "/")
        held = sha256(path.read_text().strip().encode()).hexdigest() if path.exists() else None
        # Between the two looks the controller may have gone on: what is gone now was no orphan.
        if held != thing.address and thing.address in {one.address for one in world.ours()}:
            yield f"nobody has the value of {thing.name} ({thing.address[:12]})"


def _twins(ours: list[Thing]) -> Iterator[str]:
    names = Counter(thing.name for thing in ours if thing.kind != "deployment")
    yield from (f"{count} objects are {name}" for name, count in names.items() if count > 1)


def split_aliases(world: World) -> list[str]:
    """Return the aliases that go to two places. True only in the middle of an apply, if ever."""
    targets: dict[str, set[str]] = defaultdict(set)
    for thing in world.ours():
        if thing.kind == "deployment":
            params = thing.row["litellm_params"]
            place = f"{params['model']} at {params.get('litellm_credential_name')}"
            targets[thing.row["model_name"]].add(place)
    return [f"{name} goes to {sorted(found)}" for name, found in targets.items() if len(found) > 1]


def journal_faults(world: World) -> list[str]:
    """Return why the journal's chain is not whole."""
    if not (world.daemon.state_dir / "journal.sqlite3").exists():
        return []
    with open_journal(None, world.daemon.state_dir, read_only=True) as journal:
        verdict = journal.verify()
    return [] if verdict.ok else [f"the journal is broken at {verdict.broken}: {verdict.detail}"]


def leaks(world: World) -> list[str]:
    """Return where a planted secret is to be found."""
    planted, found = world.planted(), []
    for place, content in _everywhere(world):
        found += [f"{name} is in {place}" for name, value in planted.items() if value in content]
    return found


def _everywhere(world: World) -> Iterator[tuple[str, bytes]]:
    for path in sorted(world.daemon.state_dir.rglob("*")):
        if path.is_file():
            try:
                yield str(path.relative_to(world.folder)), path.read_bytes()
            except OSError:
                continue  # git or the outbox has moved it meanwhile
    for path in (world.daemon.log, world.folder / "published.json"):
        if path.exists():
            yield path.name, path.read_bytes()
    for heard in list(world.receiver.heard):
        yield "a notice", heard.body
    yield from _pages(world)


def _pages(world: World) -> Iterator[tuple[str, bytes]]:
    url = world.daemon.url()
    if url is None:
        return
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        for page in ("/", "/metrics", "/api/status"):
            try:
                yield page, client.get(page).content
            except httpx.HTTPError:
                return


def folder_is_private(state_dir: Path) -> bool:
    return state_dir.stat().st_mode & 0o077 == 0
