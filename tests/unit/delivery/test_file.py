"""A key in a file: private, whole or not at all, never over something that is not a key."""

import os
import stat
from pathlib import Path

import pytest

from aspire_gitops.delivery import open_delivery
from aspire_gitops.delivery.file import DeliveredFile
from aspire_gitops.errors import DeliveryFailed
from aspire_gitops.state import FileDelivery

KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "shop"


def test_a_key_is_read_as_it_was_written(path: Path) -> None:
    delivery = open_delivery(FileDelivery(str(path)))
    assert delivery.read() is None
    delivery.write(KEY)
    assert delivery.read() == KEY


def test_only_the_owner_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        DeliveredFile(str(path)).write(KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_key_replaces_the_old_one_and_leaves_no_draft(path: Path) -> None:
    DeliveredFile(str(path)).write(KEY)
    DeliveredFile(str(path)).write(KEY[::-1].replace("-ks", "") + "-sk")
    DeliveredFile(str(path)).write(KEY + "2")
    assert [entry.name for entry in path.parent.iterdir()] == ["shop"]
    assert path.read_text() == f"{KEY}2\n"


@pytest.mark.parametrize("content", ["", "hello", "sk-short", f"{KEY}\n{KEY}\n", "\x00" * 40])
def test_something_else_in_the_file_is_left_alone(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(DeliveryFailed, match="not a key; move it away"):
        DeliveredFile(str(path)).read()
    assert path.read_text() == content


def test_a_link_is_not_followed(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / "elsewhere").write_text(KEY)
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(DeliveryFailed, match="cannot read"):
        DeliveredFile(str(path)).read()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "below")
    with pytest.raises(DeliveryFailed, match="cannot write") as caught:
        DeliveredFile(path).write(KEY)
    assert path in str(caught.value)
    assert KEY not in str(caught.value)
