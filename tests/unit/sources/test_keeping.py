"""Keeping the last applied commit works in a clone that was damaged since it was read."""

from pathlib import Path

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
    assert "made again" in told[0]
    assert source.read_at(commit).revision.commit == commit
