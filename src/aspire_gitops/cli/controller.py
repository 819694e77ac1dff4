"""`aspire-gitops controller`: the daemon that keeps the gateway equal to git."""

import asyncio
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import structlog

from aspire_gitops.cli.controller_parts import (
    gateway_of,
    lazy_journal,
    pace_of,
    places_of,
    receivers_of,
    server_options,
    source_of,
    spending_of,
    witness_of,
    world_of,
    writer_lock,
)
from aspire_gitops.cli.options import Invocation, now, pass_invocation, with_gateway, with_state_dir
from aspire_gitops.cli.state_folder import make_state_folder, only_controller
from aspire_gitops.cli.terminal import told_on_stderr, warn
from aspire_gitops.controller.daemon import Daemon
from aspire_gitops.controller.loop import Loop, Wakeups
from aspire_gitops.controller.notifier import Notifier, SnapshotPublisher
from aspire_gitops.controller.probes import Probes
from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.controller.status import StatusAssembler
from aspire_gitops.gateway import Exchange
from aspire_gitops.journal.locking import FileLock
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER
from aspire_gitops.probing import Prober
from aspire_gitops.server.metrics import Metrics
from aspire_gitops.settings import (
    ControllerSettings,
    refuse_misspelt_variables,
    settings_warnings,
)
from aspire_gitops.vocabulary import UsageError

_EPILOG = """\b
Examples:
  aspire-gitops controller --repository git@github.com:aspire/gateway.git
  aspire-gitops controller gateway.d          watch a folder, for work on one machine

\b
Beside it, on the same host:
  aspire-gitops status                        what it is doing
  aspire-gitops reconcile                     look now
  aspire-gitops freeze --for 2h --reason …    look and report, change nothing
  aspire-gitops log                           what was done, by which commit

On SIGTERM it finishes the current change and stops. SIGHUP starts a turn at once.
All settings: docs/reference/settings.md. How to run it: docs/operate/controller.md.
"""


@click.command(
    name="controller", short_help="Keep the gateway equal to git, as a daemon.", epilog=_EPILOG
)
@click.argument("source", default=DEFAULT_FOLDER, type=click.Path(path_type=Path))
@click.option("--repository", metavar="URL", help="Git remote or local repository.  [variable: ASPIRE_GITOPS_REPOSITORY; without it SOURCE is watched]")  # fmt: skip
@click.option("--branch", metavar="NAME", help="Branch that is applied.  [variable: ASPIRE_GITOPS_BRANCH; default: main]")  # fmt: skip
@click.option("--folder", metavar="PATH", help="Folder in the repository.  [variable: ASPIRE_GITOPS_FOLDER; default: gateway.d]")  # fmt: skip
@click.option("--interval", "interval_s", type=float, metavar="SECONDS", help="Seconds between two turns.  [variable: ASPIRE_GITOPS_INTERVAL_S; default: 60]")  # fmt: skip
@click.option("--listen", metavar="HOST:PORT", help="Status page, metrics, webhook.  [variable: ASPIRE_GITOPS_LISTEN; default: 127.0.0.1:8790]")  # fmt: skip
@with_gateway
@with_state_dir
@pass_invocation
def command(invocation: Invocation, /, *, source: Path, **flags: Any) -> None:
    """Watch git and the gateway, and keep the gateway equal to git.

    Reads the files of a git branch, or without a repository those of the folder
    SOURCE. Heals drift, keeps a journal, shows a status page. Only objects that
    carry our mark are changed or deleted.
    """
    refuse_misspelt_variables()  # a default in place of what was meant may apply unsigned commits
    settings = invocation.controller_settings(**flags)
    for warning in settings_warnings(settings):
        warn(warning)
    invocation.log_as(settings, daemon=True)
    try:
        folder = source.absolute()  # the folder that we are started in may go away
    except FileNotFoundError:
        raise UsageError(
            "the working folder no longer exists", help="start the controller in another one"
        ) from None
    make_state_folder(settings.state_dir)
    with only_controller(settings.state_dir) as folder_lock:
        asyncio.run(_run(settings, folder, folder_lock))


def _tell_address(url: str) -> None:
    with suppress(OSError):  # as in the log: nobody reads it, and the gateway is kept all the same
        told_on_stderr(f"status page: {url}")


async def _run(settings: ControllerSettings, folder: Path, folder_lock: FileLock) -> None:
    metrics, wakeups = Metrics(), Wakeups()
    lock = writer_lock(settings, folder_lock)

    def why_not_write() -> str | None:
        if loop.stopping:
            return "the controller is stopping"
        return None if lock.held(now=True) else "the lock is lost"

    def observed(exchange: Exchange) -> None:
        metrics.called(exchange.method, exchange.path, exchange.status, exchange.seconds)

    source = source_of(settings, folder, structlog.get_logger("aspire_gitops.sources").warning)
    gateway, journal = gateway_of(settings, observed), lazy_journal(settings)
    world = world_of(settings, source, gateway, journal, why_not_write)
    reconciler = Reconciler(world, pace_of(settings))
    loop = Loop(reconciler, lock, wakeups)
    outbox = Outbox(settings.state_dir / "outbox", receivers_of(settings), clock=now)
    notifier = Notifier(outbox)
    status = StatusAssembler(loop, now, version("aspire-gitops"), untold=lambda: outbox.untold)
    probes = Probes(
        Prober(gateway),
        reconciler,
        journal,
        outbox.put,
        now,
        world.jitter,
        may_probe=status.may_probe,
    )
    status.probes = lambda: probes.report
    daemon = Daemon(
        loop,
        status,
        server_options(settings),
        metrics,
        outbox,
        SnapshotPublisher(places_of(settings), settings.owner, now),
        probes,
        watched_folder=None if settings.repository else folder,
        listening=_tell_address,
    )
    log = structlog.get_logger("aspire_gitops.controller")
    log.info(
        "started",
        version=status.version,
        watches=f"{settings.folder} on {settings.branch} of {settings.repository}"
        if settings.repository
        else f"the folder {folder}",
        settings=settings.model_dump(mode="json", exclude_none=True),  # secrets become stars
    )
    reconciler.at_work = status.working
    reconciler.announce, reconciler.tell = notifier.announce, outbox.put
    loop.listeners = (status.turned, metrics.turned, notifier.turned, daemon.turned)
    try:
        async with gateway, spending_of(settings, journal, outbox.put) as reconciler.spending:
            reconciler.witness = witness_of(settings, reconciler.spending)
            probes.prober.books = reconciler.spending.books if reconciler.spending else None
            await daemon.run()
    finally:
        journal.close()
        log.info("stopped")
