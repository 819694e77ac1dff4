"""Which repository a git remote is. Pure: nothing is asked of anybody."""

import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SCP = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/:\\][^:\s]*)")
_SCHEMES = frozenset({"https", "http", "ssh", "git"})
_GITHUB = "github.com"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of GitHub, or of a GitHub Enterprise server."""

    host: str
    owner: str
    name: str

    @property
    def api_url(self) -> str:
        """Where the REST API of this host is by default."""
        return f"https://api.{_GITHUB}" if self.host == _GITHUB else f"https://{self.host}/api/v3"

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


def repository_of(url: str) -> Repository | None:
    """Return the repository that a remote's URL names, None for a path or anything else.

    `https://host/owner/name.git`, `ssh://git@host/owner/name`, `git@host:owner/name.git`.
    User, password and port are left out.
    """
    host, path = _host_and_path(url.strip())
    names = path.strip("/").removesuffix(".git").split("/")
    if not host or len(names) != 2 or not all(map(_is_name, names)):
        return None
    # GitHub takes ssh on port 443 under a name of its own.
    return Repository(_GITHUB if host == f"ssh.{_GITHUB}" else host, *names)


def _host_and_path(url: str) -> tuple[str, str]:
    if "://" in url:
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in _SCHEMES:
                return (parts.hostname or "").lower(), parts.path
        return "", ""
    found = _SCP.fullmatch(url)
    return (found["host"].lower(), found["path"]) if found else ("", "")


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and text not in {".", ".."}
