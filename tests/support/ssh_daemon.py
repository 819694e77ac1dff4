"""An ssh server for a machine that has no sshd: asyncssh, and git run as the client asks.

    python ssh_daemon.py FOLDER PORT

The folder holds `host_key` and `authorized_keys`, as for sshd.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Protocol

import asyncssh


class Source(Protocol):
    """One end of a channel or of a program, to read from."""

    async def read(self, n: int, /) -> bytes: ...


class Target(Protocol):
    """The same, to write to."""

    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...


async def run_command(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run what the client asks for, as sshd does: by a shell, at the ends of the channel."""
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_shell(
        process.command or "exit 1", stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    fed = asyncio.create_task(feed(process.stdin, program.stdin))
    # Both to their ends, and then the status: a channel's end would cut off what is left of either.
    await asyncio.gather(
        carry(program.stdout, process.stdout), carry(program.stderr, process.stderr)
    )
    process.exit(await program.wait())
    fed.cancel()


async def carry(source: Source, target: Target) -> None:
    """Hand on what comes, until nothing more comes or nobody wants it."""
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


async def feed(source: Source, program: asyncio.StreamWriter) -> None:
    """Hand on what comes, and say when nothing more comes."""
    await carry(source, program)
    with contextlib.suppress(OSError):
        program.write_eof()


async def serve(folder: Path, port: int) -> None:
    """Listen on loopback until somebody ends this process."""
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(folder / "host_key")],
        authorized_client_keys=str(folder / "authorized_keys"),
        process_factory=run_command,
        encoding=None,
    )
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
