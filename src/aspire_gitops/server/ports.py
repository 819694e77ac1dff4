"""What the server needs of the controller. It knows nothing else about it."""

from typing import Protocol

from aspire_gitops.reporting import Status, Turn


class Watched(Protocol):
    """The controller, to look at. Both calls are cheap and read memory only."""

    def status(self) -> Status:
        """Return everything that may be shown, at this moment."""
        ...

    def alive(self) -> bool:
        """Say whether the loop has moved within its deadline. False means: restart me."""
        ...


class Waking(Protocol):
    """The controller, to be woken. Many wake-ups make one turn."""

    def wake(self, cause: str) -> None:
        """Ask for a turn soon, and do not wait for it."""
        ...

    async def turn(self, cause: str) -> Turn:
        """Wake, and return the turn that began after this call."""
        ...
