"""Real keys that sign commits: ssh by ssh-keygen, gpg in a keyring of the test's own."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.git_repository import Repository
from support.git_ssh import need


def sign_by_ssh(repository: Repository, key: Path) -> None:
    """Let every commit from now on be signed with this key."""
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "commit.gpgSign": "true",
    }.items():
        repository.git("config", name, value)


@dataclass(frozen=True)
class Keyring:
    """A gpg home of the test's own."""

    home: Path

    def gpg(self, *words: str, given: str = "") -> str:
        options = ("--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        done = subprocess.run(
            ["gpg", "--homedir", str(self.home), *options, *words],
            check=True,
            capture_output=True,
            text=True,
            input=given,
        )
        return done.stdout

    def new_key(self, email: str, expires: str = "never") -> str:
        """Make a signing key and return its fingerprint."""
        self.gpg("--quick-generate-key", email, "ed25519", "sign", expires)
        listed = self.gpg("--list-keys", "--with-colons", email)
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def export(self, path: Path, *emails: str) -> Path:
        path.write_text(self.gpg("--export", "--armor", *emails))
        return path

    def sign(self, repository: Repository, email: str) -> None:
        """Let every commit from now on be signed with this key."""
        program = self.home / "sign"
        program.write_text(f'#!/bin/sh\nexec gpg --homedir "{self.home}" --batch "$@"\n')
        program.chmod(0o700)
        for name, value in {
            "gpg.format": "openpgp",
            "gpg.program": str(program),
            "user.signingKey": email,
            "commit.gpgSign": "true",
        }.items():
            repository.git("config", name, value)


@contextlib.contextmanager
def keyring() -> Iterator[Keyring]:
    """Give a keyring and end its agent. Its path is short: an agent's socket has 108 characters."""
    need("gpg")
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        try:
            yield Keyring(Path(home))
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
