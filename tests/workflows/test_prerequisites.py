"""What `make check` says in its first second: what is missing, and how to install it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "ci" / "prerequisites.py"
PROGRAMS = (
    *("make", "git", "ssh", "ssh-keygen", "gpg", "gpg-agent", "unshare"),
    *("postgres", "chromium"),  # there, so that this machine's processor does not matter
)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A `PATH` with everything that is needed, each doing nothing."""
    for name in PROGRAMS:
        add(tmp_path / name, "exit 0")
    return tmp_path


def add(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def ask(path: Path, *words: str, before: str = "pass") -> "subprocess.CompletedProcess[str]":
    """Run the script, after a line of Python that makes this machine another one."""
    code = f"import os, platform, runpy, sys; {before}; runpy.run_path({str(SCRIPT)!r}, {{}}, '__main__')"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_silent_where_nothing_is_missing(programs: Path) -> None:
    done = ask(programs, before="os.geteuid = lambda: 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("git", "missing: git (sources, and most tests): apt-get install git"),
        ("ssh", "missing: ssh (a remote over ssh): apt-get install openssh-client"),
        ("ssh-keygen", "missing: ssh-keygen (signed commits): apt-get install openssh-client"),
        ("gpg", "missing: gpg (signed commits): apt-get install gnupg"),
    ],
)
def test_a_missing_program_is_one_line_with_the_remedy(
    programs: Path, program: str, line: str
) -> None:
    (programs / program).unlink()
    done = ask(programs)
    assert (done.returncode, done.stderr.splitlines()) == (1, [line])


@pytest.mark.parametrize(
    ("gone", "before", "expected"),
    [
        pytest.param(
            "unshare",
            "os.geteuid = lambda: 0",
            "missing: user namespaces (PostgreSQL refuses to run as root): "
            "run as an ordinary user, or allow them",
            id="root that cannot be another",
        ),
        pytest.param(
            "chromium",
            "platform.machine = lambda: 'aarch64'",
            "missing: Chromium (no package for aarch64): apt-get install chromium",
            id="a processor without a packaged browser",
        ),
        pytest.param(
            "make",
            "sys.platform = 'darwin'",
            "missing: Linux (the real gateway runs on nothing else): use a VM",
            id="another system",
        ),
        pytest.param(
            "make",
            "import importlib.util as u; found = u.find_spec; "
            "u.find_spec = lambda name: None if name == 'ensurepip' else found(name)",
            "missing: venv (Python's own, for .venv): apt-get install python3-venv",
            id="a Python without venv",
        ),
    ],
)
def test_what_a_machine_cannot_do_is_said_with_the_remedy(
    programs: Path, gone: str, before: str, expected: str
) -> None:
    (programs / gone).unlink()
    done = ask(programs, before=before)
    assert done.returncode == 1
    assert expected in done.stderr


def test_a_python_without_a_packaged_postgresql_needs_the_machine_s(programs: Path) -> None:
    (programs / "postgres").unlink()
    no_debian = "import pathlib; pathlib.Path.glob = lambda *_: iter(())"
    newer = f"{no_debian}; sys.version_info = (3, 15)"
    assert ask(programs, before=no_debian).returncode == (0 if packaged_here() else 1)
    assert "missing: PostgreSQL (no package for Python" in ask(programs, before=newer).stderr


def packaged_here() -> bool:
    return os.uname().machine in {"x86_64", "aarch64"} and sys.version_info < (3, 15)


def test_debian_s_packages_are_named_once(programs: Path) -> None:
    assert ask(programs, "--debian").stdout == ""
    for name in ("ssh", "ssh-keygen", "gpg", "gpg-agent"):
        (programs / name).unlink()
    done = ask(programs, "--debian")
    assert (done.returncode, done.stdout) == (0, "gnupg\nopenssh-client\n")


def test_make_check_says_it_before_it_does_anything(programs: Path) -> None:
    make = shutil.which("make")
    assert make
    (programs / "gpg").unlink()
    done = subprocess.run(
        [make, "--no-print-directory", "check", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("missing: gpg (signed commits): apt-get install gnupg\n")
