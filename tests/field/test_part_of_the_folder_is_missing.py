"""A folder that shows only a part of its commit is refused: what is left out is not deleted."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aspire_gitops.sources import DirectorySource
from aspire_gitops.sources.git import GitSource
from aspire_gitops.vocabulary import SourceRefused, SourceTree
from support.command_line import CommandLine, Ended
from support.git_repository import Repository
from support.small_source import TODAY, write_files

pytestmark = pytest.mark.slow  # each of them runs git a dozen times

BY_THEN = ("--today", TODAY)
SHOP = "gateway.d/apps/shop.yaml"
COMMANDS = {
    "validate": (),
    "compile": ("-o", "build"),
    "plan": ("--snapshot", "none.json"),
    "apply": ("--yes",),
    "review": ("--base", "HEAD"),
    "codeowners": ("--default", "@acme/platform"),
}


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return repository_with(write_files, tmp_path / "origin")


def repository_with(write: Callable[[Path], object], path: Path) -> Repository:
    path.mkdir()
    made = Repository(path)
    made.git("init", "--quiet", "--template=", "-b", "main")
    write(path)
    made.git("add", "-A")
    made.git("commit", "--quiet", "-m", "Add the gateway")
    made.git("config", "uploadpack.allowFilter", "true")
    return made


def clone_of(origin: Repository, *words: str) -> Repository:
    path = origin.path.with_name("clone")
    origin.git("clone", "--quiet", *words, f"file://{origin.path}", str(path))
    return Repository(path)


def run(repository: Repository, command: str, *more: str) -> Ended:
    words = (command, *COMMANDS[command], *BY_THEN, *more)
    return CommandLine(repository.path).run(*words)


def read(repository: Repository) -> SourceTree:
    return DirectorySource(repository.path / "gateway.d").read()


def refusal(repository: Repository) -> tuple[str, str]:
    with pytest.raises(SourceRefused) as raised:
        read(repository)
    found = raised.value.message.replace(f"{repository.path}/", "")
    return found, str(raised.value.help).replace(f"{repository.path}/", "")


# ── left out of the work tree ────────────────────────────────────────────────


@pytest.mark.parametrize("index", ["--no-sparse-index", "--sparse-index"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_sparse_checkout_plans_no_deletion(origin: Repository, command: str, index: str) -> None:
    clone = clone_of(origin)
    clone.git("sparse-checkout", "set", index, "gateway.d/aliases")
    done = run(clone, command)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: gateway.d is only partly checked out: 3 reviewed files left out"
        " (gateway.d/apps/shop.yaml, gateway.d/budgets/shop.yaml, gateway.d/providers/acme.yaml)\n"
        "  = help: run `git sparse-checkout disable`, or `git sparse-checkout add` this folder\n"
    ), done.stderr
    assert "delete" not in done.stdout


def test_after_the_fix_that_it_names_all_is_read(origin: Repository) -> None:
    clone = clone_of(origin)
    clone.git("sparse-checkout", "set", "gateway.d/aliases")
    assert run(clone, "validate").returncode == 1
    clone.git("sparse-checkout", "add", "gateway.d")
    assert run(clone, "validate").returncode == 0
    clone.git("sparse-checkout", "set", "gateway.d/aliases")
    clone.git("sparse-checkout", "disable")
    assert run(clone, "validate").returncode == 0


def test_a_sparse_checkout_without_the_folder_says_so(origin: Repository) -> None:
    clone = clone_of(origin)
    clone.git("sparse-checkout", "set", "docs")
    assert not (clone.path / "gateway.d").exists()
    done = run(clone, "validate")
    assert "gateway.d is only partly checked out: 5 reviewed files left out" in done.stderr


def test_a_sparse_checkout_of_other_folders_changes_nothing(origin: Repository) -> None:
    write_files(origin.path / "other")
    origin.git("add", "-A")
    origin.git("commit", "--quiet", "-m", "Add another folder")
    clone = clone_of(origin)
    clone.git("sparse-checkout", "set", "gateway.d")
    assert not (clone.path / "other").exists()
    assert run(clone, "validate").returncode == 0


def test_a_commit_can_be_read_in_a_sparse_checkout(origin: Repository) -> None:
    clone = clone_of(origin)
    clone.git("sparse-checkout", "set", "gateway.d/aliases")
    assert run(clone, "validate", "--revision", "HEAD").returncode == 0


@pytest.mark.parametrize("bit", ["skip-worktree", "assume-unchanged"])
def test_a_file_that_git_was_told_to_overlook_is_not_deleted(origin: Repository, bit: str) -> None:
    origin.git("update-index", f"--{bit}", SHOP)
    (origin.path / SHOP).unlink()
    assert origin.git("status", "--porcelain") == ""
    message, help_ = refusal(origin)
    assert message == f"gateway.d is only partly checked out: 1 reviewed file left out ({SHOP})"
    assert f"git update-index --no-{bit} FILE" in help_
    origin.git("update-index", f"--no-{bit}", SHOP)
    origin.git("checkout", "--", SHOP)
    assert len(read(origin).files) == 5


@pytest.mark.parametrize("bit", ["skip-worktree", "assume-unchanged"])
def test_an_edit_that_git_was_told_to_overlook_is_no_clean_commit(
    origin: Repository, bit: str
) -> None:
    """Its commit would name other files than those that were applied."""
    origin.git("update-index", f"--{bit}", SHOP)
    assert not read(origin).revision.dirty
    with (origin.path / SHOP).open("a") as file:
        file.write("# mine\n")
    assert origin.git("status", "--porcelain") == ""
    assert read(origin).revision.dirty


def test_a_file_that_a_person_deleted_is_deleted(origin: Repository) -> None:
    (origin.path / SHOP).unlink()
    assert (len(read(origin).files), read(origin).revision.dirty) == (4, True)
    origin.git("rm", "--quiet", "--cached", SHOP)
    assert len(read(origin).files) == 4


@pytest.mark.parametrize(
    "name", ["gateway.d/README.md", "gateway.d/.hidden.yaml", "elsewhere.yaml"]
)
def test_what_would_not_be_read_may_be_left_out(origin: Repository, name: str) -> None:
    (origin.path / name).write_text("kind: App\n")
    origin.git("add", "-A")
    origin.git("commit", "--quiet", "-m", "Add a file")
    origin.git("update-index", "--skip-worktree", name)
    (origin.path / name).unlink()
    assert len(read(origin).files) == 5


# ── submodules ───────────────────────────────────────────────────────────────


@pytest.fixture
def with_submodule(origin: Repository, tmp_path: Path) -> Repository:
    def write(folder: Path) -> None:
        (folder / "spare.yaml").write_text('kind: Budget\nname: spare\nmonthly_aud: "1"\n')

    team = repository_with(write, tmp_path / "team")
    allow = ("-c", "protocol.file.allow=always")
    origin.git(*allow, "submodule", "--quiet", "add", str(team.path), "gateway.d/team")
    origin.git("commit", "--quiet", "-m", "Add the team's files")
    return origin


def test_a_submodule_that_is_not_checked_out_is_not_deleted(with_submodule: Repository) -> None:
    assert len(read(with_submodule).files) == 6
    clone = clone_of(with_submodule)
    message, help_ = refusal(clone)
    assert message == "the submodule gateway.d/team is not checked out, so its files are unknown"
    assert "git submodule update --init gateway.d/team" in help_
    assert run(clone, "validate").returncode == 1
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    assert len(read(clone).files) == 6


def test_a_sparse_submodule_is_no_whole_one(with_submodule: Repository) -> None:
    team = Repository(with_submodule.path / "gateway.d" / "team")
    team.git("update-index", "--skip-worktree", "spare.yaml")
    (team.path / "spare.yaml").unlink()
    assert refusal(with_submodule)[0] == (
        "gateway.d/team is only partly checked out: 1 reviewed file left out"
        " (gateway.d/team/spare.yaml)"
    )


def test_the_folder_itself_as_a_submodule_that_is_not_checked_out(
    with_submodule: Repository,
) -> None:
    clone = clone_of(with_submodule)
    done = CommandLine(clone.path).run("validate", "gateway.d/team", *BY_THEN)
    assert (done.returncode, "is not checked out" in done.stderr) == (1, True)


# ── clones without everything ────────────────────────────────────────────────


@pytest.mark.parametrize("filter_", ["blob:none", "tree:0"])
def test_a_partial_clone_reads_what_it_can_fetch_and_says_when_it_cannot(
    origin: Repository, filter_: str
) -> None:
    clone = clone_of(origin, "--no-checkout", f"--filter={filter_}")
    away = origin.path.rename(origin.path.with_name("away"))
    for command, more in (("validate", ()), ("review", ("--head", "HEAD"))):
        revision = ("--revision", "HEAD") if command == "validate" else ()
        done = run(clone, command, *revision, *more)
        assert done.returncode == 1
        assert "this is a partial clone, and what it lacks could not be fetched" in done.stderr
        assert (
            "= help: make the remote reachable, or clone it again without --filter" in done.stderr
        )
        assert "ownership" not in done.stderr
    away.rename(origin.path)
    assert run(clone, "validate", "--revision", "HEAD").returncode == 0


def test_a_damaged_object_is_not_called_ownership(origin: Repository) -> None:
    blob = origin.git("rev-parse", f"HEAD:{SHOP}")
    loose = origin.path / ".git" / "objects" / blob[:2] / blob[2:]
    loose.unlink()
    done = run(origin, "validate", "--revision", "HEAD")
    assert "an object that the commit needs is missing or damaged" in done.stderr
    assert ("git fsck" in done.stderr, "ownership" in done.stderr) == (True, False)


# ── names and links ──────────────────────────────────────────────────────────


def both_ways(repository: Repository) -> list[tuple[tuple[str, str], ...]]:
    """Return the problems of the folder as it is, and of its commit."""
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Add oddities")
    trees = (read(repository), GitSource(repository.path).read())
    return [
        tuple((problem.path.removeprefix(f"{repository.path}/"), problem.code)
              for problem in tree.problems)
        for tree in trees
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("gateway.d/apps/Shop.yaml", SHOP, id="a file"),
        pytest.param("gateway.d/Apps/shop.yaml", SHOP, id="its folder"),
        pytest.param("gateway.d/apps/caf\u00e9.yaml", "gateway.d/apps/cafe\u0301.yaml", id="accents"),
    ],
)  # fmt: skip
def test_names_that_are_one_on_a_mac_are_refused_everywhere(
    origin: Repository, one: str, other: str
) -> None:
    for name in (one, other):
        (origin.path / name).parent.mkdir(exist_ok=True)
        (origin.path / name).write_text("kind: App\n")
    later = max(one, other)
    assert both_ways(origin) == [((later, "AG018"),)] * 2
    assert "only in case" in run(origin, "validate").stdout


def test_a_link_to_a_folder_is_refused_in_a_commit_as_in_a_folder(origin: Repository) -> None:
    (origin.path / "shared.d").mkdir()
    (origin.path / "shared.d" / "spare.yaml").write_text("kind: Budget\n")
    (origin.path / "gateway.d" / "shared.d").symlink_to("../shared.d")
    assert both_ways(origin) == [(("gateway.d/shared.d", "AG017"),)] * 2


@pytest.mark.parametrize("name", ["gateway.d/gone.yaml", "gateway.d/gone", "gateway.d/gone.d"])
def test_a_link_that_leads_nowhere_is_refused_in_both(origin: Repository, name: str) -> None:
    (origin.path / name).symlink_to("nowhere")
    assert both_ways(origin) == [((name, "AG017"),)] * 2


def test_a_link_to_other_peoples_file_is_theirs_in_both(origin: Repository) -> None:
    (origin.path / "LICENSE.txt").write_text("MIT\n")
    (origin.path / "gateway.d" / "LICENSE.txt").symlink_to("../LICENSE.txt")
    assert both_ways(origin) == [(), ()]


# ── another user's repository ────────────────────────────────────────────────

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")


def given_away(repository: Repository, *, only_top: bool) -> None:
    below = () if only_top else tuple(repository.path.rglob("*"))
    for path in (repository.path, *below):
        os.chown(path, 54321, 54321, follow_symlinks=False)


@root_only
@pytest.mark.parametrize("only_top", [True, False], ids=["the top folder", "everything"])
@pytest.mark.parametrize(
    "words",
    [
        ("validate", "--revision", "HEAD"),
        ("review",),
        ("review", "--head", "HEAD", "--base", "HEAD"),
        ("review", "--snapshot", "git:gateway-state"),
    ],
)
def test_another_users_repository_names_safe_directory(
    origin: Repository, words: tuple[str, ...], *, only_top: bool
) -> None:
    given_away(origin, only_top=only_top)
    done = CommandLine(origin.path).run(*words, *BY_THEN)
    assert done.returncode == 1
    assert f"{origin.path} belongs to another user, so git refuses to read it" in done.stderr
    assert f"git config --global --add safe.directory {origin.path}" in done.stderr
    assert ("Broken pipe" in done.stderr, "fetch-depth" in done.stderr) == (False, False)


@root_only
@pytest.mark.parametrize("how", ["in a file", "in variables"])
def test_after_safe_directory_it_is_read(
    origin: Repository, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    given_away(origin, only_top=True)
    if how == "in a file":
        settings = origin.path.with_name("gitconfig")
        settings.write_text(f"[safe]\n\tdirectory = {origin.path}\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    else:
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(origin.path))
    assert run(origin, "validate", "--revision", "HEAD").returncode == 0
    assert run(origin, "review").returncode == 0


@root_only
def test_another_users_folder_is_read_and_still_proved_whole(origin: Repository) -> None:
    """As containers mount it; nothing of that repository runs, not even its monitor."""
    witness = origin.path / "ran"
    origin.git("config", "core.fsmonitor", f"touch {witness}; false")
    given_away(origin, only_top=False)
    assert run(origin, "validate").returncode == 0
    witness.unlink(missing_ok=True)
    Repository(origin.path).git(
        "-c", "safe.directory=*", "-c", "core.fsmonitor=", "update-index", "--skip-worktree", SHOP
    )
    (origin.path / SHOP).unlink()
    assert "only partly checked out" in run(origin, "validate").stderr
    assert not witness.exists()


# ── no git, or one that cannot say ───────────────────────────────────────────


def test_a_copy_without_its_repository_is_a_folder(origin: Repository) -> None:
    """A work tree that is mounted alone leads to a `.git` that is not there."""
    shutil.rmtree(origin.path / ".git")
    assert len(read(origin).files) == 5
    (origin.path / ".git").write_text("gitdir: /nonexistent/worktrees/x\n")
    assert len(read(origin).files) == 5


def test_without_a_git_program_a_folder_is_read(
    origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tree = DirectorySource(origin.path / "gateway.d", ask_git=False).read()
    assert len(tree.files) == 5


def test_a_damaged_index_is_no_whole_folder(origin: Repository) -> None:
    (origin.path / ".git" / "index").write_bytes(b"DIRC garbage")
    message, help_ = refusal(origin)
    assert "git cannot say whether" in message
    assert "until `git status` works" in help_


def test_a_hooks_variables_ask_no_other_index(
    origin: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.git("update-index", "--skip-worktree", SHOP)
    (origin.path / SHOP).unlink()
    monkeypatch.setenv("GIT_INDEX_FILE", str(origin.path / "no-index"))
    monkeypatch.setenv("GIT_DIR", str(origin.path / "nowhere"))
    assert "left out" in refusal(origin)[0]
