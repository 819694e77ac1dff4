"""Options of the server, and its two ports to the controller."""

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from aspire_gitops.status.value import Status, Turn
from aspire_gitops.vocabulary import UsageError

LOOPBACK = "127.0.0.1:8790"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen and what to ask of callers. No repr shows the two secrets.

    `listen` is `host:port` (`[::1]:8790` for IPv6), port 0 for any free one.
    `token` opens everything but health and the hook; `webhook_secret` opens the
    hook. `branch` is the one whose pushes wake the controller. `public_url` is
    where people reach the page, when something stands in front of it.
    """

    state_dir: Path
    listen: str = LOOPBACK
    token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    branch: str = "main"
    public_url: str | None = None

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def public_host(self) -> str | None:
        return urlsplit(self.public_url).hostname if self.public_url else None

    def address(self) -> tuple[socket.AddressFamily, str]:
        """Return the family and the numeric address to listen on.

        Raises:
            UsageError: The address is invalid, or it is reachable from other
                machines and no token is set.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, OverflowError, UnicodeError):
            raise UsageError(
                f"invalid listen address {self.listen}",
                help="set ASPIRE_GITOPS_LISTEN to HOST:PORT",
            ) from None
        family, address = found[0][0], str(found[0][4][0])
        if self.token is None and not is_loopback(address):
            raise UsageError(
                f"anyone who can reach {self.listen} could read the status page",
                help=f"set ASPIRE_GITOPS_STATUS_TOKEN, or listen on {LOOPBACK}",
            )
        return family, address


def is_loopback(address: str) -> bool:
    """Say whether only this machine reaches a numeric address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class StatusProvider(Protocol):
    """The controller's status. Both calls are cheap and read memory only."""

    def status(self) -> Status:
        """Return everything that may be shown, at this moment."""
        ...

    def alive(self) -> bool:
        """Return whether the loop has moved within its deadline. False asks for a restart."""
        ...


class TurnRequests(Protocol):
    """Wakes the controller. Many wake-ups make one turn."""

    def wake(self, cause: str) -> None:
        """Ask for a turn soon, and do not wait for it."""
        ...

    async def turn(self, cause: str) -> Turn:
        """Wake, and return the turn that began after this call."""
        ...
