"""Read and write the comments of one pull request, on GitHub or GitLab.

One call, one request (reading asks page by page). Nothing is tried again
here; `keeping` does that.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from aspire_gitops.errors import TellingFailed
from aspire_gitops.forge.dialects import PER_PAGE, Dialect
from aspire_gitops.forge.sticky import Comment
from aspire_gitops.web import TIMEOUT_S, Method, Place, send

MAX_PAGE_BYTES = 48 * 1024 * 1024  # 100 comments of 65,536 characters, escaped and wrapped
MOST_PAGES = 50
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments of pull request `number` of `project` (`owner/name`, or GitLab's number).

    Every method raises `TellingFailed`; its `status` is what the forge answered.
    """

    dialect: Dialect
    api_url: str
    project: str
    number: int
    token: SecretStr
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Refuse a wrong address now.

        Raises:
            UsageError: `api_url` is no web address.
        """
        self._place("/user")

    async def login(self) -> str | None:
        """Return who the token is; None for an app's token, which GitHub does not tell."""
        try:
            body = await self._ask(Method.GET, "/user")
        except TellingFailed as error:
            if error.status == 403 and error.permanent:
                return None
            raise
        return self._read(self.dialect.read_login, body)

    async def comments(self) -> list[Comment]:
        """Return all comments, asked for page by page."""
        found: list[Comment] = []
        for page in range(1, MOST_PAGES + 1):
            path = self._comments() + self.dialect.page.format(page=page)
            body = await self._ask(Method.GET, path, max_bytes=MAX_PAGE_BYTES)
            comments = self._read(self.dialect.read_page, body)
            found += comments
            if len(comments) < PER_PAGE:
                return found
        raise TellingFailed(
            f"{self._place('')} has more than {MOST_PAGES * PER_PAGE} comments there; "
            "open another pull request",
            permanent=True,
        )

    async def create(self, text: str) -> Comment:
        """Write a new comment. After a failure that may pass it may be there all the same."""
        body = await self._ask(Method.POST, self._comments(), text)
        return self._read(self.dialect.read_one, body)

    async def update(self, comment: int, text: str) -> None:
        """Let the comment say this. Doing it twice does no harm."""
        await self._ask(self.dialect.update, self._comment(comment), text)

    async def delete(self, comment: int) -> None:
        """Delete the comment; one that is gone is fine."""
        try:
            await self._ask(Method.DELETE, self._comment(comment))
        except TellingFailed as error:
            if error.status != 404:
                raise

    async def _ask(
        self, method: Method, path: str, text: str | None = None, max_bytes: int = MAX_PAGE_BYTES
    ) -> bytes:
        body = None if text is None else json.dumps({"body": text}).encode()
        return await send(
            method,
            self._place(path),
            body,
            headers=self.dialect.headers,
            bearer=self.token,
            timeout_s=self.timeout_s,
            max_bytes=max_bytes,
        )

    def _read(self, read: Callable[[bytes], Read], body: bytes) -> Read:
        try:
            return read(body)
        except ValueError:
            pass
        # Outside the handler: pydantic quotes what it could not read.
        raise TellingFailed(
            f"{self._place('')} answered with something other than comments; "
            f"check that the URL leads to {self.dialect.what}'s REST API",
            permanent=True,
        )

    def _comments(self) -> str:
        return self.dialect.comments.format(project=self._project(), number=self.number)

    def _comment(self, comment: int) -> str:
        return self.dialect.comment.format(
            project=self._project(), number=self.number, comment=comment
        )

    def _project(self) -> str:
        return quote(self.project, safe=self.dialect.parts)

    def _place(self, path: str) -> Place:
        url = SecretStr(self.api_url.rstrip("/") + path)
        return Place(self.dialect.what, url, words=self._words, advice=self.dialect.advice)

    def _words(self, body: bytes) -> str:
        try:
            message = json.loads(body)["message"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return ""
        said = message if isinstance(message, str) else ""
        return said.replace(self.token.get_secret_value(), "[hidden]")
