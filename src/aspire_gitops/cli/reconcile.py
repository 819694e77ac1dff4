"""`aspire-gitops reconcile`: one turn now, by the controller on this host or without one."""

import asyncio
from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.controller_parts import (
    gateway_of,
    lazy_journal,
    pace_of,
    source_of,
    spending_of,
    witness_of,
    world_of,
    writer_lock,
)
from aspire_gitops.cli.options import Invocation, pass_invocation, with_gateway, with_state_dir
from aspire_gitops.cli.state_folder import make_state_folder, only_controller
from aspire_gitops.cli.terminal import ExitCode, show, told_on_stderr
from aspire_gitops.codec.values import document
from aspire_gitops.controller.reconcile import ASKED, Reconciler
from aspire_gitops.journal.locking import FileLock
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER
from aspire_gitops.server.local import LocalController
from aspire_gitops.settings import ControllerSettings
from aspire_gitops.status.document import TurnDocument
from aspire_gitops.status.document_builder import turn_document
from aspire_gitops.status.value import Standing
from aspire_gitops.status.wording import turn_lines
from aspire_gitops.vocabulary import AspireGitopsError, UsageError
from aspire_ledger.canonical import pretty_json

_EPILOG = """\b
Examples:
  aspire-gitops reconcile            ask the controller on this host to look now
  aspire-gitops reconcile --alone    take one turn without a controller, then end

A commit that failed and rests is tried again.
Exit codes: 0 the turn ended ready, 1 it is waiting or stalled.
"""


@click.command(
    name="reconcile",
    short_help="Take one turn now: read git and the gateway, and apply.",
    epilog=_EPILOG,
)
@click.argument("source", default=DEFAULT_FOLDER, type=click.Path(path_type=Path))
@click.option("--alone", is_flag=True, help="Take the turn in this process; no controller may run.")
@click.option(
    "--repository", metavar="URL", help="With --alone: the git remote, in place of SOURCE."
)
@with_gateway
@with_state_dir
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How the turn is written.")  # fmt: skip
@pass_invocation
def command(
    invocation: Invocation, /, *, source: Path, alone: bool, format_: str, **flags: Any
) -> None:
    """Take one turn: read git and the gateway, and bring the gateway to git."""
    settings = invocation.controller_settings(**flags)
    invocation.log_as(settings)
    turn = _alone(settings, source) if alone else _asked(settings)
    if format_ == "json":
        click.echo(pretty_json(document("turn", turn.model_dump(mode="json"))), nl=False)
    else:
        for line in turn_lines(turn):
            show(line)
    raise SystemExit(ExitCode.DONE if turn.standing == Standing.READY else ExitCode.FAILED)


def _asked(settings: ControllerSettings) -> TurnDocument:
    try:
        return LocalController(settings.state_dir).reconcile()
    except UsageError as error:
        help_ = f"{error.help}, or pass --alone to take one turn without a controller"
        raise UsageError(error.message, help=help_) from None


def _alone(settings: ControllerSettings, folder: Path) -> TurnDocument:
    make_state_folder(settings.state_dir)
    with only_controller(settings.state_dir) as lock:
        return asyncio.run(_turn(settings, folder, lock))


async def _turn(settings: ControllerSettings, folder: Path, folder_lock: FileLock) -> TurnDocument:
    lock = writer_lock(settings, folder_lock)
    if not lock.try_acquire():
        raise AspireGitopsError(
            f"another controller is running: {lock.holder()}", help="run the command there"
        )
    source = source_of(settings, folder, told_on_stderr)
    gateway, journal = gateway_of(settings), lazy_journal(settings)
    world = world_of(
        settings,
        source,
        gateway,
        journal,
        lambda: None if lock.held(now=True) else "the lock is lost",
    )
    try:
        async with gateway, spending_of(settings, journal, lambda _: None) as spending:
            witness = witness_of(settings, spending)
            reconciler = Reconciler(world, pace_of(settings), witness=witness)
            return turn_document(await reconciler.turn((ASKED,)))
    finally:
        journal.close()
        lock.release()
