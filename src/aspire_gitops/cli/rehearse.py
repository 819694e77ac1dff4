"""`aspire-gitops rehearse`: apply the files to a throw-away gateway and prove that they work."""

import sys
from datetime import datetime
from types import TracebackType
from typing import Self

import click
from rich.console import Console

from aspire_gitops.cli.options import Invocation, as_of, pass_invocation, with_source
from aspire_gitops.cli.terminal import ExitCode, show, show_warnings, told_on_stderr
from aspire_gitops.pipeline.catalog import chosen
from aspire_gitops.pipeline.plan import compiled
from aspire_gitops.rehearsal import Step, rehearse
from aspire_gitops.rehearsal.report import closing_text, opening_text, step_text
from aspire_gitops.vocabulary import one_line
from aspire_ledger.canonical import pretty_json


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
    wraps = (sys.stderr if stderr else sys.stdout).isatty()  # else lines stay whole
    return Console(stderr=stderr, highlight=False, soft_wrap=not wraps, markup=False, emoji=False)


_EPILOG = """\b
Examples:
  aspire-gitops rehearse                     gateway.d
  aspire-gitops rehearse git:HEAD            what is committed
  aspire-gitops rehearse --format json       for a pipeline

Needs Python, Node.js and PostgreSQL, and no secret. Takes about a minute; the
first time a minute or two more, to install LiteLLM. Your gateway and your
providers are never contacted.
"""


@click.command(
    name="rehearse",
    short_help="Apply the files to a throw-away gateway and prove it works.",
    epilog=_EPILOG,
)
@with_source
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@pass_invocation
def command(
    invocation: Invocation, source: str, revision: str | None, today: datetime | None, format_: str
) -> None:
    """Apply SOURCE to a real LiteLLM on this machine and verify what it promises.

    Starts a sandbox whose providers are stand-ins, applies the files to it, and
    then calls through it as the apps would: every alias that an app lists, one
    that it does not, with a provider down, after a swap, after a restart. Then it
    attacks the gateway with a key, and compares what providers billed with what
    the ledger booked.
    """
    wanted, findings = compiled(chosen(source, revision), as_of(today))
    show_warnings(findings)
    settings = invocation.settings()
    invocation.log_as(settings)
    in_text = format_ == "text"
    if in_text:
        show(opening_text(wanted))
    with RehearsalShown(results_on_stdout=in_text) as shown:
        rehearsal = rehearse(wanted, shown, owner=settings.owner)
    if in_text:
        show(closing_text(rehearsal))
    else:
        click.echo(pretty_json(rehearsal.as_json()), nl=False)
    raise SystemExit(ExitCode.DONE if rehearsal.passed else ExitCode.FAILED)
