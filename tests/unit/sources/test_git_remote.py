"""A branch of a remote through our clone: what is read, kept, and left behind."""

import os
import time
from pathlib import Path

import pytest

from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.git import GitSource, RemoteSource
from aspire_gitops.vocabulary import (
    ControlledSource,
    Revision,
    SourceRefused,
    SourceUnavailable,
    UsageError,
)
from support.git_repository import Repository, contents


def source(remote: Repository, clone: Path) -> RemoteSource:
    return RemoteSource(str(remote.path), clone=clone)


def test_the_newest_commit_is_read_whole(remote: Repository, clone: Path) -> None:
    head = remote.commit(
        "Add an app\n\nReviewed-by: Jo <jo@example.com>\nAcked-by: Kim", apps__x="a"
    )
    (remote.path / "gateway.d" / "later.yaml").write_text("not committed")
    tree = source(remote, clone).read()
    assert [file.path for file in tree.files] == ["gateway.d/apps/x.yaml", "gateway.d/gateway.yaml"]
    assert tree.revision == Revision(
        "main",
        head,
        author="Zac",
        subject="Add an app",
        approvers=("Jo <jo@example.com>", "Kim"),
    )


def test_a_remote_and_a_local_source_agree(remote: Repository, clone: Path) -> None:
    reviewed = remote.path / "gateway.d"
    (reviewed / "link.yaml").symlink_to("gateway.yaml")
    remote.git("update-index", "--add", "--cacheinfo", f"160000,{remote.head},gateway.d/sub")
    (reviewed / "sub").mkdir()
    remote.commit("Add oddities")
    tree = source(remote, clone).read()
    assert [problem.code for problem in tree.problems] == ["AG017", "AG016"]
    assert tree == GitSource(remote.path).read()


def test_another_branch_and_folder(remote: Repository, clone: Path) -> None:
    (remote.path / "deep" / "er").mkdir(parents=True)
    (remote.path / "deep" / "er" / "a.yaml").write_text("kind: App\n")
    remote.git("checkout", "--quiet", "-b", "team/next")
    remote.commit("Go deep")
    there = RemoteSource(str(remote.path), branch="team/next", folder="deep/er/", clone=clone)
    assert contents(there) == {"deep/er/a.yaml": b"kind: App\n"}


def test_a_push_is_seen_by_the_next_read(remote: Repository, clone: Path) -> None:
    reader = source(remote, clone)
    reader.read()
    remote.commit("Change", gateway="second")
    assert contents(reader) == {"gateway.d/gateway.yaml": b"second"}


def test_a_restart_reads_what_was_fetched_before(remote: Repository, clone: Path) -> None:
    first = source(remote, clone).read()
    assert source(remote, clone).read() == first


def test_a_force_push_is_followed_and_the_kept_commit_is_not_lost(
    remote: Repository, clone: Path
) -> None:
    reader = source(remote, clone)
    applied = reader.read()
    assert applied.revision.commit
    reader.keep(applied.revision.commit)
    remote.git("commit", "--quiet", "--amend", "-m", "Rewritten")
    remote.git("reflog", "expire", "--expire=now", "--all")
    remote.git("gc", "--quiet", "--prune=now")
    assert reader.read().revision.subject == "Rewritten"
    Repository(clone).git("gc", "--quiet", "--prune=now")
    assert reader.read_at(applied.revision.commit) == applied


def test_an_older_commit_is_fetched_when_it_is_asked_for(remote: Repository, clone: Path) -> None:
    first = remote.head
    remote.commit("Change", gateway="second")
    reader = source(remote, clone)
    reader.read()
    older = reader.read_at(first)
    assert (older.revision.commit, older.revision.subject) == (first, "Add the gateway")


def test_a_commit_that_is_here_needs_no_remote(remote: Repository, clone: Path) -> None:
    reader = source(remote, clone)
    reader.read()
    first = remote.head
    remote.commit("Change", gateway="second")
    reader.read()
    remote.path.rename(remote.path.with_name("away"))
    assert source(remote, clone).read_at(first).revision.commit == first


def test_a_commit_that_the_remote_lost_is_refused(remote: Repository, clone: Path) -> None:
    with pytest.raises(SourceRefused, match=r"no longer has that commit.*push it again"):
        source(remote, clone).read_at("0" * 39 + "1")


@pytest.mark.parametrize("name", ["main", "--upload-pack=x", "abc123", "A" * 40, ""])
def test_only_the_full_name_of_a_commit_will_do(remote: Repository, clone: Path, name: str) -> None:
    with pytest.raises(UsageError, match="give all 40 digits"):
        source(remote, clone).read_at(name)


def test_a_shallow_remote_will_do(remote: Repository, clone: Path, tmp_path: Path) -> None:
    remote.commit("Second", gateway="second")
    remote.commit("Third", gateway="third")
    remote.git("clone", "--quiet", "--depth=2", f"file://{remote.path}", str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow")
    reader = source(shallow, clone)
    assert contents(reader) == {"gateway.d/gateway.yaml": b"third"}
    shallow.commit("Fourth", gateway="fourth")
    assert contents(reader) == {"gateway.d/gateway.yaml": b"fourth"}


def test_the_clone_holds_one_commit_and_no_address_with_its_history(
    remote: Repository, clone: Path
) -> None:
    remote.commit("Second", gateway="second")
    source(remote, clone).read()
    assert Repository(clone).git("rev-list", "--all", "--count") == "1"


def test_the_clone_is_for_its_owner_only(remote: Repository, clone: Path) -> None:
    source(remote, clone).read()
    modes = [path.stat().st_mode & 0o777 for path in (clone.parent, clone)]
    assert modes == [0o700, 0o700]


def test_settings_hooks_and_variables_of_others_do_not_count(
    remote: Repository, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "gitconfig"
    hostile.write_text(f'[url "{tmp_path}/nowhere"]\n  insteadOf = {remote.path}\n')
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(hostile),
        "GIT_DIR": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_CONFIG_PARAMETERS": "'core.bare=nonsense'",
    }.items():
        monkeypatch.setenv(name, value)
    assert len(source(remote, clone).read().files) == 1


def test_a_turn_without_changes_costs_next_to_nothing(remote: Repository, clone: Path) -> None:
    reader = source(remote, clone)
    first = reader.read()
    turns = 20
    began = time.process_time()
    for _ in range(turns):
        assert reader.read() is first
    assert (time.process_time() - began) / turns < 0.010


@pytest.mark.slow
def test_two_hundred_reads_leave_no_process_and_no_descriptor(
    remote: Repository, clone: Path
) -> None:
    reader = source(remote, clone)
    reader.read()

    def held() -> tuple[int, str]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return len(list(Path("/proc/self/fd").iterdir())), children

    broken = RemoteSource(str(remote.path), clone=clone, folder="nope")
    before = held()
    for turn in range(200):
        if turn % 10 == 0:
            remote.commit(f"Turn {turn}")
            with pytest.raises(SourceRefused):
                broken.read()
        reader.read()
    assert held() == before


@pytest.mark.slow
def test_the_clone_does_not_grow_without_end(remote: Repository, clone: Path) -> None:
    reader = source(remote, clone)
    for turn in range(55):
        remote.commit(f"Turn {turn}")
        reader.read()
    packs = list((clone / "objects" / "pack").glob("*.pack"))
    assert len(packs) < 30  # git tidies up at 50


def test_a_folder_has_the_surface_that_the_controller_needs(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: App\n")
    folder: ControlledSource = DirectorySource(tmp_path)
    folder.keep("0" * 40)
    with pytest.raises(SourceUnavailable, match=r"no older revision.*use a git repository"):
        folder.read_at("0" * 40)


def test_a_remote_has_the_surface_that_the_controller_needs(
    remote: Repository, clone: Path
) -> None:
    there: ControlledSource = source(remote, clone)
    there.keep(remote.head)
    assert Repository(clone).git("rev-parse", "refs/aspire-gitops/applied") == remote.head
