"""Everything that runs at once in the controller's process: the loop, the server, the outbox.

The loop is never cancelled: whatever else fails, the current change is finished
first, and the next controller resumes there.
"""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from aspire_gitops.controller.loop import Loop
from aspire_gitops.controller.notifier import SnapshotPublisher
from aspire_gitops.controller.probes import Probes
from aspire_gitops.controller.status import StatusAssembler
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.server.metrics import Metrics
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.serving import serve
from aspire_gitops.sources.watch import changes
from aspire_gitops.state import ReviewedGateway
from aspire_gitops.status.value import Turn
from aspire_gitops.vocabulary import SourceUnavailable

_log = structlog.get_logger("aspire_gitops.controller")


@dataclass(slots=True)
class Daemon:
    """The parts, composed by the command line. `watched_folder` wakes the loop when it changes."""

    loop: Loop
    status: StatusAssembler
    server: ServerOptions
    metrics: Metrics
    outbox: Outbox
    publisher: SnapshotPublisher
    probes: Probes
    watched_folder: Path | None = None
    listening: Callable[[str], None] = lambda _url: None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _snapshots: asyncio.Queue[Turn] = field(default_factory=lambda: asyncio.Queue(maxsize=1))

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, or until a part fails.

        Raises:
            UsageError: The server's address or the state folder is taken. Nothing was done.
        """
        self._heed_signals()
        ready = asyncio.Event()
        serving = asyncio.create_task(self._serve(ready))
        await self._either(ready, serving)
        unwatched = Event()
        tasks = (
            self.outbox.run(self._stop),
            self._publish(),
            self._watch(unwatched),
            self.probes.run(self._stop),
        )
        beside = [serving, *map(asyncio.create_task, tasks)]
        for task in beside:
            task.add_done_callback(self._one_ended)
        try:
            await self.loop.run()
        finally:
            self._stop.set()
            unwatched.set()
            ended = await asyncio.gather(*beside, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    def turned(self, turn: Turn) -> None:
        """Hear of a turn that ended: what was read is published beside the next ones."""
        if self._snapshots.empty():
            self._snapshots.put_nowait(turn)

    async def _serve(self, ready: asyncio.Event) -> None:
        def listening(url: str) -> None:
            self.listening(url)
            ready.set()

        await serve(
            self.status,
            self.loop.wakeups,
            self.server,
            self._stop,
            metrics=self.metrics,
            listening=listening,
        )

    async def _publish(self) -> None:
        while not self._stop.is_set():
            turn = asyncio.create_task(self._snapshots.get())
            stopped = asyncio.create_task(self._stop.wait())
            await asyncio.wait((turn, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not turn.done():
                turn.cancel()
                return
            reconciler = self.loop.reconciler
            if reconciler.seen is not None:
                facts = reconciler.memory.facts
                head = facts.head if facts else None
                spec = reconciler.gateway
                reviewed = ReviewedGateway(spec.name, spec.url) if spec else None
                await self.publisher.publish(reconciler.seen, turn.result().applied, head, reviewed)

    async def _watch(self, stop: Event) -> None:
        running = asyncio.get_running_loop()

        def tell(error: SourceUnavailable) -> None:
            _log.warning(error.message, help=error.help)

        def watch(folder: Path) -> None:
            for _ in changes(folder, stop=stop, tell=tell):
                running.call_soon_threadsafe(self.loop.wakeups.wake, "file change")

        if self.watched_folder is None:
            await self._stop.wait()
        else:
            await asyncio.to_thread(watch, self.watched_folder)

    def _heed_signals(self) -> None:
        running = asyncio.get_running_loop()

        def stop(number: signal.Signals) -> None:
            _log.info("stopping after the current change", signal=number.name)
            self.loop.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, stop, number)
        running.add_signal_handler(signal.SIGHUP, self.loop.wakeups.wake, "SIGHUP")

    def _one_ended(self, task: "asyncio.Task[None]") -> None:
        if not self._stop.is_set():
            _log.error("a part of the controller ended; stopping", error=repr(task.exception()))
            self.loop.stop()

    @staticmethod
    async def _either(ready: asyncio.Event, serving: "asyncio.Task[None]") -> None:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((waiting, serving), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            serving.result()
