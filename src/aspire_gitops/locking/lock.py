"""What every lock can do, and how a holder introduces itself."""

import os
import socket
from typing import Protocol


class WriterLock(Protocol):
    """The right to write, held by one process at a time. Thread-safe."""

    def try_acquire(self) -> bool:
        """Take the lock unless another process has it; True if it is ours now. Never waits long.

        Raises:
            JournalUnavailable: The place of the lock cannot be asked. Try again.
        """
        ...

    def held(self, *, now: bool = False) -> bool:
        """Say whether the lock is still ours. Cheap; `now` makes sure of it at this moment.

        A lock that was lost stays lost until `try_acquire` takes it again.
        """
        ...

    def holder(self) -> str | None:
        """Say who holds it (`pid 7 on web-1`), for people; None if nobody, or nobody can say."""
        ...

    def release(self) -> None:
        """Let it go. Does nothing if it is not ours."""
        ...


def this_process() -> str:
    """Return how we introduce ourselves."""
    return f"pid {os.getpid()} on {socket.gethostname()}"
