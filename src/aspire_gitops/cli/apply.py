"""`aspire-gitops apply`: apply a plan and verify each change."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aspire_gitops.applying import Outcome, Result
from aspire_gitops.applying.outcome_text import outcome_json, outcome_summary, result_line
from aspire_gitops.cli.gateway import WAIT_S, LiveGateway, open_gateway
from aspire_gitops.cli.options import (
    Invocation,
    as_of,
    pass_invocation,
    with_detailed_exitcode,
    with_gateway,
    with_source,
)
from aspire_gitops.cli.terminal import ExitCode, show, show_warnings, warn
from aspire_gitops.codec.plan import plan_from_json
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, chosen
from aspire_gitops.pipeline.plan import compiled
from aspire_gitops.planning import Plan
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.settings import Settings
from aspire_gitops.vocabulary import StalePlan, UnsafePlan, UsageError, plural

_PLANS = 5  # that other writers may make stale, one after the other


class ApplyingShown:
    """A progress bar on a terminal, and a line for each result everywhere."""

    def __init__(self, changes: int) -> None:
        columns = (
            TextColumn("applying"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        wraps = sys.stderr.isatty()  # between words, where a terminal would cut them
        console = Console(
            stderr=True, highlight=False, soft_wrap=not wraps, markup=False, emoji=False
        )
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


_EPILOG = """\b
Examples:
  aspire-gitops apply                            show the plan, ask, apply
  aspire-gitops apply --yes                      in a pipeline: do not ask
  aspire-gitops apply --plan plan.json --yes     exactly the reviewed plan, or nothing

An apply that stopped half way loses nothing: run it again and it resumes there.
A refused object is held with what needs it, and the rest is applied.
Exit codes: 0 everything is as the files say, 1 something failed, was refused or held;
with --detailed-exitcode, 2 when changes were made.
"""


@click.command(name="apply", short_help="Make the gateway match the files.", epilog=_EPILOG)
@with_source
@with_gateway
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Apply this plan (from `plan -o`) if the gateway has not changed since.",
)
@click.option("--yes", is_flag=True, help="Do not ask. Required without a terminal.")
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=WAIT_S,
    show_default=True,
    help="How long to wait for another writer: the controller, or another apply.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@with_detailed_exitcode
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    *,
    source: str,
    revision: str | None,
    today: datetime | None,
    plan_file: Path | None,
    format_: str,
    yes: bool,
    lock_timeout: float,
    detailed_exitcode: bool,
    **flags: Any,
) -> None:
    """Make the gateway match SOURCE, and read back every change.

    Shows the plan and asks first. Only objects that carry our mark are changed
    or deleted. New keys are delivered where the files say.
    """
    settings = invocation.settings(**flags)
    again: Callable[[], Plan] | None = None
    if plan_file:
        _refuse_two_sources(ctx)
        plan = _saved_plan(plan_file, settings)
        gateway = open_gateway(invocation, settings, plan.gateway_url)
    else:
        wanted, findings = compiled(chosen(source, revision), as_of(today))
        show_warnings(findings)
        gateway = open_gateway(invocation, settings, wanted.gateway.url)
        plan = gateway.plan(wanted)
        again = partial(gateway.plan, wanted) if yes else None
    outcome = _Applying(gateway, yes, lock_timeout, again).carry_out(plan)
    if format_ == "json":
        click.echo(outcome_json(outcome), nl=False)
    else:
        show(outcome_summary(outcome))
    raise SystemExit(_exit_code(outcome, detailed=detailed_exitcode))


@dataclass(frozen=True, slots=True)
class _Applying:
    """How to apply: `again` makes the plan anew, None where a person saw and chose this one."""

    gateway: LiveGateway
    yes: bool
    lock_timeout_s: float
    again: Callable[[], Plan] | None

    def carry_out(self, plan: Plan) -> Outcome:
        for left in reversed(range(_PLANS)):
            self._show(plan)
            try:
                with ApplyingShown(len(plan.changes)) as shown:
                    return self.gateway.apply(
                        plan,
                        shown.result,
                        wait_s=self.lock_timeout_s,
                        just_made=self.again is not None,
                    )
            except StalePlan:
                if self.again is None or not left:
                    raise
            warn("the gateway changed after the plan was made; planning again")
            plan = self.again()
        raise AssertionError("the last try returns or raises")

    def _show(self, plan: Plan) -> None:
        show(plan_text(plan), on_stderr=True)  # stdout is for the outcome
        if plan.is_refused:
            raise UnsafePlan(
                f"the plan is refused, for {plural(len(plan.refusals), 'reason')}: "
                + ", ".join(f"{refusal.rule.code} {refusal.object}" for refusal in plan.refusals)
            )
        if plan.changes and not self.yes:
            _ask(plan)


def _ask(plan: Plan) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "nothing was changed: no terminal to ask for confirmation", help="pass --yes to apply"
        )
    question = f"Apply {plural(len(plan.changes), 'change')} to {plan.gateway_url}?"
    if not click.confirm(question, err=True):
        click.echo("Nothing was changed.", err=True)
        raise SystemExit(ExitCode.FAILED)


def _saved_plan(path: Path, settings: Settings) -> Plan:
    try:
        plan = plan_from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not a readable plan", help="write one with `plan -o`"
        ) from error
    if plan.owner != settings.owner:
        raise UsageError(
            f"{path} is a plan for owner {plan.owner}, but this is owner {settings.owner}",
            help=f"set ASPIRE_GITOPS_OWNER to {plan.owner}",
        )
    return plan


def _refuse_two_sources(ctx: click.Context) -> None:
    given = [
        name
        for name in ("source", "revision", "today")
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(
            f"--plan cannot be combined with SOURCE (default {DEFAULT_FOLDER}), --revision or --today",
            help="omit them: the plan was made from its files, as of its day",
        )


def _exit_code(outcome: Outcome, *, detailed: bool) -> ExitCode:
    if not outcome.is_whole:
        return ExitCode.FAILED
    return ExitCode.CHANGES if detailed and outcome.results else ExitCode.DONE
