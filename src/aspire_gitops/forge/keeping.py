"""Keep one comment on a pull request: create it once, update it in place, never a second one.

A lost answer is settled by reading: a comment whose creation seemed to fail is
looked for before another is written. Runs at the same time may write one each;
the oldest stays and the others are deleted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aspire_gitops.errors import TellingFailed
from aspire_gitops.forge.comments import Thread
from aspire_gitops.forge.sticky import Comment, ours, says_the_same

TRIES = 4
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 120.0
"""What a forge may ask us to wait: a job that sleeps longer costs more than a re-run."""

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
    """Let the pull request have exactly one comment of ours called `name`, and let it say `text`.

    Tries up to four times, waiting as long as the forge asks, at most two minutes each time.

    Raises:
        TellingFailed: Permanent with status 403 when the token may only read, as in a pull
            request from a fork; otherwise see its message. What was done until then stays.
    """
    keeping = _Keeping(thread, name, text)
    for attempt in range(TRIES):
        try:
            return await keeping.once()
        except TellingFailed as error:
            wait_s = max(error.retry_after_s or 0.0, _FIRST_PAUSE_S * 2**attempt)
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
        except TellingFailed as error:
            if error.status != 404:
                raise
            self.made = None  # somebody deleted it since we looked: look again
            raise TellingFailed(
                "the comment was deleted meanwhile; try again", status=404
            ) from error

    def _how(self, keep: Comment, *, changed: bool) -> How:
        if self.made is not None and self.made.id == keep.id:
            return How.CREATED
        return How.UPDATED if changed else How.UNCHANGED
