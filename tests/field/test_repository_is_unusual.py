"""Shallow, partial, SHA-256 and reftable repositories: each works or says what to do."""

import os
from pathlib import Path

import pytest

from support.command_line import CommandLine, Ended
from support.git_repository import Repository
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # each of them runs git a dozen times

BY_THEN = ("--today", TODAY)


def repository(path: Path, *words: str) -> Repository:
    path.mkdir()
    made = Repository(path)
    made.git("init", "--quiet", "--template=", "-b", "main", *words)
    write_files(path)
    made.git("add", "-A")
    made.git("commit", "--quiet", "-m", "Add the gateway")
    return made


def run(at: Repository, *words: str) -> Ended:
    return CommandLine(at.path).run(*words, *BY_THEN)


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    made = repository(tmp_path / "origin")
    budget = made.path / "gateway.d" / "budgets" / "shop.yaml"
    budget.write_text(budget.read_text().replace('"100"', '"200"'))
    made.git("commit", "--quiet", "-am", "Raise the cap")
    made.git("config", "uploadpack.allowFilter", "true")
    return made


def cloned(origin: Repository, *words: str) -> Repository:
    path = origin.path.with_name("clone")
    origin.git("clone", "--quiet", *words, f"file://{origin.path}", str(path))
    return Repository(path)


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none", "--filter=tree:0"])
def test_an_unusual_clone_reads_its_folder_and_its_newest_commit(
    origin: Repository, how: str
) -> None:
    clone = cloned(origin, how)
    for words in (("validate",), ("validate", "git:HEAD"), ("compile", "-o", "build"), ("review",)):
        done = run(clone, *words)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("review", "--base", "HEAD~1"), 64, id="a base that it lacks"),
        pytest.param(("review", "--base", "topic"), 64, id="a branch that it lacks"),
        pytest.param(("validate", "git:HEAD~1"), 1, id="a commit that it lacks"),
    ],
)
def test_a_depth_1_clone_says_how_to_get_the_rest(
    origin: Repository, words: tuple[str, ...], code: int
) -> None:
    clone = cloned(origin, "--depth=1")
    done = run(clone, *words)
    assert (done.returncode, "has no revision" in done.stderr) == (code, True), done.stderr
    assert "git fetch --unshallow` (in CI: `fetch-depth: 0`)" in done.stderr
    clone.git("fetch", "--quiet", "--unshallow")
    if "topic" not in words:
        assert run(clone, *words).returncode == 0


def test_a_whole_clone_with_a_wrong_name_is_not_called_shallow(origin: Repository) -> None:
    assert "unshallow" not in run(origin, "review", "--base", "topic").stderr
    assert "unshallow" not in run(origin, "validate", "git:topic").stderr


def test_a_blobless_clone_compares_with_a_commit_whose_files_it_fetches(
    origin: Repository,
) -> None:
    clone = cloned(origin, "--filter=blob:none")
    done = run(clone, "review", "--base", "HEAD~1")
    assert (done.returncode, "200" in done.stdout) == (0, True), done.stderr


def test_a_sha_256_repository_is_read_as_a_folder_and_else_says_so(tmp_path: Path) -> None:
    made = repository(tmp_path / "origin", "--object-format=sha256")
    assert run(made, "validate").returncode == 0
    assert run(made, "compile", "-o", "build").returncode == 0
    for words in (("validate", "git:HEAD"), ("review",), ("review", "--base", "HEAD")):
        done = run(made, *words)
        assert done.returncode == 1
        assert f"{made.path} is a SHA-256 repository, of which no commit can be read" in done.stderr
        assert "= help: use a SHA-1 repository" in done.stderr
    made.git("update-index", "--skip-worktree", "gateway.d/apps/shop.yaml")
    (made.path / "gateway.d" / "apps" / "shop.yaml").unlink()
    assert "only partly checked out" in run(made, "validate").stderr


@pytest.mark.parametrize("key", ["refstorage", "refStorage"])
def test_a_reftable_repository_says_so(origin: Repository, key: str) -> None:
    """As git 2.45 and newer write it; an older git refuses the whole repository."""
    config = origin.path / ".git" / "config"
    config.write_text(
        config.read_text().replace("repositoryformatversion = 0", "repositoryformatversion = 1")
        + f"[extensions]\n\t{key} = reftable\n"
    )
    done = run(origin, "validate", "git:HEAD")
    assert (done.returncode, "keeps its references as a reftable" in done.stderr) == (1, True)
    assert "git refs migrate --ref-format=files" in done.stderr
    as_it_is = run(origin, "validate")
    assert as_it_is.returncode == 0 or "install a newer git" in as_it_is.stderr
