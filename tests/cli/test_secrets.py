"""`secrets`: what must not be committed is found in any file, and never shown."""

from pathlib import Path

import pytest

from support.command_line import CommandLine

KEY = "sk-ant-" + "api03-Abcdefgh0123456789"


@pytest.fixture
def shell(tmp_path: Path) -> CommandLine:
    (tmp_path / "gateway.d").mkdir()
    return CommandLine(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("x.yaml", f"credential: {KEY}\n".encode(), id="a value"),
        pytest.param("x.yaml", f"# was {KEY}\n".encode(), id="a comment"),
        pytest.param("x.yaml", f"a: [\n\t{KEY}: }}\n".encode(), id="no YAML"),
        pytest.param("notes.md", f"the key is {KEY}\n".encode(), id="no YAML file"),
        pytest.param("x.yaml", b"\xff\xfe\x80 " + KEY.encode(), id="no text"),
        pytest.param("x.yaml", KEY.encode("utf-16"), id="UTF-16"),
        pytest.param("two\nlines.md", KEY.encode(), id="a hostile file name"),
    ],
)
def test_a_secret_is_found_and_not_shown(shell: CommandLine, name: str, content: bytes) -> None:
    (shell.folder / "gateway.d" / name).write_bytes(content)

    result = shell.run("secrets")

    assert result.returncode == 1
    assert "AG304 literal-secret" in result.stdout
    assert "Abcdefgh" not in result.stdout + result.stderr


def test_files_are_named_one_by_one(shell: CommandLine) -> None:
    (shell.folder / "bad.env").write_text(f"KEY={KEY}\n")
    (shell.folder / "good.env").write_text("KEY=${KEY}\n")

    assert shell.run("secrets", "good.env").returncode == 0
    result = shell.run("secrets", "good.env", "bad.env", "--format", "github")
    assert (result.returncode, result.stdout.count("::error file=bad.env,line=1")) == (1, 1)


def test_a_folder_counts_whole_but_for_gits_own(shell: CommandLine) -> None:
    for folder in (".git", "gateway.d/deep/er"):
        (shell.folder / folder).mkdir(parents=True)
        (shell.folder / folder / ".hidden").write_text(KEY)
    result = shell.run("secrets", ".")
    assert (result.returncode, result.stdout.count("AG304")) == (1, 1)
    assert "gateway.d/deep/er/.hidden:1:1: AG304" in result.stdout


def test_references_are_no_secrets(shell: CommandLine) -> None:
    (shell.folder / "gateway.d" / "x.yaml").write_text("credential: {env: ACME_API_KEY}\n")
    result = shell.run("secrets")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_aspires_own_files_hold_none() -> None:
    assert CommandLine(Path(__file__).parents[2]).run("secrets").returncode == 0


def test_a_file_that_is_not_there_is_64(shell: CommandLine) -> None:
    result = shell.run("secrets", "nothing.yaml")
    assert (result.returncode, "name existing files or folders" in result.stderr) == (64, True)
