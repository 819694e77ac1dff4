"""Verify that an allowed person signed a commit, with git itself and our keys only.

The keys are copied into a throw-away folder for one check: neither the user's keyring
nor git's settings count, and a key file that changes meanwhile does not matter. The
commit that is read is the one verified, by its full name.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sources.git.clone import Clone
from aspire_gitops.sources.git.program import Finished, one_line, run, variables
from aspire_gitops.vocabulary import SourceRefused, SourceUnavailable, UsageError

_MAX_KEYS_BYTES = 1 << 20
_GPG_CONF = "no-autostart\nno-auto-key-retrieve\nno-auto-key-import\ntrust-model always\n"
_GOOD = re.compile(r'^(Good "git" signature for |\[GNUPG:\] GOODSIG )', re.MULTILINE)
_KEY = re.compile(
    r" key (SHA256:[\w+/=]+)|\[GNUPG:\] (?:ERRSIG|BADSIG|NO_PUBKEY) ([0-9A-F]{16,40})"
)
_NOT_ALLOWED = (
    r"\bNO_PUBKEY\b|no principal matched|^good \"git\" signature with|needs to be configured"
    r"|not permitted for use in signature namespace"
)
# The first row that fits what git and gpg said counts.
_WHY = (
    (r"^$", "is not signed", "sign it (git commit -S) and push it again"),
    (r"cannot run|could not run|cannot exec", "cannot be verified: {said}", "install gpg and ssh-keygen"),
    (r"\bREVKEYSIG\b", "is signed with a key that was revoked", "sign it with another key"),
    (r"\bEXPKEYSIG\b|\bEXPSIG\b", "has a signature or a key that expired", "renew the key and sign again"),
    (
        r"\bBADSIG\b|incorrect signature|invalid format|parse signature|incompatible signature",
        "has a bad signature", "sign it again",
    ),
    (
        _NOT_ALLOWED,
        "is signed by a key that is not allowed{key}",
        "have an allowed person sign it, or allow that key",
    ),
    (r"could not verify|BADARMOR|NODATA", "has a bad signature", "sign it again"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowed:
    """The keys as they are now. Equal when nobody changed a file."""

    ssh: bytes
    gpg: bytes

    def check(self, clone: Clone, commit: str) -> None:
        """Refuse a commit that none of these keys signed.

        Raises:
            SourceRefused: It is unsigned, signed by another key, or its signature
                is bad. Somebody must act.
            SourceUnavailable: Disk or time ran out. Try again.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="aspire-gitops-keys-") as home:
                done = self._verify(clone, commit, Path(home))
        except OSError as error:
            raise SourceUnavailable(
                f"{commit} cannot be verified: {error.strerror}", help="check that disk"
            ) from error
        if done.status != 0 or not _GOOD.search(done.said):
            raise _refused(commit, done)

    def _verify(self, clone: Clone, commit: str, home: Path) -> Finished:
        signers = home / "allowed_signers"
        signers.write_bytes(self.ssh)
        if self.gpg:
            (home / "gpg.conf").write_text(_GPG_CONF)
            self._import({**variables(), "GNUPGHOME": str(home)}, clone.timeout_s)
        return clone.git(
            "verify-commit",
            "--raw",
            commit,
            config=(
                ("gpg.ssh.allowedSignersFile", str(signers)),
                ("gpg.x509.program", "false"),
            ),
            extra=(("GNUPGHOME", str(home)),),
        )

    def _import(self, environment: Mapping[str, str], timeout_s: float) -> None:
        command = ("gpg", "--batch", "--no-tty", "--status-fd", "1", "--import")
        done = run(
            command,
            environment=environment,
            timeout_s=timeout_s,
            given=self.gpg,
            about="the allowed keys",
        )
        if "[GNUPG:] IMPORT_OK" not in done.text:
            raise SourceRefused(
                f"gpg accepts no key in the file of allowed keys: {done.complaint}",
                help="export them with gpg --export --armor",
            )


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign: an ssh `allowed_signers` file, a file of exported gpg keys, or both."""

    ssh: Path | None = None
    gpg: Path | None = None

    def __post_init__(self) -> None:
        if self.ssh is None and self.gpg is None:
            raise UsageError(
                "signatures are required, but no file of allowed keys is set", help="set one"
            )

    def read(self) -> Allowed:
        """Return the allowed keys.

        Raises:
            SourceRefused: A file cannot be read or is empty. Nothing passes meanwhile.
        """
        return Allowed(_keys(self.ssh), _keys(self.gpg))


def _keys(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_KEYS_BYTES + 1)
    except OSError as error:
        raise SourceRefused(
            f"the allowed keys cannot be read from {path}: {error.strerror}", help="fix the file"
        ) from error
    if not content.strip() or len(content) > _MAX_KEYS_BYTES:
        raise SourceRefused(f"{path} contains no allowed keys", help="add them")
    return content


def _refused(commit: str, done: Finished) -> SourceRefused:
    said = done.said.strip()
    key = _KEY.search(said)
    shown = f" ({key[1] or key[2]})" if key else ""
    for pattern, what, help_ in _WHY:
        if re.search(pattern, said, re.IGNORECASE | re.MULTILINE if said else 0):
            why = what.format(said=done.complaint, key=shown)
            return SourceRefused(f"commit {commit} {why}", help=help_)
    return SourceRefused(
        f"commit {commit} cannot be verified: {one_line(done.complaint)}",
        help="sign it again with an allowed key",
    )
