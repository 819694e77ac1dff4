"""Two revisions of a folder: from the commit in common, from a work tree, and what is not there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.git import ComparedTrees, published
from aspire_gitops.vocabulary import SourceRefused, SourceTree, SourceUnavailable, UsageError
from support.git_repository import Repository, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "repository")
    made.git("checkout", "--quiet", "-b", "topic")
    made.commit("Add an app", apps__x="kind: App\n")
    made.git("checkout", "--quiet", "main")
    made.commit("Add another", apps__y="kind: App # y\n")
    return made


def compared(repository: Repository, base: str | None = None, **more: bool) -> ComparedTrees:
    return ComparedTrees(repository.path, "gateway.d", base, **more)


def paths(tree: SourceTree) -> list[str]:
    return [file.path.removeprefix("gateway.d/") for file in tree.files]


def test_what_others_did_to_the_base_meanwhile_is_no_part_of_the_change(
    repository: Repository,
) -> None:
    found = compared(repository, "main").with_commit("topic")
    assert paths(found.base) == ["gateway.yaml"]
    assert paths(found.head) == ["apps/x.yaml", "gateway.yaml"]
    assert found.related


def test_a_file_that_both_have_is_read_once(repository: Repository) -> None:
    found = compared(repository, "main").with_commit("topic")
    before, after = found.base.files[-1], found.head.files[-1]
    assert before.content is after.content


def test_a_direct_comparison_takes_base_as_it_is(repository: Repository) -> None:
    found = compared(repository, "main", direct=True).with_commit("topic")
    assert paths(found.base) == ["apps/y.yaml", "gateway.yaml"]


def test_revisions_say_how_they_were_reached(repository: Repository) -> None:
    found = compared(repository).with_commit("topic")
    assert (found.base.revision.reference, found.head.revision.reference) == ("main", "topic")
    assert found.base.revision.commit == repository.git("merge-base", "main", "topic")
    assert found.head.revision.commit == repository.git("rev-parse", "topic")


def test_the_work_tree_starts_from_the_commit_that_it_was_checked_out_at(
    repository: Repository,
) -> None:
    repository.git("checkout", "--quiet", "topic")
    (repository.path / "gateway.d" / "new.yaml").write_text("kind: App # new\n")
    head = DirectorySource(repository.path / "gateway.d").read()
    found = compared(repository).with_work_tree(head)
    assert paths(found.base) == ["gateway.yaml"]
    assert found.head is head


def test_revisions_without_a_commit_in_common_are_compared_as_they_are(
    repository: Repository,
) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("Begin again", gateway="kind: Gateway # anew\n")
    found = compared(repository, "topic").with_commit("other")
    assert not found.related
    assert paths(found.base) == ["apps/x.yaml", "gateway.yaml"]


def test_a_folder_that_is_new_has_an_empty_base(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.git("init", "--quiet", "--template=", "-b", "main")
    made.git("commit", "--quiet", "--allow-empty", "-m", "Begin")
    first = made.head
    made.commit("Add the gateway")
    found = compared(made, first).with_commit("main")
    assert found.base.files == ()
    assert found.base.revision.commit == first
    assert found.related


def test_a_folder_that_is_gone_cannot_be_reviewed(repository: Repository) -> None:
    repository.git("rm", "--quiet", "-r", "gateway.d")
    repository.git("commit", "--quiet", "-m", "Remove everything")
    with pytest.raises(SourceUnavailable, match=r"no folder gateway\.d at main"):
        compared(repository, "topic").with_commit("main")


@pytest.mark.parametrize(
    "compare",
    [
        pytest.param(lambda r: compared(r, "nowhere").with_commit("main"), id="base"),
        pytest.param(lambda r: compared(r, "main").with_commit("nowhere"), id="head"),
    ],
)
def test_an_unknown_revision_says_what_to_do(
    repository: Repository, compare: Callable[[Repository], object]
) -> None:
    with pytest.raises(
        UsageError, match=r"has no revision 'nowhere'; fetch it first .*fetch-depth"
    ):
        compare(repository)


def test_a_repository_without_a_usual_branch_asks_for_a_base(repository: Repository) -> None:
    repository.git("branch", "--quiet", "-m", "main", "trunk")
    with pytest.raises(UsageError, match=r"has none of origin/HEAD, .*; pass --base COMMIT"):
        compared(repository).with_commit("trunk")


def test_a_published_file_is_found_where_a_fetch_puts_it(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("checkout", "--quiet", "--orphan", "gateway-state")
    repository.git("rm", "--quiet", "-rf", ".")
    (repository.path / "snapshot.json").write_text("{}")
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Publish")
    repository.git("checkout", "--quiet", "main")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", str(repository.path), str(clone))
    assert published(clone, "gateway-state", "snapshot.json") == b"{}"
    assert published(clone, "gateway-state", "other.json") is None
    assert published(clone, "nowhere", "snapshot.json") is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a repository away")
def test_a_repository_of_somebody_else_is_no_missing_revision(repository: Repository) -> None:
    """Containers mount clones of another user, and git then reads nothing of them."""
    for path in (repository.path, *repository.path.rglob("*")):
        os.chown(path, 54321, 54321)

    with pytest.raises(SourceRefused, match=r"belongs to another user.*safe\.directory"):
        compared(repository, "main").with_commit("topic")
