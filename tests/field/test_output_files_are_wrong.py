"""`-o FILE` everywhere: what a refused result says, and what is never created, lost or changed."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.cli.comment import pipeline
from aspire_gitops.forge import ForgeName
from support.command_line import PROGRAM, CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, commit_all, write_files

BY_THEN = ("--today", TODAY)
SCAN = ("egress", "scan", "--gateway-url", "https://llm.example.com/v1", "--jobs", "1", "app")
# Each command that has `-o`, and how FILE is named there.
WRITERS = {
    "plan": (("plan", *BY_THEN), "{}"),
    "snapshot": (("snapshot",), "{}"),
    "codeowners": (("codeowners", *BY_THEN, "--default", "@acme/platform"), "{}"),
    "review": (("review", "--base", "HEAD", *BY_THEN), "json={}"),
    "egress": (SCAN, "json={}"),
}
FOLDER_WRITERS = {"compile": ("compile", *BY_THEN), "schema": ("schema",)}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    write_files(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("import openai\nclient = openai.OpenAI()\n")
    commit_all(tmp_path, "Add the gateway")
    with serving(FakeGateway()) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        yield CommandLine(tmp_path, variables)


def write_with(shell: CommandLine, name: str, file: str) -> tuple[int, str]:
    words, form = WRITERS[name]
    done = shell.run(*words, "-o", form.format(file))
    return done.returncode, done.stdout + done.stderr


def names_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if ".git/" not in str(path)}


# ── a refused result ─────────────────────────────────────────────────────────


def test_a_refused_plan_never_says_carry_it_out(shell: CommandLine) -> None:
    assert shell.run("apply", "--yes", *BY_THEN).returncode == 0
    (shell.folder / "gateway.d" / "apps" / "shop.yaml").unlink()
    (shell.folder / "gateway.d" / "aliases" / "chat.yaml").unlink()
    done = shell.run("plan", *BY_THEN, "-o", "plan.json")
    assert done.returncode == 1
    assert "· wrote plan.json: the plan is refused, and apply would refuse this file" in done.stderr
    assert "apply it" not in done.stderr
    assert "refused" in shell.run("apply", "--plan", "plan.json", "--yes").stderr


def test_a_plan_with_nothing_to_do_names_no_next_step(shell: CommandLine) -> None:
    assert "apply --plan plan.json" in shell.run("plan", *BY_THEN, "-o", "plan.json").stderr
    shell.run("apply", "--yes", *BY_THEN)
    assert "· wrote plan.json\n" in shell.run("plan", *BY_THEN, "-o", "plan.json").stderr


def test_the_next_step_can_be_pasted_into_a_shell(shell: CommandLine) -> None:
    done = shell.run("plan", *BY_THEN, "-o", "my plan; x.json")
    assert "apply --plan 'my plan; x.json'\n" in done.stderr


def test_a_saved_plan_is_not_judged_by_another_day(shell: CommandLine) -> None:
    shell.run("plan", *BY_THEN, "-o", "plan.json")
    done = shell.run("apply", "--plan", "plan.json", "--yes", "--today", "2030-01-01")
    assert (done.returncode, "--today" in done.stderr) == (64, True)


# ── where it writes ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_folder_is_not_made_and_the_fix_is_named(shell: CommandLine, name: str) -> None:
    before = names_below(shell.folder)
    code, said = write_with(shell, name, "no such/folder/out.json")
    assert code == 64
    assert "no such/folder/out.json cannot be written: there is no folder no such/folder" in said
    assert "= help: create it (mkdir -p 'no such/folder'), or choose another path" in said
    assert names_below(shell.folder) == before


@pytest.mark.parametrize("name", FOLDER_WRITERS)
def test_an_output_folder_is_made_and_those_around_it_are_not(
    shell: CommandLine, name: str
) -> None:
    done = shell.run(*FOLDER_WRITERS[name], "-o", "typo/out")
    assert (done.returncode, "there is no folder typo" in done.stderr) == (64, True)
    assert not (shell.folder / "typo").exists()
    assert shell.run(*FOLDER_WRITERS[name], "-o", "out").returncode == 0


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("place", ["app", "app/", ".", "/"])
def test_a_folder_in_place_of_a_file_is_told(shell: CommandLine, name: str, place: str) -> None:
    code, said = write_with(shell, name, place)
    assert (code, "is a folder, and a file is needed" in said, "= help: " in said) == (
        64,
        True,
        True,
    )


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_in_place_of_its_folder_is_told(shell: CommandLine, name: str) -> None:
    code, said = write_with(shell, name, "app/a.py/out.json")
    assert (code, "app/a.py is a file" in said) == (64, True)


@pytest.mark.parametrize("name", FOLDER_WRITERS)
def test_a_file_in_place_of_an_output_folder_is_told(shell: CommandLine, name: str) -> None:
    done = shell.run(*FOLDER_WRITERS[name], "-o", "app/a.py")
    assert (done.returncode, "app/a.py is a file, and a folder is needed" in done.stderr) == (
        64,
        True,
    )


@pytest.mark.parametrize("place", ["gateway.d", "gateway.d/build", "app/../gateway.d"])
def test_compile_never_writes_among_the_reviewed_files(shell: CommandLine, place: str) -> None:
    done = shell.run("compile", *BY_THEN, "-o", place)
    assert (done.returncode, "would count as a reviewed file" in done.stderr) == (64, True)
    assert shell.run("validate", *BY_THEN).returncode == 0


# ── what it leaves there ─────────────────────────────────────────────────────


@pytest.mark.parametrize("name", WRITERS)
def test_an_existing_file_keeps_its_mode(shell: CommandLine, name: str) -> None:
    out = shell.folder / "out.json"
    out.write_text("")
    out.chmod(0o600)
    write_with(shell, name, "out.json")
    assert (stat.S_IMODE(out.stat().st_mode), out.stat().st_size > 0) == (0o600, True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_is_followed_and_stays_a_link(shell: CommandLine, name: str) -> None:
    (shell.folder / "of-today.json").write_text("")
    (shell.folder / "latest.json").symlink_to("of-today.json")
    write_with(shell, name, "latest.json")
    assert (shell.folder / "latest.json").is_symlink()
    assert (shell.folder / "of-today.json").stat().st_size > 0


@pytest.mark.parametrize("name", WRITERS)
def test_a_link_that_leads_nowhere_is_told(shell: CommandLine, name: str) -> None:
    (shell.folder / "latest.json").symlink_to("nowhere/of-today.json")
    code, said = write_with(shell, name, "latest.json")
    assert (code, "latest.json is a link that leads nowhere" in said) == (64, True)


def test_a_device_is_written_to_and_never_replaced(shell: CommandLine) -> None:
    """root may rename a file over /dev/null."""
    null = shell.folder / "null"
    try:
        os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        null.write_bytes(b"")
    except OSError:
        pytest.skip("this machine lets nobody make a device")
    code, said = write_with(shell, "egress", "null")
    assert (code, stat.S_ISCHR(null.stat().st_mode)) == (1, True), said


@pytest.mark.slow
def test_stdout_may_be_named_as_the_file(shell: CommandLine) -> None:
    """Redirected to a file that has lines already, as `>> all.txt` does it."""
    log = shell.folder / "all.txt"
    log.write_text("first\n")
    with log.open("ab") as appended:
        subprocess.run(
            [*PROGRAM, *SCAN, "--format", "github", "-o", "json=/dev/stdout"],
            cwd=shell.folder, env=shell.environment(), stdout=appended, check=False,
        )  # fmt: skip
    text = log.read_text()
    assert text.startswith("first\n")
    assert ('"errors": 1' in text, "::error file=app/a.py" in text) == (True, True)


@pytest.mark.slow
def test_a_write_that_fails_leaves_the_old_file_and_no_draft(shell: CommandLine) -> None:
    """As on a full disk: the limit on a file's size makes the kernel refuse the write."""
    (shell.folder / "plan.json").write_text("the plan of yesterday\n")
    before = names_below(shell.folder)
    limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@" 2> /dev/null', "sh", *PROGRAM]
    done = subprocess.run(
        [*limited, "plan", *BY_THEN, "-o", "plan.json"],
        cwd=shell.folder, env=shell.environment(), check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 64
    assert (shell.folder / "plan.json").read_text() == "the plan of yesterday\n"
    assert names_below(shell.folder) == before


def test_a_summary_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/summary.md")
    assert not pipeline(ForgeName.GITHUB).add_to_summary("Nothing changes.\n")
    assert "GITHUB_STEP_SUMMARY names no/such/summary.md, which" in capsys.readouterr().err
