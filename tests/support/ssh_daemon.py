"""An ssh server for a machine that has no sshd: asyncssh, and git run as the client asks.

    python ssh_daemon.py FOLDER PORT

The folder holds `host_key` and `authorized_keys`, as for sshd.
"""

import asyncio
import sys
from pathlib import Path

import asyncssh


async def run_command(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run what the client asks for, as sshd does: by a shell, at the ends of the channel."""
    program = await asyncio.create_subprocess_shell(
        process.command or "exit 1",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.redirect(program.stdin, program.stdout, program.stderr)
    status = await program.wait()
    await process.stdout.drain()
    process.exit(status)


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
