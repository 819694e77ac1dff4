"""Show a rehearsal while it runs: what goes on now, and each step when it has ended."""

from types import TracebackType
from typing import Self

from rich.console import Console

from aspire_gitops.cli.progress import told_on_stderr
from aspire_gitops.rehearsal import Step
from aspire_gitops.rehearsal.text import step_text
from aspire_gitops.rendering.characters import one_line


class RehearsalShown:
    """A `Watcher` for people. Steps go to stdout in text format, else to stderr."""

    def __init__(self, *, results_on_stdout: bool) -> None:
        self._results = _console(stderr=not results_on_stdout)
        self._status = _console(stderr=True).status("starting")

    def __enter__(self) -> Self:
        if self._spins:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._status.stop()

    def begins(self, title: str) -> None:
        self._now(title)

    def tells(self, message: str) -> None:
        self._now(message)

    def ended(self, step: Step) -> None:
        # A running spinner on the same terminal would be torn by a line on the other stream.
        if self._spins:
            self._status.stop()
        self._results.print(step_text(step))
        if self._spins:
            self._status.start()

    @property
    def _spins(self) -> bool:
        return self._status.console.is_terminal

    def _now(self, message: str) -> None:
        if self._spins:
            self._status.update(one_line(message))
        else:
            told_on_stderr(message)


def _console(*, stderr: bool) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
