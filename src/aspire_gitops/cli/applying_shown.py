"""Show an apply on stderr while it runs: one line for each change as it is proved."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aspire_gitops.applying import Result
from aspire_gitops.rendering.outcome import result_line


class ApplyingShown:
    """A progress bar for people, and a line for each result for everybody."""

    def __init__(self, changes: int) -> None:
        columns = (
            TextColumn("applying"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
        self._progress = Progress(
            *columns, console=console, transient=True, disable=not (changes and console.is_terminal)
        )
        self._task = self._progress.add_task("applying", total=changes)

    def result(self, result: Result) -> None:
        self._progress.console.print(result_line(result))
        self._progress.advance(self._task)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()
