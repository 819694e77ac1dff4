"""A key in a file: private, whole or not at all, never over something that is not a key."""

import asyncio
import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from aspire_gitops.delivery.base import Delivery
from aspire_gitops.delivery.disk import DeliveredFile
from aspire_gitops.delivery.opening import deliveries_in
from aspire_gitops.delivery.registry import file_target
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.vocabulary import DeliveryFailed

KEY = "sk-0123456789abcdefghij"


def file(path: Path) -> DeliveredFile:
    """Return the file, delivered below the folder that its own folder is in."""
    return DeliveredFile(str(path.parents[1]), path.parts[-2:])


def read(delivery: Delivery) -> str | None:
    return asyncio.run(delivery.read())


def write(delivery: Delivery, value: str) -> None:
    asyncio.run(delivery.write(value, instead_of=None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "shop"


def test_a_key_is_read_as_it_was_written(path: Path) -> None:
    delivery = deliveries_in(path.parents[1])(file_target("keys/shop"))
    assert read(delivery) is None
    write(delivery, KEY)
    assert read(delivery) == KEY


def test_only_the_owner_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        write(file(path), KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_key_replaces_the_old_one_and_leaves_no_draft(path: Path) -> None:
    write(file(path), KEY)
    asyncio.run(file(path).write(KEY + "2", instead_of=KEY))
    assert [entry.name for entry in path.parent.iterdir()] == ["shop"]
    assert path.read_text() == f"{KEY}2\n"


@pytest.mark.parametrize("content", ["", "hello", "sk-short", f"{KEY}\n{KEY}\n", "\x00" * 40])
def test_something_else_in_the_file_is_left_alone(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(DeliveryFailed, match="not a key; move it away"):
        read(file(path))
    assert path.read_text() == content


def test_a_link_is_not_followed(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / "elsewhere").write_text(KEY)
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(DeliveryFailed, match="cannot read"):
        read(file(path))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "below")
    with pytest.raises(DeliveryFailed, match="cannot write") as caught:
        write(file(Path(path)), KEY)
    assert path in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_write_that_is_cancelled_ends_before_anything_else_begins(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that nobody waits for could put an old key over a newer one."""
    at_the_disk, go_on = threading.Event(), threading.Event()
    durable = os.fsync

    def slow(descriptor: int) -> None:
        at_the_disk.set()
        assert go_on.wait(10)
        durable(descriptor)

    async def cancelled() -> bool:
        task = asyncio.create_task(file(path).write(KEY, instead_of=None))
        await asyncio.to_thread(at_the_disk.wait, 10)
        task.cancel()
        await asyncio.sleep(0.05)
        task.cancel()  # and once more: whoever cancels may be in a hurry
        await asyncio.sleep(0.05)
        waits = not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return waits

    monkeypatch.setattr(os, "fsync", slow)
    assert asyncio.run(cancelled())
    assert path.read_text() == f"{KEY}\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["shop"]


def test_the_loop_goes_on_while_a_disk_is_slow(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable, went_on = os.fsync, threading.Event()

    def waiting(descriptor: int) -> None:
        assert went_on.wait(10), "the loop stood still"
        durable(descriptor)

    async def both() -> None:
        task = asyncio.create_task(file(path).write(KEY, instead_of=None))
        await asyncio.sleep(0.01)
        went_on.set()
        await task

    monkeypatch.setattr(os, "fsync", waiting)
    asyncio.run(both())
    assert path.read_text() == f"{KEY}\n"


# ── places that no file should name, for files that nobody validated ─────────


@pytest.mark.parametrize(
    "place",
    [
        "/etc/cron.d/x",
        "/proc/self/mem",
        "/run/secrets/admin-key",
        "/var/lib/aspire-gitops/state/x",
        "/srv//shop/key",
        "{root}/../outside",
        "{root}//shop",
        "{root}/./shop",
        "../outside",
        "shop/../../outside",
        "/",
        "",
    ],
)
def test_a_place_that_no_file_may_name_is_not_opened(tmp_path: Path, place: str) -> None:
    root = tmp_path / "keys"
    with pytest.raises(DeliveryFailed, match="no key is delivered"):
        deliveries_in(root)(file_target(place.format(root=root)))


@pytest.mark.parametrize("depth", ["shop", "shop/deep"])
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, depth: str) -> None:
    root, outside = tmp_path / "keys", tmp_path / "outside"
    outside.mkdir()
    (outside / "main").write_text(KEY)
    (root / depth).parent.mkdir(parents=True)
    (root / depth).symlink_to(outside)
    delivery = deliveries_in(root)(file_target(f"{depth}/main"))
    with pytest.raises(DeliveryFailed, match="is a link, which is not followed"):
        read(delivery)
    with pytest.raises(DeliveryFailed, match="is a link, which is not followed"):
        write(delivery, KEY + "2")
    assert [entry.name for entry in outside.iterdir()] == ["main"]
    assert (outside / "main").read_text() == KEY


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "keys").symlink_to(tmp_path / "volume")
    write(deliveries_in(tmp_path / "keys")(file_target("shop/main")), KEY)
    assert (tmp_path / "volume/shop/main").read_text() == f"{KEY}\n"


def test_a_pipe_in_the_way_is_no_key_and_nobody_waits(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(DeliveryFailed, match="is not a file"):
        read(file(path))


@pytest.mark.parametrize("name", ["admin-key", "same-admin-key", "state/journal"])
def test_a_file_of_the_controller_is_neither_read_nor_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "state").mkdir()
    for own in ("admin-key", "state/journal"):
        (tmp_path / own).write_text(KEY)
    (tmp_path / "same-admin-key").hardlink_to(tmp_path / "admin-key")
    own_files = OwnFiles((tmp_path / "admin-key",), tmp_path / "state", tmp_path)
    delivery = deliveries_in(tmp_path, own_files)(file_target(name))
    with pytest.raises(DeliveryFailed, match="the controller's"):
        read(delivery)
    with pytest.raises(DeliveryFailed, match="the controller's"):
        write(delivery, KEY + "2")
    assert (tmp_path / name).read_text() == KEY


def test_keys_may_lie_inside_the_state_folder(tmp_path: Path) -> None:
    own_files = OwnFiles((), tmp_path, tmp_path / "keys")
    write(deliveries_in(tmp_path / "keys", own_files)(file_target("shop/main")), KEY)
    assert (tmp_path / "keys/shop/main").read_text() == f"{KEY}\n"


@pytest.mark.parametrize("name", ["coolify", "linked", "hard"])
def test_what_deliveries_sign_in_with_is_neither_read_nor_written(
    tmp_path: Path, name: str
) -> None:
    folder, root = tmp_path / "delivery-secrets", tmp_path / "keys" / "shop"
    folder.mkdir()
    root.mkdir(parents=True)
    (folder / "coolify").write_text(KEY)
    (root / "linked").symlink_to(folder / "coolify")
    (root / "hard").hardlink_to(folder / "coolify")
    own_files = OwnFiles(secrets=folder)
    place = folder / "coolify" if name == "coolify" else root / name
    assert own_files.why_not_read(str(place)) == "it is the controller's own secret"
    delivery = DeliveredFile(str(place.parent), (place.name,), own_files)
    with pytest.raises(DeliveryFailed, match="the controller's own secret"):
        read(delivery)
    with pytest.raises(DeliveryFailed, match="the controller's own secret"):
        write(delivery, KEY + "2")
    assert (folder / "coolify").read_text() == KEY


def test_a_draft_of_a_killed_process_is_removed_by_the_next_look(path: Path) -> None:
    path.parent.mkdir(parents=True)
    left = path.parent / f".{path.name}.{'0' * 16}"
    left.write_text(f"{KEY}\n")
    of_another = path.parent / f".other.{'0' * 16}"
    of_another.write_text("")
    assert read(file(path)) is None
    assert (left.exists(), of_another.exists()) == (False, True)


def test_a_draft_that_somebody_writes_now_is_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    draft = path.parent / f".{path.name}.{'0' * 16}"
    with draft.open("w") as written:
        fcntl.flock(written, fcntl.LOCK_EX)
        assert read(file(path)) is None
        assert draft.exists()


@pytest.mark.timeout(10)
def test_a_pipe_that_is_called_like_a_draft_stops_nobody(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path.parent / f".{path.name}.{'0' * 16}")
    assert read(file(path)) is None
