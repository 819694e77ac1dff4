"""Say what this machine lacks for `make check` and cannot get as a package.

    python3 ci/prerequisites.py             one line for each missing thing; ends with 1 if any
    python3 ci/prerequisites.py --debian    the names of Debian's packages that bring them

It runs before anything is installed, so it needs the standard library alone.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

_POSTGRESQL = Path("/usr/lib/postgresql")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Missing:
    """What is missing, what for, and what to do about it.

    Attributes:
        debian: The package that brings it, None where none does.
        otherwise: The remedy where no package is one.
    """

    what: str
    why: str
    debian: str | None
    otherwise: str = ""

    def __str__(self) -> str:
        remedy = f"apt-get install {self.debian}" if self.debian else self.otherwise
        return f"missing: {self.what} ({self.why}): {remedy}"


def missing() -> Iterator[Missing]:
    """Yield what is missing, in the order in which a run would notice."""
    yield from _programs()
    if not find_spec("ensurepip"):
        yield Missing("venv", "Python's own, for .venv", "python3-venv")
    if sys.platform != "linux":
        yield Missing("Linux", "the real gateway runs on nothing else", None, "use a VM")
    elif os.geteuid() == 0 and not _root_can_be_another():
        yield Missing(
            "user namespaces",
            "PostgreSQL refuses to run as root",
            None,
            "run as an ordinary user, or allow them (`sysctl user.max_user_namespaces=1000`)",
        )
    yield from _without_a_package()


def _programs() -> Iterator[Missing]:
    for program, why, debian in (
        ("make", "the commands", "make"),
        ("git", "sources, and most tests", "git"),
        ("ssh", "a remote over ssh", "openssh-client"),
        ("ssh-keygen", "signed commits", "openssh-client"),
        ("gpg", "signed commits", "gnupg"),
        ("gpg-agent", "signed commits", "gnupg"),
    ):
        if not shutil.which(program):
            yield Missing(program, why, debian)


def _without_a_package() -> Iterator[Missing]:
    """Yield what comes as a package elsewhere, but not for this processor or this Python."""
    is_glibc = platform.libc_ver()[0] == "glibc"
    machine = platform.machine() if is_glibc else "another C library"
    known = machine in {"x86_64", "aarch64"}
    if not (known and sys.version_info < (3, 15)) and not _has_postgresql():
        why = f"no package for Python {platform.python_version()} on {machine}"
        yield Missing("PostgreSQL", why, "postgresql")
    if machine != "x86_64" and not any(map(shutil.which, _BROWSERS)):
        yield Missing("Chromium", f"no package for {machine}", "chromium")


def _has_postgresql() -> bool:
    return bool(shutil.which("postgres") or any(_POSTGRESQL.glob("[0-9]*/bin/initdb")))


def _root_can_be_another() -> bool:
    command = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--", "true"]
    if not shutil.which(command[0]):
        return False
    return not subprocess.run(command, check=False, capture_output=True).returncode


def main() -> None:
    found = list(missing())
    if sys.argv[1:] == ["--debian"]:
        for package in sorted({lack.debian for lack in found if lack.debian}):
            print(package)
        return
    for lack in found:
        print(lack, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
