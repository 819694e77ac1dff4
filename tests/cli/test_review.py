"""`aspire-gitops review` as people and CI type it, on real repositories."""

import json
import re
import shutil
from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.git_repository import Repository
from support.reviews import CASES, REVIEWS

DAY = ("--today", "2026-11-23")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """main has the gallery's base; `topic` swaps an alias of it."""
    made = Repository(tmp_path / "repository")
    shutil.copytree(REVIEWS / "base", made.path)
    made.git("init", "--quiet", "--template=", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "--quiet", "-m", "Add the gateway")
    on_branch(made, "topic", "alias-swap")
    return made


@pytest.fixture
def shell(repository: Repository) -> CommandLine:
    return CommandLine(repository.path)


def on_branch(repository: Repository, branch: str, case: str) -> None:
    """Commit what a golden case changes on a branch of its own, and go back to main."""
    repository.git("checkout", "--quiet", "-b", branch)
    shutil.copytree(CASES / case / "head", repository.path, dirs_exist_ok=True)
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", f"Try {case}")
    repository.git("checkout", "--quiet", "main")


def publish(repository: Repository, content: str) -> None:
    """Push a snapshot to a branch of its own, as the controller does."""
    repository.git("checkout", "--quiet", "--orphan", "gateway-state")
    repository.git("rm", "--quiet", "-rf", ".")
    (repository.path / "snapshot.json").write_text(content)
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Publish")
    repository.git("checkout", "--quiet", "main")


def snapshot(**changes: object) -> str:
    document = json.loads((REVIEWS / "snapshot.json").read_text())
    return json.dumps(document | changes)


def test_a_branch_is_reviewed_as_its_pull_request_shows_it(shell: CommandLine) -> None:
    done = shell.run("review", "--head", "topic", *DAY)
    assert done.returncode == 0
    assert done.stdout.startswith(
        "qwen-chat moves from cloud-first to anthropic, another company: it touches 3 apps"
    )
    assert "unknown: There is no snapshot of the gateway" in done.stdout
    assert re.search(r"main@\w{7} → topic@\w{7}, 13 files", done.stderr)


def test_the_folder_as_it_is_counts_without_a_head(
    shell: CommandLine, repository: Repository
) -> None:
    budget = repository.path / "gateway.d" / "budgets" / "agents.yaml"
    budget.write_text(budget.read_text().replace("120", "150"))
    done = shell.run("review", *DAY)
    assert done.stdout.startswith("The cap of agents rises from 120.00 to 150.00 AUD")


def test_paths_are_the_repositorys_wherever_the_program_runs(repository: Repository) -> None:
    alias = repository.path / "gateway.d" / "aliases" / "qwen-chat.yaml"
    alias.write_text(alias.read_text().replace("cloud-first", "cloudfirst"))
    shell = CommandLine(repository.path / "gateway.d")
    done = shell.run("review", ".", "--format", "github", *DAY)
    assert done.returncode == 1
    assert "::error file=gateway.d/aliases/qwen-chat.yaml,line=5" in done.stdout


def test_a_published_snapshot_brings_money_and_the_real_plan(
    shell: CommandLine, repository: Repository
) -> None:
    publish(repository, snapshot())
    done = shell.run("review", "--head", "topic", "--snapshot", "git:gateway-state", *DAY)
    assert "would have cost 40.10 AUD more for the calls of the last 30 days" in done.stdout
    assert "snapshot 4 hours old" in done.stdout


def test_a_snapshot_file_does_the_same(shell: CommandLine, repository: Repository) -> None:
    (repository.path / "snapshot.json").write_text(snapshot())
    done = shell.run("review", "--head", "topic", "--snapshot", "snapshot.json", *DAY)
    assert "40.10 AUD more" in done.stdout


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"version": 7}, "newer aspire-gitops (version 7", id="a newer version"),
        pytest.param({"owner": "somebody"}, "of owner somebody, and we are", id="another owner"),
        pytest.param({"digest": 4}, "is not a snapshot of this version", id="not readable"),
        pytest.param(
            {"gateway": "https://other.example/v1", "objects": []},
            "https://other.example",
            id="another gateway",
        ),
    ],
)
def test_a_snapshot_that_does_not_fit_is_no_reason_to_review_nothing(
    shell: CommandLine, repository: Repository, changes: dict[str, object], sentence: str
) -> None:
    publish(repository, snapshot(**changes))
    done = shell.run("review", "--head", "topic", "--snapshot", "git:gateway-state", "--format", "json", *DAY)  # fmt: skip
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["live"] is None
    assert document["plan"] is not None
    assert sentence in " ".join(document["unknown"])


def test_a_branch_that_nobody_published_to_is_told_and_no_fault(shell: CommandLine) -> None:
    done = shell.run("review", "--head", "topic", "--snapshot", "git:gateway-state", *DAY)
    assert done.returncode == 0
    assert "warning: git:gateway-state has no snapshot.json" in done.stderr
    assert "unknown: git:gateway-state has no snapshot.json" in done.stdout


def test_mistakes_of_head_are_shown_beside_what_can_be_reviewed(
    shell: CommandLine, repository: Repository
) -> None:
    on_branch(repository, "wrong", "mistake")
    done = shell.run("review", "--head", "wrong", "--format", "markdown", *DAY)
    assert done.returncode == 1
    assert done.stdout.startswith("**The files have 2 errors, so nothing of this can be applied**")
    assert "`~` alias `qwen-chat`" in done.stdout


def test_a_plan_that_is_refused_fails(shell: CommandLine, repository: Repository) -> None:
    publish(repository, snapshot())
    on_branch(repository, "cap", "cap-below-spend")
    done = shell.run("review", "--head", "cap", "--snapshot", "git:gateway-state", *DAY)
    assert done.returncode == 1
    assert "refused AG508" in done.stdout


def test_a_file_that_is_no_yaml_in_base_or_head_stops_nothing(
    shell: CommandLine, repository: Repository
) -> None:
    broken = repository.path / "gateway.d" / "aliases" / "broken.yaml"
    broken.write_text("kind: [\n")
    done = shell.run("review", *DAY)
    assert done.returncode == 1
    assert "error AG001 gateway.d/aliases/broken.yaml:" in done.stdout
    repository.git("add", "-A")
    repository.git("commit", "--quiet", "-m", "Break it")
    broken.unlink()
    assert shell.run("review", "--base", "HEAD", *DAY).returncode == 0


def test_unrelated_histories_are_compared_as_they_are(
    shell: CommandLine, repository: Repository
) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.git("commit", "--quiet", "-m", "Begin again")
    done = shell.run("review", "--base", "topic", "--head", "other", *DAY)
    assert done.returncode == 0
    assert "Base and head have no commit in common" in done.stdout


def test_odd_file_names_are_shown_and_do_not_act(
    shell: CommandLine, repository: Repository
) -> None:
    odd = repository.path / "gateway.d" / "aliases" / "a`b|<img>::error:: @team.yaml"
    odd.write_text("kind: Alias\nname: x\n")
    done = shell.run("review", "--format", "markdown", *DAY)
    assert done.returncode == 1
    assert "<img>" not in done.stdout
    assert "a&#96;b&#124;&#60;img&#62;" in done.stdout


def test_several_outputs_from_one_review(shell: CommandLine, repository: Repository) -> None:
    outputs = {
        "markdown": "comment.md",
        "summary": "summary.md",
        "markdown-full": "full.md",
        "json": "review.json",
        "sarif": "findings.sarif",
        "github": "annotations.txt",
        "text": "review.txt",
    }
    flags = [flag for name, file in outputs.items() for flag in ("-o", f"{name}={file}")]
    done = shell.run("review", "--head", "topic", *flags, *DAY)
    assert done.returncode == 0
    for file in outputs.values():
        assert (repository.path / file).read_text(), file
        assert f"wrote {file}" in done.stderr
    assert json.loads((repository.path / "review.json").read_text())["version"] == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(("--base", "nowhere"), "has no revision 'nowhere'", id="an unknown base"),
        pytest.param(("--head", "nowhere"), "has no revision 'nowhere'", id="an unknown head"),
        pytest.param(("--head=--all",), "invalid revision '--all'", id="a flag as a revision"),
        pytest.param(
            ("-o", "comment.md"), "write it as FORMAT=FILE", id="an output without a format"
        ),
        pytest.param(("-o", "pdf=x"), "write it as FORMAT=FILE", id="an unknown format"),
        pytest.param(
            ("--snapshot", "nothing.json"), "nothing.json cannot be read", id="no snapshot"
        ),
        pytest.param(
            ("--snapshot", "gateway-state"), "or a branch as git:gateway-state", id="a branch"
        ),
        pytest.param(("--owner", "NO WAY"), "write small letters", id="a name that is none"),
    ],
)
def test_wrong_usage(shell: CommandLine, arguments: tuple[str, ...], complaint: str) -> None:
    done = shell.run("review", *arguments, *DAY)
    assert done.returncode == 64
    assert complaint in done.stderr


def test_a_folder_outside_of_git_is_wrong_usage(tmp_path: Path) -> None:
    shutil.copytree(REVIEWS / "base" / "gateway.d", tmp_path / "gateway.d")
    done = CommandLine(tmp_path).run("review", *DAY)
    assert done.returncode == 64
    assert "is in no git repository" in done.stderr
