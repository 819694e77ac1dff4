"""A damaged clone is repaired by its next user: by keeping a commit, by reading one."""

from pathlib import Path

import pytest

from aspire_gitops.sources.git import RemoteSource
from support.git_repository import new_repository


def test_a_commit_is_kept_though_the_clone_was_damaged_meanwhile(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    told: list[str] = []
    source = RemoteSource(str(repository.path), clone=tmp_path / "clone", tell=told.append)
    commit = source.read().revision.commit
    assert commit
    spoiled = [path for path in (tmp_path / "clone" / "objects").rglob("*") if path.is_file()]
    for path in spoiled:
        path.chmod(0o600)
        path.write_bytes(b"")
    source.keep(commit)
    assert spoiled
    assert "recreated" in told[0]
    assert source.read_at(commit).revision.commit == commit


@pytest.mark.parametrize("left", [0, 20], ids=["emptied", "cut short"])
def test_a_clone_without_its_config_is_made_again(tmp_path: Path, left: int) -> None:
    repository = new_repository(tmp_path / "repository")
    source = RemoteSource(str(repository.path), clone=tmp_path / "clone")
    source.read()
    config = tmp_path / "clone" / "config"
    config.write_bytes(config.read_bytes()[:left])
    commit = repository.commit("Change it")
    assert source.read().revision.commit == commit
