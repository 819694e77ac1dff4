"""Read and write the comments of one pull request, on GitHub or GitLab.

One call, one request (reading asks page by page). Only
`keep_comment` retries.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from aspire_gitops.forge.dialects import PER_PAGE, Dialect
from aspire_gitops.review.comment import Comment, ours, says_the_same
from aspire_gitops.vocabulary import NotificationFailed, growing_s
from aspire_gitops.web import TIMEOUT_S, Destination, Method, send

MAX_PAGE_BYTES = 48 * 1024 * 1024  # 100 comments of 65,536 characters, escaped and wrapped
MOST_PAGES = 50
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments of pull request `number` of `project` (`owner/name`, or GitLab's number).

    Every method raises `NotificationFailed`; its `status` is what the forge answered.
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
            UsageError: `api_url` is not a web address.
        """
        self._destination("/user")

    async def login(self) -> str | None:
        """Return who the token is; None for an app's token, which GitHub does not tell."""
        try:
            body = await self._ask(Method.GET, "/user")
        except NotificationFailed as error:
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
        raise NotificationFailed(
            f"{self._destination('')} has more than {MOST_PAGES * PER_PAGE} comments",
            help="open another pull request",
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
        except NotificationFailed as error:
            if error.status != 404:
                raise

    async def _ask(
        self, method: Method, path: str, text: str | None = None, max_bytes: int = MAX_PAGE_BYTES
    ) -> bytes:
        body = None if text is None else json.dumps({"body": text}).encode()
        return await send(
            method,
            self._destination(path),
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
        raise NotificationFailed(
            f"{self._destination('')} did not answer with comments",
            help=f"check that the URL is {self.dialect.what}'s REST API",
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

    def _destination(self, path: str) -> Destination:
        url = SecretStr(self.api_url.rstrip("/") + path)
        return Destination(
            self.dialect.what, url, excerpt=self._words, help_by_status=self.dialect.advice
        )

    def _words(self, body: bytes) -> str:
        try:
            message = json.loads(body)["message"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return ""
        said = message if isinstance(message, str) else ""
        return said.replace(self.token.get_secret_value(), "[hidden]")


TRIES = 4
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 120.0
"""The longest wait that a forge may ask for: a longer sleep costs more than a re-run."""

Pause = Callable[[float], Awaitable[None]]


class How(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Kept:
    """The comment that stands, and how many of ours beside it were deleted."""

    how: How
    comment: int
    removed: int = 0


async def keep_comment(
    thread: Thread, name: str, text: str, *, pause: Pause = asyncio.sleep
) -> Kept:
    """Keep exactly one comment of ours called `name` on the pull request, with `text`.

    Tries up to four times, waiting as long as the forge asks, at most two minutes each time.

    Raises:
        NotificationFailed: Permanent with status 403 when the token may only read, as in a pull
            request from a fork; otherwise see its message. What was done until then stays.
    """
    keeping = _Keeping(thread, name, text)
    for attempt in range(TRIES):
        try:
            return await keeping.once()
        except NotificationFailed as error:
            grown_s = growing_s(attempt + 1, first_s=_FIRST_PAUSE_S, longest_s=_LONGEST_PAUSE_S)
            wait_s = max(error.retry_after_s or 0.0, grown_s)
            if error.permanent or attempt == TRIES - 1 or wait_s > _LONGEST_PAUSE_S:
                raise
        await pause(wait_s)
    raise AssertionError("the last try returns or raises")


@dataclass(slots=True)
class _Keeping:
    thread: Thread
    name: str
    text: str
    made: Comment | None = None

    async def once(self) -> Kept:
        author = await self.thread.login()
        found = ours(await self.thread.comments(), self.name, author)
        if not found and self.made is None:
            self.made = await self.thread.create(self.text)
            found = ours(await self.thread.comments(), self.name, author)
        # The forge's listing may lag behind its own answer.
        keep, *surplus = found or (self.made,)
        assert keep is not None
        changed = not says_the_same(keep, self.text)
        if changed:
            await self._update(keep)
        for extra in surplus:
            await self.thread.delete(extra.id)
        return Kept(self._how(keep, changed=changed), keep.id, len(surplus))

    async def _update(self, comment: Comment) -> None:
        try:
            await self.thread.update(comment.id, self.text)
        except NotificationFailed as error:
            if error.status != 404:
                raise
            self.made = None  # somebody deleted it since we looked: look again
            raise NotificationFailed(
                "the comment was deleted during the update", help="try again", status=404
            ) from error

    def _how(self, keep: Comment, *, changed: bool) -> How:
        if self.made is not None and self.made.id == keep.id:
            return How.CREATED
        return How.UPDATED if changed else How.UNCHANGED
