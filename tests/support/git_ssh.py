"""A real ssh server on loopback that lets one key in, and keys made for the test."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aspire_gitops.sandbox.packaged import machine_counts

_SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
# The machine's sshd where there is one, and always the server that comes as a package.
SERVERS = (*(["sshd"] if machine_counts() and Path(_SSHD).exists() else []), "asyncssh")


def need(program: str) -> None:
    """Skip without a program, or fail when everything real is asked for."""
    if shutil.which(program):
        return
    if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL") == "1":
        pytest.fail(f"{program} is missing")
    pytest.skip(f"{program} is missing")


def new_key(path: Path, comment: str = "zac@example.com") -> Path:
    """Make an ed25519 key pair without passphrase and return the private file."""
    need("ssh-keygen")
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text().strip()


@dataclass(frozen=True)
class SshServer:
    port: int
    known_hosts: Path
    user: str

    def url(self, path: Path) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def ssh_server(
    folder: Path, *, lets_in: Path, program: str = SERVERS[0], forced: str = ""
) -> Iterator[SshServer]:
    """Run one of `SERVERS` until the end of the block. All that it needs is in the folder.

    `forced` is run in place of what a client asks for.
    """
    host_key = new_key(folder / "host_key")
    options = f'command="{forced}" ' if forced else ""
    (folder / "authorized_keys").write_text(f"{options}{public(lets_in)}\n")
    user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {public(host_key)}\n")
    command = _sshd(folder, port) if program == "sshd" else _asyncssh(folder, port)
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as daemon:
        try:
            _wait_for(port, daemon, folder / "log")
            yield SshServer(port, known, user)
        finally:
            daemon.terminate()


def _asyncssh(folder: Path, port: int) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("ssh_daemon.py")), str(folder), str(port)]


def _sshd(folder: Path, port: int) -> list[str]:
    if os.getuid() == 0 and not Path("/run/sshd").exists():
        Path("/run/sshd").mkdir(mode=0o755)  # sshd wants it empty, and there when it is root
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\nPidFile none\n"
        f"UsePAM no\nAuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
    return [_SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]


def _wait_for(port: int, daemon: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if daemon.poll() is not None:
            break
        time.sleep(0.02)
    pytest.fail(f"the ssh server did not start: {log.read_text()}")
