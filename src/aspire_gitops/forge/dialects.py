"""How GitHub and GitLab say the same thing: paths, limits, and the shape of a comment.

What differs from forge to forge stands in this table and nowhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, TypeAdapter

from aspire_gitops.review.comment import Comment
from aspire_gitops.web import Method

PER_PAGE = 100


class ForgeName(StrEnum):
    """Where pull requests are reviewed."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One forge's API. Paths take `{project}`, `{number}`, `{comment}` and `{page}`.

    `longest` is how many characters a comment may have. `parts` are the characters
    of a project's name that stand for themselves in a path.
    """

    what: str
    longest: int
    parts: str
    headers: Mapping[str, str]
    comments: str
    comment: str
    page: str
    update: Method
    read_one: Callable[[bytes], Comment]
    read_page: Callable[[bytes], list[Comment]]
    read_login: Callable[[bytes], str]
    advice: Mapping[int, str]


class _GithubUser(BaseModel):
    login: str
    type: str = "User"


class _GithubComment(BaseModel):
    id: int
    body: str | None = None
    user: _GithubUser | None = None

    def as_comment(self) -> Comment:
        user = self.user
        is_bot = user is not None and user.type == "Bot"
        return Comment(self.id, user.login if user else "", is_bot, self.body or "")


class _GitlabUser(BaseModel):
    username: str


class _GitlabNote(BaseModel):
    id: int
    body: str | None = None
    author: _GitlabUser | None = None

    def as_comment(self) -> Comment:
        # GitLab tells every token who it is, so whether it is a bot never counts.
        author = self.author.username if self.author else ""
        return Comment(self.id, author, is_bot=False, text=self.body or "")


def _reader(shape: Any) -> Callable[[bytes], Any]:
    return TypeAdapter(shape).validate_json


def _page_reader(shape: Any) -> Callable[[bytes], list[Comment]]:
    read = _reader(list[shape])
    return lambda body: [one.as_comment() for one in read(body)]


_GITHUB = Dialect(
    what="GitHub",
    longest=65_536,
    parts="/",
    headers=MappingProxyType(
        {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
    ),
    comments="/repos/{project}/issues/{number}/comments",
    comment="/repos/{project}/issues/comments/{comment}",
    page="?per_page=100&page={page}",
    update=Method.PATCH,
    read_one=lambda body: _GithubComment.model_validate_json(body).as_comment(),
    read_page=_page_reader(_GithubComment),
    read_login=lambda body: _GithubUser.model_validate_json(body).login,
    advice=MappingProxyType(
        {
            401: "set a valid token (this one is wrong or has expired)",
            403: "give the token `pull-requests: write`",
            404: "check the repository and the number of the pull request, "
            "and that the token may read it",
            410: "enable comments on this pull request",
        }
    ),
)
_GITLAB = Dialect(
    what="GitLab",
    longest=1_000_000,
    parts="",  # `group/project` is one part of GitLab's paths
    headers=MappingProxyType({"accept": "application/json"}),
    comments="/projects/{project}/merge_requests/{number}/notes",
    comment="/projects/{project}/merge_requests/{number}/notes/{comment}",
    page="?sort=asc&order_by=created_at&per_page=100&page={page}",
    update=Method.PUT,
    read_one=lambda body: _GitlabNote.model_validate_json(body).as_comment(),
    read_page=_page_reader(_GitlabNote),
    read_login=lambda body: _GitlabUser.model_validate_json(body).username,
    advice=MappingProxyType(
        {
            401: "set a valid token (this one is wrong or has expired)",
            403: "give the token the scope `api` and the role Reporter",
            404: "check the project and the number of the merge request, "
            "and that the token may read it",
        }
    ),
)
DIALECTS: Mapping[ForgeName, Dialect] = MappingProxyType(
    {ForgeName.GITHUB: _GITHUB, ForgeName.GITLAB: _GITLAB}
)
