"""A remote's address and its credentials: a token, or an ssh key file."""

import base64
import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import SecretStr

from aspire_gitops.sources.git.program import Access
from aspire_gitops.vocabulary import SourceRefused, UsageError

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_SHORT_SSH = re.compile(rf"(?P<user>{_USER})@(?P<host>{_HOST}):(?P<path>[^-:/][^:]*|/[^:]*)")
_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
_BRANCH = re.compile(r"(?!-)(?!refs/)[^\x00-\x20\x7f~^:?*\[\\]+")
_NO_BRANCH = re.compile(r"(^|/)[./]|[./]$|//|\.\.|@\{|\.lock(/|$)|^@$")
_KINDS = "write https://host/path, ssh://user@host/path, user@host:path or the path of a repository"


class Protocol(StrEnum):
    """The transport that git may use, as `GIT_ALLOW_PROTOCOL` names it."""

    HTTPS = "https"
    HTTP = "http"
    SSH = "ssh"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Address:
    """One remote repository. `url` is what git gets; it never holds a secret."""

    protocol: Protocol
    url: str
    host: str = ""

    @property
    def origin(self) -> str:
        """Return what a web address's credentials belong to: `https://host:port`."""
        return "/".join(self.url.split("/")[:3])

    def __str__(self) -> str:
        return self.url


def parse_address(text: str) -> Address:
    """Return the address that `text` writes.

    Raises:
        UsageError: It is invalid, contains a password or a user name where none
            belongs, or would make git run a program.
    """
    if not text or text.startswith("-") or not text.isprintable() or any(map(str.isspace, text)):
        raise UsageError("invalid repository address", help=_KINDS)
    if _HELPER.match(text):
        raise UsageError("the repository address names a git remote helper", help=_KINDS)
    if "://" in text:
        return _url(text)
    if match := _SHORT_SSH.fullmatch(text):
        return Address(Protocol.SSH, text, match["host"])
    if "@" in text.partition("/")[0] or ":" in text.partition("/")[0]:
        raise UsageError("invalid repository address", help=_KINDS)
    return Address(Protocol.FILE, str(Path(text).absolute()))


def check_branch(name: str) -> str:
    """Return the branch's name if git would take it as one.

    Raises:
        UsageError: It is not a valid branch name.
    """
    if not _BRANCH.fullmatch(name) or _NO_BRANCH.search(name) or not name.isprintable():
        raise UsageError(
            f"invalid branch name {name[:100]!r}", help="write it as `git branch` shows it"
        )
    return name


def _url(text: str) -> Address:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise UsageError("invalid repository address", help=_KINDS) from None
    if parts.password is not None:
        raise UsageError(
            "the repository address contains a password",
            help="remove it, and give the token in a file or variable",
        )
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise UsageError(
            "the repository address has a query or fragment",
            help="remove the part after ? or #, and give a token in a file or variable",
        )
    match parts.scheme:
        case "https" | "http":
            return _web(text, parts)
        case "ssh":
            return _ssh(text, parts)
        case "file" if parts.netloc in ("", "localhost") and parts.path.startswith("/"):
            return Address(Protocol.FILE, parts.path)
        case _:
            raise UsageError("the repository address has an unsupported protocol", help=_KINDS)


def _web(text: str, parts: SplitResult) -> Address:
    host = parts.hostname or ""
    if parts.username is not None:  # people put tokens there
        raise UsageError(
            "the repository address contains a user name",
            help="remove it, and give it with the token",
        )
    if not _is_host(host) or not parts.path.strip("/"):
        raise UsageError("invalid repository address", help=_KINDS)
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            "the repository address uses unencrypted http",
            help="use https",
        )
    return Address(Protocol(parts.scheme), text, host)


def _ssh(text: str, parts: SplitResult) -> Address:
    host = parts.hostname or ""
    user = parts.username
    if (
        not _is_host(host)
        or parts.path[1:2] in ("", "-")
        or not (user is None or re.fullmatch(_USER, user))
    ):
        raise UsageError("invalid repository address", help=_KINDS)
    return Address(Protocol.SSH, text, host)


def _is_host(host: str) -> bool:
    return re.fullmatch(_HOST, host) is not None or _ip(host) is not None


def _is_loopback(host: str) -> bool:
    address = _ip(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


MAX_TOKEN_BYTES = 8192
_USERNAME = "x-access-token"  # what GitHub wants, and GitLab and Gitea take with a token
# git runs this in a shell; the values stay in the environment.
_ANSWERING_HELPER = (
    "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
    '"$ASPIRE_GITOPS_GIT_USERNAME" "$ASPIRE_GITOPS_GIT_TOKEN"; }; f'
)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token for https."""

    value: SecretStr
    username: str = _USERNAME


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A file that holds a token and nothing else. Read each time, because tokens are renewed."""

    path: Path
    username: str = _USERNAME


@dataclass(frozen=True, slots=True)
class SshKey:
    """A private key without passphrase, and the known_hosts file."""

    key: Path
    known_hosts: Path
    program: str = "ssh"


Credentials: TypeAlias = Token | TokenFile | SshKey


def check_credentials(address: Address, credentials: Credentials | None) -> None:
    """Refuse credentials that are not for this kind of address.

    Raises:
        UsageError: A key where a token belongs, or the other way round, or none for ssh.
    """
    match address.protocol, credentials:
        case Protocol.SSH, SshKey():
            return
        case Protocol.SSH, _:
            raise UsageError(f"{address} uses ssh", help="set a key file and a known_hosts file")
        case Protocol.HTTPS | Protocol.HTTP, SshKey():
            raise UsageError(f"{address} uses https", help="set a token instead of the ssh key")
        case Protocol.FILE, Token() | TokenFile() | SshKey():
            raise UsageError(f"{address} is a path and takes no credentials", help="unset them")
        case _:
            return


def access(address: Address, credentials: Credentials | None, *, timeout_s: float) -> Access:
    """Return what git gets for one run against this address.

    Raises:
        SourceRefused: The token's or key's file cannot be read, or holds no token.
    """
    protocol = str(address.protocol)
    match credentials:
        case None:
            return Access(protocol, config=_patience(timeout_s))
        case SshKey():
            return Access(
                protocol,
                {"GIT_SSH_COMMAND": _ssh_command(credentials), "GIT_SSH_VARIANT": "ssh"},
            )
        case Token(value, username):
            token = _one_token(value.get_secret_value(), "the git token's variable")
        case TokenFile(path, username):
            token = _one_token(_read(path), str(path))
    return Access(
        protocol,
        {"ASPIRE_GITOPS_GIT_USERNAME": username, "ASPIRE_GITOPS_GIT_TOKEN": token},
        (*_patience(timeout_s), (f"credential.{address.origin}.helper", _ANSWERING_HELPER)),
        _spellings(token, username),
    )


def _patience(timeout_s: float) -> tuple[tuple[str, str], ...]:
    # If we are killed, git must notice by itself that nothing more comes.
    return ("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", str(max(1, round(timeout_s))))


def _ssh_command(ssh: SshKey) -> str:
    for path in (ssh.key, ssh.known_hosts):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SourceRefused(
                f"{path} cannot be read: {error.strerror}", help="fix the file"
            ) from None
    options = (
        "IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={_quoted(ssh.known_hosts)}", "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no", "ForwardAgent=no", "ClearAllForwardings=yes", "LogLevel=ERROR",
        "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=2",
    )  # fmt: skip
    words = [ssh.program, "-F", "/dev/null", "-i", str(ssh.key.absolute())]
    return shlex.join([*words, *(word for option in options for word in ("-o", option))])


def why_not_key(path: Path) -> None:
    """Say what is wrong with a private key that the remote did not accept, if it is the file.

    ssh says no more than "error in libcrypto", and nothing at all of a passphrase.

    Raises:
        SourceRefused: ssh cannot use the file. It is not chained, and repeats none of it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_KEY_BYTES)
    except OSError:
        return
    why = next((why for is_so, why in _KEY_FAULTS if is_so(text)), None)
    if why:
        raise SourceRefused(f"ssh cannot use the key {path}: it {why[0]}", help=why[1])


_MAX_KEY_BYTES = 1 << 16
_NEW_FORM = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_COPY = "copy the file again as it was made"
_KEY_FAULTS: tuple[tuple[Callable[[bytes], object], tuple[str, str]], ...] = (
    (lambda text: not text.strip(), ("is empty", _COPY)),
    (
        lambda text: text.startswith(b"PuTTY-User-Key-File"),
        ("has PuTTY's form", "convert it with puttygen -O private-openssh"),
    ),
    (
        lambda text: re.match(rb"\s*(ssh-|ecdsa-|sk-)\S+ |-----BEGIN (RSA )?PUBLIC", text),
        ("is a public key", "give the private key, the file without .pub"),
    ),
    (
        lambda text: _is_encrypted(text),  # noqa: PLW0108 (it is defined below)
        ("has a passphrase, and nobody is there to enter it", "remove it: ssh-keygen -p -f FILE"),
    ),
    (
        lambda text: not re.match(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", text),
        ("does not begin with the line -----BEGIN … PRIVATE KEY-----", _COPY),
    ),
    (
        lambda text: text.startswith(_NEW_FORM) and b"\r" in text,
        ("has line ends of Windows", "convert it with dos2unix"),
    ),
    (
        lambda text: b"\n" not in text.strip(),
        ("has no line breaks", "keep its line breaks where it is stored"),
    ),
    (
        lambda text: not re.search(rb"-----END [A-Z ]*PRIVATE KEY-----\s*$", text),
        ("does not end with the line -----END … PRIVATE KEY-----", _COPY),
    ),
    (
        lambda text: text.startswith(_NEW_FORM) and not text.endswith(b"\n"),
        ("lacks the newline at its end", "add one: echo >> FILE"),
    ),
)
"""What people do to key files, the clearest reason first."""


def _is_encrypted(text: bytes) -> bool:
    if b"Proc-Type: 4,ENCRYPTED" in text or b"BEGIN ENCRYPTED PRIVATE KEY" in text:
        return True
    # OpenSSH's own form begins with its name and that of the cipher, each with its length.
    body = b"".join(text.replace(_NEW_FORM, b"").split())[:64]
    try:
        start = base64.b64decode(body)
    except ValueError:
        return False
    name = b"openssh-key-v1\0"
    return start.startswith(name) and start[len(name) + 4 :][:4] != b"none"


def _quoted(path: Path) -> str:
    return '"' + str(path.absolute()).replace("%", "%%") + '"'  # ssh splits at spaces


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_TOKEN_BYTES + 1).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        # Not chained: a decoding error quotes the bytes of the file.
        what = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise SourceRefused(
            f"the git token cannot be read from {path}: {what}", help="fix the file"
        ) from None


def _one_token(text: str, place: str) -> str:
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise SourceRefused(
            f"{place} must contain exactly one token", help="put nothing else there"
        )
    return token


def _spellings(token: str, username: str) -> tuple[str, ...]:
    basic = base64.b64encode(f"{username}:{token}".encode()).decode()
    return tuple(dict.fromkeys((token, quote(token, safe=""), basic)))
