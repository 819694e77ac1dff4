"""Report the outcome of a commit to GitHub: one commit status for each gateway.

A receiver of notices; `notify.outbox` calls it and tries again. It reads
nothing from GitHub and changes nothing there but the status.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import SecretStr

from aspire_gitops.status.value import Notice, Topic
from aspire_gitops.vocabulary import NotificationFailed
from aspire_gitops.web import TIMEOUT_S, Destination, post_json

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


STATES: Mapping[Topic, str] = MappingProxyType(
    {
        Topic.PENDING: "pending",
        Topic.APPLIED: "success",
        Topic.RECOVERED: "success",
        Topic.FAILED: "failure",
        Topic.RESTART: "pending",
    }
)
"""The state of a commit for each topic; the others are not about a commit."""

LONGEST_DESCRIPTION = 140
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HEADERS = MappingProxyType(
    {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
)
_RIGHT = "give the token the right to write commit statuses of the repository"
_ADVICE = MappingProxyType(
    {
        401: "set a valid token (this one is wrong or has expired)",
        403: _RIGHT,
        404: f"check the repository's name, or {_RIGHT}",
        422: "push the commit (GitHub does not have it, or it has 1,000 statuses)",
    }
)


@dataclass(frozen=True, slots=True)
class GithubStatuses:
    """Sets the status `aspire-gitops/<gateway>` of the commit that a notice is about.

    `status_page` is where the status links to. `api_url` is another one for
    GitHub Enterprise: `Repository.api_url` says which.

    Raises:
        UsageError: `api_url` is not a web address.
    """

    repository: Repository
    token: SecretStr
    api_url: str = "https://api.github.com"
    status_page: str | None = None
    name: str = "github"
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Refuse a wrong address now, not when the first status is to be set."""
        self._destination("0" * 40)

    def wants(self, notice: Notice) -> bool:
        """Return whether the notice is about a commit that GitHub may have."""
        return notice.topic in STATES and bool(_COMMIT.fullmatch(notice.commit or ""))

    def subject(self, notice: Notice) -> str | None:
        """Return the commit and the gateway: of several statuses only the newest is worth telling."""
        return f"{notice.commit} {notice.gateway}"

    async def tell(self, notice: Notice) -> None:
        """Set the status. Setting the same one twice does no harm.

        Raises:
            NotificationFailed: Permanent when the token, the repository or the commit is wrong.
        """
        destination = self._destination(notice.commit or "")
        body = json.dumps(self._status(notice)).encode()
        reply = await post_json(
            destination, body, headers=_HEADERS, bearer=self.token, timeout_s=self.timeout_s
        )
        if not isinstance(_mapping(reply).get("state"), str):
            raise NotificationFailed(
                f"{destination} did not answer with a status",
                help="check that the URL is GitHub's REST API",
            )

    def _status(self, notice: Notice) -> dict[str, str]:
        context = f"aspire-gitops/{notice.gateway}" if notice.gateway else "aspire-gitops"
        link = {"target_url": self.status_page} if self.status_page else {}
        return {
            "state": STATES[notice.topic],
            "context": context,
            "description": _cut(notice.title),
        } | link

    def _destination(self, commit: str) -> Destination:
        path = f"/repos/{self.repository.owner}/{self.repository.name}/statuses/{commit}"
        url = SecretStr(self.api_url.rstrip("/") + path)
        return Destination("GitHub", url, excerpt=self._words, help_by_status=_ADVICE)

    def _words(self, body: bytes) -> str:
        message = _mapping(body).get("message")
        said = message if isinstance(message, str) else ""
        return said.replace(self.token.get_secret_value(), "[hidden]")


def _mapping(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _cut(text: str) -> str:
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[: LONGEST_DESCRIPTION - 1] + "…"
