"""What lets us into a remote: a token, or an ssh key file.

A token travels to git in its environment and from there only to the one origin
that it is for: never in an argument, an address or a file. `program` runs git with it.
"""

import base64
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from pydantic import SecretStr

from aspire_gitops.errors import SourceRefused, UsageError
from aspire_gitops.sources.git.address import Address, Protocol
from aspire_gitops.sources.git.program import Access

MAX_TOKEN_BYTES = 8192
_USERNAME = "x-access-token"  # what GitHub wants, and GitLab and Gitea take with a token
# git runs this in a shell; the values stay in the environment.
_HELPER = (
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
    """A file that holds a token and nothing else. It is read anew each time: tokens are renewed."""

    path: Path
    username: str = _USERNAME


@dataclass(frozen=True, slots=True)
class SshKey:
    """A private key without passphrase, and the file of host keys that we believe."""

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
            raise UsageError(f"{address} is reached by ssh; set a key file and a known_hosts file")
        case Protocol.HTTPS | Protocol.HTTP, SshKey():
            raise UsageError(f"{address} is reached by https; set a token in place of the ssh key")
        case Protocol.FILE, Token() | TokenFile() | SshKey():
            raise UsageError(f"{address} is a path, which takes no credentials; unset them")
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
                protocol, {"GIT_SSH_COMMAND": _ssh(credentials), "GIT_SSH_VARIANT": "ssh"}
            )
        case Token(value, username):
            token = _one_token(value.get_secret_value(), "the git token's variable")
        case TokenFile(path, username):
            token = _one_token(_read(path), str(path))
    return Access(
        protocol,
        {"ASPIRE_GITOPS_GIT_USERNAME": username, "ASPIRE_GITOPS_GIT_TOKEN": token},
        (*_patience(timeout_s), (f"credential.{address.origin}.helper", _HELPER)),
        _spellings(token, username),
    )


def _patience(timeout_s: float) -> tuple[tuple[str, str], ...]:
    # Should we be killed, git must find out by itself that nothing comes any more.
    return ("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", str(max(1, round(timeout_s))))


def _ssh(ssh: SshKey) -> str:
    for path in (ssh.key, ssh.known_hosts):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SourceRefused(f"{path} cannot be read: {error.strerror}; mend it") from None
    options = (
        "IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={_quoted(ssh.known_hosts)}", "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no", "ForwardAgent=no", "ClearAllForwardings=yes", "LogLevel=ERROR",
        "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=2",
    )  # fmt: skip
    words = [ssh.program, "-F", "/dev/null", "-i", str(ssh.key.absolute())]
    return shlex.join([*words, *(word for option in options for word in ("-o", option))])


def _quoted(path: Path) -> str:
    return '"' + str(path.absolute()).replace("%", "%%") + '"'  # ssh splits at spaces


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_TOKEN_BYTES + 1).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        # Not chained: a decoding error quotes the bytes of the file.
        what = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise SourceRefused(f"the git token cannot be read from {path}: {what}; mend it") from None


def _one_token(text: str, place: str) -> str:
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise SourceRefused(f"{place} does not hold one token; put the token alone there")
    return token


def _spellings(token: str, username: str) -> tuple[str, ...]:
    basic = base64.b64encode(f"{username}:{token}".encode()).decode()
    return tuple(dict.fromkeys((token, quote(token, safe=""), basic)))
