"""What the request guard costs a call, over the ledger of another revision, through real gateways.

    python bench/guard.py --against REVISION

Two gateways, each with a ledger on PostgreSQL of its own: one loads the ledger of this
checkout, one that of the revision. One client calls them in turn, so that whatever else
the machine does meets both alike; quote the median of the pairs' differences.
"""

import asyncio
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "aspire-ledger" / "tests"))

from support.ledger_real import SAY_HI, LedgerGateway, ledger_gateway
from support.ledger_real_load import Caller

REPOSITORY = Path(__file__).parents[1]
LONG = {"messages": [{"role": "user", "content": "word " * 20_000}]}  # a hundred kilobytes
KINDS: Mapping[str, Mapping[str, Any]] = {
    "chat": {"model": "chat", "max_tokens": 20, **SAY_HI},
    "chat, streamed": {"model": "chat", "max_tokens": 20, "stream": True, **SAY_HI},
    "chat, 100 KB": {"model": "chat", "max_tokens": 20, **LONG},
}


def source_of(revision: str, folder: Path) -> Path:
    """Return a folder with `aspire_gitops` as it was at a revision."""
    command = ["git", "-C", str(REPOSITORY), "archive", revision, "src/aspire_gitops"]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder / "src"


async def in_turn(
    gateways: Sequence[LedgerGateway], body: Mapping[str, Any], calls: int
) -> list[tuple[float, ...]]:
    """Return the milliseconds of each call, one tuple for each turn."""
    keys = [gateway.app("1000").key for gateway in gateways]
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(Caller(gateway.sandbox.base_url, key))
            for gateway, key in zip(gateways, keys, strict=True)
        ]
        turns = []
        for number in range(calls):
            order = range(len(callers)) if number % 2 else reversed(range(len(callers)))
            took = {place: await one(callers[place], body) for place in order}
            turns.append(tuple(took[place] for place in range(len(callers))))
    return turns


async def one(caller: Caller, body: Mapping[str, Any]) -> float:
    made, _ = await caller.post(body)
    if not made.ok:
        raise click.ClickException(f"a gateway answered {made.status}")
    return made.ms


@click.command()
@click.option("--against", "revision", required=True, help="A commit, branch or tag.")
@click.option("--calls", default=300, show_default=True, help="Of each kind, through each gateway.")
def main(revision: str, calls: int) -> None:
    """Print milliseconds of a call with the ledger of REVISION and with this one's."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        then = {"PYTHONPATH": str(source_of(revision, folders[0]))}
        gateways = [
            stack.enter_context(ledger_gateway(folders[1], env=then)),
            stack.enter_context(ledger_gateway(folders[2])),
        ]
        asyncio.run(in_turn(gateways, KINDS["chat"], 40))  # warm up
        click.echo(f"{'p50 ms':20}{revision[:10]:>12}{'now':>10}{'pairs':>10}{'p95 of pairs':>15}")
        for name, body in KINDS.items():
            turns = asyncio.run(in_turn(gateways, body, calls))
            before, now = (statistics.median(column) for column in zip(*turns, strict=True))
            more = [mine - other for other, mine in turns]
            p95 = statistics.quantiles(more, n=20)[-1]
            click.echo(
                f"{name:20}{before:12.2f}{now:10.2f}{statistics.median(more):+10.2f}{p95:+15.2f}"
            )


if __name__ == "__main__":
    main()
