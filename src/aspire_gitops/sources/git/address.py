"""Where a remote is: https, ssh, a path, or http on this machine. Nothing else is an address.

Pure. git takes far more (`ext::` runs any command), and reads a leading dash as
an option; so what is not known to be harmless is refused before git sees it.
No message repeats the text, which may hold a password.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from aspire_gitops.errors import UsageError

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
        UsageError: It is none, holds a password or a user where none belongs,
            or would make git run something. Says what to write instead.
    """
    if not text or text.startswith("-") or not text.isprintable() or any(map(str.isspace, text)):
        raise UsageError(f"the repository's address is no address; {_KINDS}")
    if _HELPER.match(text):
        raise UsageError(f"the repository's address names a helper program of git; {_KINDS}")
    if "://" in text:
        return _url(text)
    if match := _SHORT_SSH.fullmatch(text):
        return Address(Protocol.SSH, text, match["host"])
    if "@" in text.partition("/")[0] or ":" in text.partition("/")[0]:
        raise UsageError(f"the repository's address is no address; {_KINDS}")
    return Address(Protocol.FILE, str(Path(text).absolute()))


def check_branch(name: str) -> str:
    """Return the branch's name if git would take it as one.

    Raises:
        UsageError: It is no name of a branch.
    """
    if not _BRANCH.fullmatch(name) or _NO_BRANCH.search(name) or not name.isprintable():
        raise UsageError(
            f"{name[:100]!r} is no name of a branch; write it as `git branch` shows it"
        )
    return name


def _url(text: str) -> Address:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise UsageError(f"the repository's address is no address; {_KINDS}") from None
    if parts.password is not None:
        raise UsageError(
            "the repository's address holds a password, which others could read; "
            "take it out and give the token in a file or a variable"
        )
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise UsageError(
            "the repository's address has a part after ? or #; write it without, "
            "and give a token in a file or a variable"
        )
    match parts.scheme:
        case "https" | "http":
            return _web(text, parts)
        case "ssh":
            return _ssh(text, parts)
        case "file" if parts.netloc in ("", "localhost") and parts.path.startswith("/"):
            return Address(Protocol.FILE, parts.path)
        case _:
            raise UsageError(f"the repository's address has a protocol that is not used; {_KINDS}")


def _web(text: str, parts: SplitResult) -> Address:
    host = parts.hostname or ""
    if parts.username is not None:  # people put tokens there
        raise UsageError(
            "the repository's address holds a user name; take it out and give it with the token"
        )
    if not _is_host(host) or not parts.path.strip("/"):
        raise UsageError(f"the repository's address is no address; {_KINDS}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            "the repository's address is http, which everybody on the way can read; write https"
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
        raise UsageError(f"the repository's address is no address; {_KINDS}")
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
