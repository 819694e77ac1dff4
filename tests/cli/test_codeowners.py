"""`codeowners` as people and pre-commit call it."""

from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.small_source import TODAY, commit_all, write_files

BY_THEN = ("--today", TODAY)
DEFAULT = ("--default", "@acme/platform")
FILE = (*BY_THEN, *DEFAULT, "-o", ".github/CODEOWNERS")


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    write_files(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github").mkdir()
    return CommandLine(tmp_path)


def change_owner(folder: Path, new: str) -> None:
    app = folder / "gateway.d" / "apps" / "shop.yaml"
    app.write_text(app.read_text().replace("platform@example.com", new))


def test_it_is_printed(shell: CommandLine) -> None:
    result = shell.run("codeowners", *BY_THEN, *DEFAULT)
    assert (result.returncode, result.stderr) == (0, "")
    assert "\n/gateway.d/apps/shop.yaml platform@example.com\n" in result.stdout
    assert "\n/gateway.d/ @acme/platform\n" in result.stdout


def test_written_it_is_fresh_until_an_owner_changes(shell: CommandLine) -> None:
    assert shell.run("codeowners", *FILE).stdout == "written   .github/CODEOWNERS\n"
    assert shell.run("codeowners", *FILE).stdout == "unchanged .github/CODEOWNERS\n"
    assert shell.run("codeowners", *FILE, "--check").returncode == 0

    change_owner(shell.folder, "shop@example.com")
    stale = shell.run("codeowners", *FILE, "--check")

    assert (stale.returncode, stale.stdout) == (1, "out of date: .github/CODEOWNERS\n")
    command = "aspire-gitops codeowners --today 2026-11-23 --output .github/CODEOWNERS"
    assert stale.stderr == f"  = help: run `{command} --default @acme/platform`\n"
    assert "shop@example.com" not in (shell.folder / ".github/CODEOWNERS").read_text()


def test_a_line_below_the_block_would_win_and_is_told(shell: CommandLine) -> None:
    shell.run("codeowners", *FILE)
    with (shell.folder / ".github/CODEOWNERS").open("a") as file:
        file.write("/gateway.d/apps/ @somebody\n")
    result = shell.run("codeowners", *FILE, "--check")
    assert result.returncode == 1
    assert "this line is below our block and overrides it" in result.stderr


def test_a_file_below_the_root_and_a_prefix(shell: CommandLine) -> None:
    result = shell.run("codeowners", *BY_THEN, *DEFAULT, "--prefix", "infra/llm gateway")
    assert "\n/infra/llm\\ gateway/apps/shop.yaml platform@example.com\n" in result.stdout


def test_a_commit_is_read_as_it_was(tmp_path: Path) -> None:
    write_files(tmp_path)
    commit_all(tmp_path, "first")
    change_owner(tmp_path, "shop@example.com")
    result = CommandLine(tmp_path).run("codeowners", "git:HEAD", *BY_THEN, *DEFAULT)
    assert "/gateway.d/apps/shop.yaml platform@example.com\n" in result.stdout


def test_from_another_folder_paths_are_the_repositorys(shell: CommandLine) -> None:
    elsewhere = CommandLine(shell.folder / "gateway.d")
    result = elsewhere.run("codeowners", ".", *BY_THEN, *DEFAULT)
    assert "\n/gateway.d/apps/shop.yaml platform@example.com\n" in result.stdout


def test_a_shared_budget_is_told(shell: CommandLine) -> None:
    apps = shell.folder / "gateway.d" / "apps"
    text = (apps / "shop.yaml").read_text().replace("shop", "blog", 1)
    (apps / "blog.yaml").write_text(text.replace("platform@", "blog@"))
    result = shell.run("codeowners", *BY_THEN, *DEFAULT)
    assert "shared: any one of blog@example.com, platform@example.com may approve" in result.stderr


def test_an_old_exchange_rate_changes_no_owner(shell: CommandLine) -> None:
    assert shell.run("codeowners", "--today", "2027-11-23", *DEFAULT).returncode == 0


def test_files_with_mistakes_have_no_owners_yet(shell: CommandLine) -> None:
    app = shell.folder / "gateway.d" / "apps" / "shop.yaml"
    app.write_text(app.read_text().replace("owner:", "ownr:"))
    result = shell.run("codeowners", *BY_THEN, *DEFAULT)
    assert (result.returncode, "AG104" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(("--default", "platform"), "invalid owner 'platform'", id="not an owner"),
        pytest.param((*DEFAULT, "--check"), "name it with --output", id="nothing to check"),
        pytest.param(
            (*DEFAULT, "--team", "@acme/web"), "invalid --team '@acme/web'", id="half a team"
        ),
        pytest.param((), "write `owner:` in the Gateway", id="nobody owns the rest"),
    ],
)
def test_wrong_usage_is_64(shell: CommandLine, arguments: tuple[str, ...], complaint: str) -> None:
    result = shell.run("codeowners", *BY_THEN, *arguments)
    assert (result.returncode, complaint in result.stderr) == (64, True)


def test_outside_of_a_repository_the_prefix_must_be_said(tmp_path: Path) -> None:
    write_files(tmp_path)
    shell = CommandLine(tmp_path)
    assert (
        "give its path in the repository with --prefix" in shell.run("codeowners", *DEFAULT).stderr
    )
    assert shell.run("codeowners", *BY_THEN, *DEFAULT, "--prefix", "gateway.d").returncode == 0
