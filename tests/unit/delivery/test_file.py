"""A key in a file: private, whole or not at all, never over something that is not a key."""

import os
import stat
from pathlib import Path

import pytest

from aspire_gitops.delivery import deliveries_in
from aspire_gitops.delivery.file import DeliveredFile
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.state import FileDelivery
from aspire_gitops.vocabulary.errors import DeliveryFailed

KEY = "sk-0123456789abcdefghij"


def file(path: Path) -> DeliveredFile:
    """Return the file, delivered below the folder that its own folder is in."""
    return DeliveredFile(str(path.parents[1]), path.parts[-2:])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "shop"


def test_a_key_is_read_as_it_was_written(path: Path) -> None:
    delivery = deliveries_in(path.parents[1])(FileDelivery("keys/shop"))
    assert delivery.read() is None
    delivery.write(KEY)
    assert delivery.read() == KEY


def test_only_the_owner_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        file(path).write(KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_key_replaces_the_old_one_and_leaves_no_draft(path: Path) -> None:
    file(path).write(KEY)
    file(path).write(KEY[::-1].replace("-ks", "") + "-sk")
    file(path).write(KEY + "2")
    assert [entry.name for entry in path.parent.iterdir()] == ["shop"]
    assert path.read_text() == f"{KEY}2\n"


@pytest.mark.parametrize("content", ["", "hello", "sk-short", f"{KEY}\n{KEY}\n", "\x00" * 40])
def test_something_else_in_the_file_is_left_alone(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(DeliveryFailed, match="not a key; move it away"):
        file(path).read()
    assert path.read_text() == content


def test_a_link_is_not_followed(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / "elsewhere").write_text(KEY)
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(DeliveryFailed, match="cannot read"):
        file(path).read()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "below")
    with pytest.raises(DeliveryFailed, match="cannot write") as caught:
        file(Path(path)).write(KEY)
    assert path in str(caught.value)
    assert KEY not in str(caught.value)


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
    with pytest.raises(DeliveryFailed, match="no key is handed over"):
        deliveries_in(root)(FileDelivery(place.format(root=root)))


@pytest.mark.parametrize("depth", ["shop", "shop/deep"])
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, depth: str) -> None:
    root, outside = tmp_path / "keys", tmp_path / "outside"
    outside.mkdir()
    (outside / "main").write_text(KEY)
    (root / depth).parent.mkdir(parents=True)
    (root / depth).symlink_to(outside)
    delivery = deliveries_in(root)(FileDelivery(f"{depth}/main"))
    with pytest.raises(DeliveryFailed, match="is a link, which is not followed"):
        delivery.read()
    with pytest.raises(DeliveryFailed, match="is a link, which is not followed"):
        delivery.write(KEY + "2")
    assert [entry.name for entry in outside.iterdir()] == ["main"]
    assert (outside / "main").read_text() == KEY


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "keys").symlink_to(tmp_path / "volume")
    deliveries_in(tmp_path / "keys")(FileDelivery("shop/main")).write(KEY)
    assert (tmp_path / "volume/shop/main").read_text() == f"{KEY}\n"


def test_a_pipe_in_the_way_is_no_key_and_nobody_waits(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(DeliveryFailed, match="is not a file"):
        file(path).read()


@pytest.mark.parametrize("name", ["admin-key", "same-admin-key", "state/journal"])
def test_a_file_of_the_controller_is_neither_read_nor_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "state").mkdir()
    for own in ("admin-key", "state/journal"):
        (tmp_path / own).write_text(KEY)
    (tmp_path / "same-admin-key").hardlink_to(tmp_path / "admin-key")
    own_files = OwnFiles((tmp_path / "admin-key",), tmp_path / "state", tmp_path)
    delivery = deliveries_in(tmp_path, own_files)(FileDelivery(name))
    for attempt in (delivery.read, lambda: delivery.write(KEY + "2")):
        with pytest.raises(DeliveryFailed, match="the controller's"):
            attempt()
    assert (tmp_path / name).read_text() == KEY


def test_keys_may_lie_inside_the_state_folder(tmp_path: Path) -> None:
    own_files = OwnFiles((), tmp_path, tmp_path / "keys")
    deliveries_in(tmp_path / "keys", own_files)(FileDelivery("shop/main")).write(KEY)
    assert (tmp_path / "keys/shop/main").read_text() == f"{KEY}\n"
