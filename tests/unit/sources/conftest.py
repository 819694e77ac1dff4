"""A remote with one commit, and the folder where a clone of it may be."""

import shutil
from pathlib import Path

import pytest

from support.git_repository import Repository, new_repository


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("template") / "remote").path


@pytest.fixture
def remote(template: Path, tmp_path: Path) -> Repository:
    shutil.copytree(template, tmp_path / "remote")
    return Repository(tmp_path / "remote")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return tmp_path / "state" / "clone"
