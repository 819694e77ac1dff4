"""60 columns, no Unicode, no colour, no cursor: what people see on the terminals that they have."""

import fcntl
import json
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aspire_gitops.cli.program import Program
from aspire_gitops.cli.streams import plain_signs
from aspire_gitops.cli.terminal import fold
from support.command_line import PROGRAM, CommandLine
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.small_source import TODAY, write_files

COLUMNS = 60
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|x[0-9a-f]{2})")
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    write_files(tmp_path)
    with serving(FakeGateway()) as url:
        variables = {
            "ASPIRE_GITOPS_GATEWAY_URL": url,
            "ASPIRE_GITOPS_ADMIN_KEY": ADMIN_KEY,
            "ASPIRE_GITOPS_DELIVERY_ROOT": str(tmp_path / "keys"),
            "ACME_API_KEY": "sk-acme-planted-0123456789",
        }
        yield CommandLine(tmp_path, variables)


def on_terminal(shell: CommandLine, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run it on a terminal of 60 columns; returns its exit code and what it wrote."""
    environment = {**shell.environment(), "TERM": "xterm", **variables}
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        os.chdir(shell.folder)
        os.execvpe(PROGRAM[0], [*PROGRAM, *arguments], environment)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when nobody holds the other end any more
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, shown.decode().replace("\r\n", "\n")


def too_wide(shown: str) -> list[str]:
    """Return the lines that the terminal would cut in a word. A longer word can only be cut."""
    lines = SEQUENCE.sub("", shown).replace("\r", "\n").split("\n")
    return [line for line in lines if len(line) > COLUMNS and len(line.split()) > 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", *Program.lazy])
def test_help_fits_into_sixty_columns(tmp_path: Path, name: str) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    code, shown = on_terminal(CommandLine(tmp_path), *arguments)
    assert (code, too_wide(shown)) == (0, [])
    names = re.findall(r"ASPIRE_GITOPS_[A-Z_]*", shown)
    assert all(found.rstrip("_") == found for found in names), "a variable's name is cut"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["explain", "AG201"], id="a rule's page"),
        pytest.param(["explain", "alias", "chat", "--today", TODAY], id="an alias's card"),
        pytest.param(["plan", "--today", TODAY], id="a plan"),
        pytest.param(["apply", "--today", TODAY, "--yes"], id="an apply"),
        pytest.param(["validate", "nowhere"], id="an error"),
        pytest.param(["spend", "--today", TODAY], id="no ledger"),
        pytest.param(["log"], id="no journal"),
    ],
)
def test_output_fits_into_sixty_columns(shell: CommandLine, arguments: list[str]) -> None:
    _, shown = on_terminal(shell, *arguments)
    assert shown
    assert too_wide(shown) == []
    assert "Traceback" not in shown


@pytest.mark.slow
def test_findings_fit_into_sixty_columns(shell: CommandLine) -> None:
    path = shell.folder / "gateway.d" / "apps" / "shop.yaml"
    path.write_text(path.read_text().replace("chat", "chatt"))
    code, shown = on_terminal(shell, "validate", "--today", TODAY)
    assert (code, too_wide(shown)) == (1, [])
    assert "did you mean" in " ".join(shown.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"LC_ALL": "C"}, id="LC_ALL=C"),
        pytest.param({"LANG": "C"}, id="LANG=C"),
        pytest.param({"PYTHONIOENCODING": "ascii"}, id="PYTHONIOENCODING=ascii"),
        pytest.param({"PYTHONIOENCODING": "latin-1"}, id="latin-1"),
        pytest.param(
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="a strict C locale"
        ),
    ],
)
def test_signs_have_plain_forms_where_unicode_is_missing(
    shell: CommandLine, variables: dict[str, str]
) -> None:
    commands = [
        ["controller", "--help"],
        ["plan", "--today", TODAY],
        ["apply", "--today", TODAY, "--yes"],
        ["explain", "AG201"],
    ]
    for arguments in commands:
        _, on_screen = on_terminal(shell, *arguments, **variables)
        piped = CommandLine(shell.folder, {**shell.variables, **variables}).run_process(*arguments)
        for shown in (on_screen, piped.stdout, piped.stderr):
            assert ESCAPE.findall(shown) == []
        if "LC_ALL" in variables or variables == {"PYTHONIOENCODING": "ascii"}:
            assert on_screen.isascii()


@pytest.mark.slow
def test_a_pager_shows_plain_signs_too(shell: CommandLine) -> None:
    code, shown = on_terminal(shell, "controller", "--help", LC_ALL="C")
    assert (code, "--reason ..." in shown) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_no_colour_and_no_cursor_movement_where_they_are_not_wanted(
    shell: CommandLine, variables: dict[str, str]
) -> None:
    for arguments in (
        ["plan", "--today", TODAY],
        ["apply", "--today", TODAY, "--yes"],
        ["validate", "nowhere"],
        ["egress", "scan", "."],
        ["log"],
    ):
        _, shown = on_terminal(shell, *arguments, **variables)
        colours = [found for found in re.findall(r"\x1b\[([0-9;]*)m", shown) if "3" in found]
        assert colours == [], arguments
        if variables.get("TERM") == "dumb":
            assert "\x1b" not in shown, arguments


def plain(text: str) -> str:
    return text.encode("ascii", "aspire-gitops-plain").decode()


def test_plain_forms() -> None:
    assert plain("a → b … ✓ ━┏ ⠋ “x”") == 'a -> b ... ok -+ * "x"'
    assert plain("Zoë") == "Zo\\xeb"  # two names that differ must look different
    assert json.loads(plain('{"a": "é→😀"}')) == {"a": "é→😀"}
    with pytest.raises(UnicodeDecodeError):
        plain_signs(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"))


@given(some.text(some.sampled_from("ab -\x1b[1m│é→"), max_size=200), some.integers(20, 100))
def test_folding_loses_no_word_and_adds_none(text: str, width: int) -> None:
    parts = list(fold(text, width))
    assert " ".join(parts).split() == text.split()
    assert fold(parts[0], width) if parts else True
