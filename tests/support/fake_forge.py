"""A forge's comments over real HTTP on loopback: GitHub's API or GitLab's, as far as we use it.

It answers as the documentation says, refuses what it does not know, and holds
what a test wants to look at: the comments themselves.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from support.listening import Heard, Listener, Say, listening

BOT = "github-actions[bot]"
TOKEN = "ghs_planted_000000000000000000000000"
_PER_PAGE = 30

GITHUB_ONE = re.compile(r"/repos/aspire/gateway-config/issues/comments/(\d+)")
GITHUB_ALL = re.compile(r"/repos/aspire/gateway-config/issues/41/comments")
GITLAB_ONE = re.compile(r"/projects/platform%2Fgateway/merge_requests/41/notes/(\d+)")
GITLAB_ALL = re.compile(r"/projects/platform%2Fgateway/merge_requests/41/notes")


@dataclass
class Written:
    """One comment as the forge holds it."""

    id: int
    author: str
    body: str
    edits: int = 0


@dataclass
class FakeForge:
    """`me` is who the token is; `tells_me` whether `/user` says so (it does not for an app)."""

    listener: Listener
    is_gitlab: bool = False
    me: str = BOT
    tells_me: bool = False
    read_only: bool = False
    lags: bool = False
    comments: list[Written] = field(default_factory=list)
    before: Callable[[Heard], Say | None] = lambda _heard: None
    next_id: int = 1000

    @property
    def api_url(self) -> str:
        return self.listener.base

    def write(self, body: str, author: str = "mia") -> Written:
        self.next_id += 1
        self.comments.append(Written(self.next_id, author, body))
        return self.comments[-1]

    def bodies(self) -> list[str]:
        return [comment.body for comment in self.comments]

    def writes(self) -> list[str]:
        """Return the methods of all requests that change something."""
        return [heard.method for heard in self.listener.heard if heard.method != "GET"]

    def answer(self, heard: Heard) -> Say:
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return _says(401, {"message": "Bad credentials"})
        return self.before(heard) or self._answer(heard)

    def _answer(self, heard: Heard) -> Say:
        path, _, query = heard.path.partition("?")
        one, every = (GITLAB_ONE, GITLAB_ALL) if self.is_gitlab else (GITHUB_ONE, GITHUB_ALL)
        if path == "/user":
            return self._user()
        if heard.method != "GET" and self.read_only:
            return _says(403, {"message": "Resource not accessible by integration"})
        if every.fullmatch(path):
            return self._every(heard, query)
        found = one.fullmatch(path)
        wanted = [c for c in self.comments if found and c.id == int(found[1])]
        if not wanted:
            return _says(404, {"message": "Not Found"})
        return self._one(heard, wanted[0])

    def _user(self) -> Say:
        if self.tells_me:
            return _says(200, {"username": self.me} if self.is_gitlab else {"login": self.me})
        return _says(403, {"message": "Resource not accessible by integration"})

    def _every(self, heard: Heard, query: str) -> Say:
        if heard.method == "POST":
            return _says(201, self._shown(self.write(heard.json["body"], self.me)))
        if heard.method != "GET":
            return _says(405, {})
        asked = parse_qs(query)
        size = min(int(asked.get("per_page", [str(_PER_PAGE)])[0]), 100)
        start = (int(asked.get("page", ["1"])[0]) - 1) * size
        listed = [] if self.lags else self.comments[start : start + size]
        return _says(200, [self._shown(comment) for comment in listed])

    def _one(self, heard: Heard, comment: Written) -> Say:
        if heard.method == ("PUT" if self.is_gitlab else "PATCH"):
            comment.body, comment.edits = heard.json["body"], comment.edits + 1
            return _says(200, self._shown(comment))
        if heard.method == "DELETE":
            self.comments.remove(comment)
            return Say(204, body=b"")
        return _says(405, {})

    def _shown(self, comment: Written) -> dict[str, object]:
        if self.is_gitlab:
            author: dict[str, object] = {"username": comment.author, "name": comment.author}
            return {"id": comment.id, "body": comment.body, "author": author, "system": False}
        kind = "Bot" if comment.author.endswith("[bot]") else "User"
        user = {"login": comment.author, "type": kind} if comment.author else None
        return {"id": comment.id, "body": comment.body, "user": user, "html_url": "…"}


@contextmanager
def fake_forge(*, is_gitlab: bool = False) -> Iterator[FakeForge]:
    with listening() as listener:
        forge = FakeForge(listener, is_gitlab=is_gitlab)
        if is_gitlab:
            forge.me, forge.tells_me = "project_7_bot", True
        listener.script = forge.answer
        yield forge


def _says(status: int, value: object) -> Say:
    return Say(status, body=json.dumps(value).encode())


def path_of(heard: Heard) -> str:
    return urlsplit(heard.path).path
