"""A remote with one commit, and the folder where a clone of it may be."""

from pathlib import Path

import pytest
from support.git_repository import Repository, new_repository


@pytest.fixture
def remote(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "remote")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return tmp_path / "state" / "clone"
