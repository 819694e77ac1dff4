"""Open the two places that the server listens on: a network address and a socket file.

The socket file is in the state folder. A path of more than 107 bytes does not
fit into a socket's address; then the folder is opened and reached through
`/proc/self/fd`, which Linux has.
"""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aspire_gitops.server.options import ServerOptions
from aspire_gitops.vocabulary import UsageError, system_help

SOCKET = "controller.sock"
_BACKLOG = 64
_LONGEST_PATH = 103  # bytes that fit on every Unix; Linux has 107
_OWN_FDS = Path("/proc/self/fd")
_LISTEN_HELP = {
    errno.EADDRINUSE: "stop the program that listens there, or set ASPIRE_GITOPS_LISTEN to another address",
    errno.EADDRNOTAVAIL: "set ASPIRE_GITOPS_LISTEN to an address of this machine",
    errno.EACCES: "set ASPIRE_GITOPS_LISTEN to a port above 1023",
}


@contextmanager
def short_path(state_dir: Path) -> Iterator[str]:
    """Give a path to the socket that fits into an address, for as long as the block runs.

    Raises:
        UsageError: The path is too long for this system.
        OSError: The folder cannot be opened.
    """
    path = state_dir / SOCKET
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    if not _OWN_FDS.is_dir():
        raise UsageError(
            f"{path} is too long for a socket", help="set ASPIRE_GITOPS_STATE_DIR to a shorter path"
        )
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield str(_OWN_FDS / str(folder) / SOCKET)
    finally:
        os.close(folder)


def network_socket(options: ServerOptions) -> socket.socket:
    """Listen on the network address.

    Raises:
        UsageError: Listening failed; the message says why.
    """
    family, address = options.address()
    try:
        return socket.create_server((address, options.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {options.listen}: {os.strerror(error.errno or 0).lower()}",
            help=_LISTEN_HELP.get(error.errno or 0) or system_help(error),
        ) from None


@contextmanager
def local_socket(state_dir: Path) -> Iterator[socket.socket]:
    """Listen on the socket file, and remove it at the end.

    A file that a killed controller left is taken over; a socket that somebody
    answers is not.

    Raises:
        UsageError: Another controller answers there, or the folder cannot be used.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with short_path(state_dir) as path:
        _make_way(path, state_dir)
        listener = _bound(path, state_dir)
        made = os.stat(path).st_ino  # noqa: PTH116 (a path through /proc is used as it is)
        try:
            yield listener
        finally:
            listener.close()
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == made:  # noqa: PTH116 (as above)
                    os.unlink(path)  # noqa: PTH108 (as above)


def _make_way(path: str, state_dir: Path) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise UsageError(f"{state_dir / SOCKET} is not a socket", help="remove it")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108 (as above)
            return
        except OSError:
            pass  # busy is alive, too
    raise UsageError(
        f"another controller uses {state_dir}", help="stop it, or set ASPIRE_GITOPS_STATE_DIR"
    )


def _bound(path: str, state_dir: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # a user who may open the file may ask for a turn
    try:
        listener.bind(path)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot create a socket in {state_dir}: "
            f"{errno.errorcode.get(error.errno or 0, 'error')}",
            help="set ASPIRE_GITOPS_STATE_DIR to a folder that this user owns",
        ) from None
    finally:
        os.umask(before)
    return listener
