"""`freeze`, `suspend`, `resume`, `revert`: ask the controller, through the journal, to change nothing or to hold an older revision."""

import asyncio
import getpass
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.controller_parts import database_url, gateway_of, source_of
from aspire_gitops.cli.options import (
    Invocation,
    now,
    pass_invocation,
    with_gateway_address,
    with_state_dir,
)
from aspire_gitops.cli.state_folder import gateways_zone
from aspire_gitops.cli.terminal import ExitCode, show, told_on_stderr
from aspire_gitops.controller.git_reader import Compiler
from aspire_gitops.controller.holds import hold_draft, holds_in_force, resume_draft
from aspire_gitops.journal import Entry, EntryKind, Journal, open_journal
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER
from aspire_gitops.planning import Plan, addresses_to_adopt
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.server.local import LocalController
from aspire_gitops.settings import ControllerSettings
from aspire_gitops.status.value import Hold, HoldKind
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    UnsafePlan,
    UsageError,
    moment_text,
    read_length,
)

_LONGEST = timedelta(days=30)


class Duration(click.ParamType[timedelta]):
    """A time span such as `30m`, `2h` or `3d`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        span = read_length(str(value))
        if not span:
            self.fail(f"{value!r} (write 30m, 2h or 3d)", param, ctx)
        if span > _LONGEST:
            self.fail(f"{value} is longer than 30 days (freeze again when it ends)", param, ctx)
        return span


_EPILOG = """\b
Examples:
  aspire-gitops freeze --for 2h --reason "provider maintenance"
  aspire-gitops suspend --reason "moving the database" --owner ops@example.com
  aspire-gitops resume

The controller keeps reading and reporting. The command returns when it has seen the hold.
"""


def _myself() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return f"uid {os.getuid()}"


with_owner = click.option(
    "--owner",
    "who",
    default=_myself,
    show_default="the user's name",
    help="Who asks.",
)
with_reason = click.option("--reason", required=True, help="Why, in one sentence.")


@click.command(
    name="freeze",
    short_help="Stop the controller from changing anything for a while.",
    epilog=_EPILOG,
)
@click.option("--for", "span", type=Duration(), required=True, help="How long: 30m, 2h, 3d.")
@with_reason
@with_owner
@with_state_dir
@pass_invocation
def freeze(
    invocation: Invocation,
    /,
    *,
    span: timedelta,
    reason: str,
    who: str,
    state_dir: Path | None,
) -> None:
    """Keep the controller from changing anything for a while.

    It keeps reading and reporting. A second freeze replaces the first; `resume`
    ends it early.
    """
    settings = invocation.controller_settings(state_dir=state_dir)
    at = now()
    hold = Hold(HoldKind.FREEZE, one_line(who), one_line(reason), at, at + span)
    end = put_on(settings, hold)
    click.echo(f"Frozen until {end}. `aspire-gitops resume` ends it early.")


@click.command(
    name="suspend",
    short_help="Stop the controller from changing anything until `resume`.",
    epilog=_EPILOG,
)
@with_reason
@with_owner
@with_state_dir
@pass_invocation
def suspend(invocation: Invocation, /, *, reason: str, who: str, state_dir: Path | None) -> None:
    """Keep the controller from changing anything until `resume`."""
    settings = invocation.controller_settings(state_dir=state_dir)
    put_on(settings, Hold(HoldKind.SUSPEND, one_line(who), one_line(reason), now()))
    click.echo("Suspended. `aspire-gitops resume` ends it.")


@click.command(name="resume", short_help="End a freeze, a suspension or a revert.", epilog=_EPILOG)
@with_owner
@with_state_dir
@pass_invocation
def resume(invocation: Invocation, /, *, who: str, state_dir: Path | None) -> None:
    """End every hold: the controller follows the branch again and applies changes."""
    settings = invocation.controller_settings(state_dir=state_dir)
    at = now()
    with journal_of(settings) as journal:
        held = holds_in_force(journal.read(kinds=(EntryKind.HOLD,)), at)
        if held:
            journal.append(resume_draft(one_line(who), at))
    if not held:
        click.echo("Nothing holds the controller.")
        return
    wake(settings)
    for hold in held:
        click.echo(f"Ended the {hold.kind} of {hold.owner} ({hold.reason}).")


def put_on(settings: ControllerSettings, hold: Hold) -> str:
    """Write a hold into the journal and wake the controller here, if one runs.

    Returns:
        Its end, in the Gateway's timezone.

    Raises:
        JournalUnavailable, JournalDamaged: The hold is not in force.
    """
    with journal_of(settings) as journal:
        journal.append(hold_draft(hold))
        there = gateways_zone(journal)
    wake(settings)
    return moment_text(hold.until, there) if hold.until else ""


def journal_of(settings: ControllerSettings) -> Journal:
    """Open the journal for writing. The state folder has to be there.

    Raises:
        UsageError: No controller ever ran with this state folder.
        JournalUnavailable, JournalDamaged: See `open_journal`.
    """
    url = database_url(settings)
    if url is None and not settings.state_dir.is_dir():
        raise UsageError(
            f"no controller has run with state folder {settings.state_dir}",
            help="set ASPIRE_GITOPS_STATE_DIR or ASPIRE_GITOPS_DATABASE_URL to the controller's "
            "value",
        )
    return open_journal(url, settings.state_dir)


def wake(settings: ControllerSettings) -> None:
    """Let a controller on this host take a turn, so that the hold is in force when this returns."""
    try:
        LocalController(settings.state_dir).reconcile("brake")
    except AspireGitopsError as error:
        click.echo(f"A controller will see it in its next turn ({error.message}).", err=True)


def one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise UsageError("the text is empty", help="write a sentence")
    return line[:500]


_LEAST = 7  # characters of a commit

_REVERT_EPILOG = """\b
Examples:
  aspire-gitops log --kind applied              which revisions were live
  aspire-gitops revert --to 4f2c9d1 --for 2h --reason "OCR fails on the new model"
  aspire-gitops resume                          follow the branch again

The branch is unchanged: revert the commit there before the time is over.
"""


@click.command(
    name="revert",
    short_help="Hold the gateway at an older revision for a while.",
    epilog=_REVERT_EPILOG,
)
@click.option("--to", "wanted", metavar="REVISION", required=True, help="A commit that was applied before; seven characters are enough.")  # fmt: skip
@click.option("--for", "span", type=Duration(), default="24h", show_default=True, help="How long to hold it: 30m, 2h, 3d.")  # fmt: skip
@with_reason
@with_owner
@click.option("--repository", metavar="URL", help="The controller's repository.  [variable: ASPIRE_GITOPS_REPOSITORY]")  # fmt: skip
@with_gateway_address
@with_state_dir
@click.option("--yes", is_flag=True, help="Do not ask. Required without a terminal.")
@pass_invocation
def revert(
    invocation: Invocation,
    /,
    *,
    wanted: str,
    span: timedelta,
    reason: str,
    who: str,
    yes: bool,
    **flags: Any,
) -> None:
    """Make the gateway match an older revision, and hold it there for a while."""
    settings = invocation.controller_settings(**flags)
    invocation.log_as(settings)
    if settings.repository is None:
        raise UsageError("reverting needs a git repository", help="set ASPIRE_GITOPS_REPOSITORY")
    commit = _applied_before(settings, wanted)
    plan = asyncio.run(_plan(settings, commit))
    show(plan_text(plan), on_stderr=True)
    if plan.is_refused:
        raise UnsafePlan("nothing was changed: the plan of the older revision is refused")
    if not yes:
        _ask(plan, span)
    at = now()
    hold = Hold(HoldKind.REVERT, one_line(who), one_line(reason), at, at + span, commit)
    end = put_on(settings, hold)
    click.echo(f"Held at {commit[:7]} until {end}. `aspire-gitops resume` ends it.")


def _applied_before(settings: ControllerSettings, wanted: str) -> str:
    if len(wanted) < _LEAST:
        raise UsageError(
            f"{wanted} is too short for a commit", help="give at least seven characters"
        )
    with journal_of(settings) as journal:
        entries = journal.read(kinds=(EntryKind.APPLIED,), newest_first=True)
        found = {commit for entry in entries if (commit := _commit(entry)).startswith(wanted)}
    if len(found) != 1:
        what = "fits several commits" if found else "was never applied as a whole"
        raise UsageError(f"{wanted} {what}", help="see `aspire-gitops log --kind applied`")
    return found.pop()


def _commit(entry: Entry) -> str:
    return entry.draft.commit or ""


async def _plan(settings: ControllerSettings, commit: str) -> Plan:
    source = source_of(settings, Path(DEFAULT_FOLDER), told_on_stderr)
    wanted = Compiler().wanted(source.read_at(commit), now())
    async with gateway_of(settings) as gateway:
        found = await gateway.read_snapshot()
        adopted = addresses_to_adopt(wanted.compiled, found, settings.owner)
        return await wanted.plan(await gateway.read_holders(found, adopted), settings.owner)


def _ask(plan: Plan, span: timedelta) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "nothing was changed: no terminal to ask for confirmation", help="pass --yes"
        )
    hours = span.total_seconds() / 3600
    if not click.confirm(f"Apply this, and hold it for {hours:g} h?", err=True):
        click.echo(f"Nothing was changed; plan {plan.id} was discarded.", err=True)
        raise SystemExit(ExitCode.FAILED)
