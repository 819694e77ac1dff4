"""`freeze`, `suspend`, `resume`: hold the controller, through the journal.

Two controllers on two hosts share the journal, and it records who asked and why.
A controller on this host is woken at once.
"""

import getpass
import os
import re
from datetime import timedelta

import click

from aspire_gitops.cli.controller_parts import database_url
from aspire_gitops.cli.options import Invocation, now, pass_invocation
from aspire_gitops.controller.holds import hold_draft, holds_in_force, resume_draft
from aspire_gitops.journal import EntryKind, Journal, open_journal
from aspire_gitops.server.local import LocalController
from aspire_gitops.settings import ControllerSettings, read_controller_settings
from aspire_gitops.status.value import Hold, HoldKind
from aspire_gitops.vocabulary.errors import AspireGitopsError, UsageError
from aspire_gitops.vocabulary.time_words import moment_utc

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=30)


class Duration(click.ParamType[timedelta]):
    """A time span such as `30m`, `2h` or `3d`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", str(value))
        if not found:
            self.fail(f"{value!r} (write 30m, 2h or 3d)", param, ctx)
        span = timedelta(**{_UNITS[found[2]]: int(found[1])})
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
@pass_invocation
def freeze(invocation: Invocation, /, *, span: timedelta, reason: str, who: str) -> None:
    """Keep the controller from changing anything for a while.

    It keeps reading and reporting. A second freeze replaces the first; `resume`
    ends it early.
    """
    settings = read_controller_settings(log_format=invocation.log_format)
    at = now()
    put_on(settings, Hold(HoldKind.FREEZE, one_line(who), one_line(reason), at, at + span))
    click.echo(f"Frozen until {moment_utc(at + span)}. `aspire-gitops resume` ends it early.")


@click.command(
    name="suspend",
    short_help="Stop the controller from changing anything until `resume`.",
    epilog=_EPILOG,
)
@with_reason
@with_owner
@pass_invocation
def suspend(invocation: Invocation, /, *, reason: str, who: str) -> None:
    """Keep the controller from changing anything until `resume`."""
    settings = read_controller_settings(log_format=invocation.log_format)
    put_on(settings, Hold(HoldKind.SUSPEND, one_line(who), one_line(reason), now()))
    click.echo("Suspended. `aspire-gitops resume` ends it.")


@click.command(name="resume", short_help="End a freeze, a suspension or a revert.", epilog=_EPILOG)
@with_owner
@pass_invocation
def resume(invocation: Invocation, /, *, who: str) -> None:
    """End every hold: the controller follows the branch again and applies changes."""
    settings = read_controller_settings(log_format=invocation.log_format)
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


def put_on(settings: ControllerSettings, hold: Hold) -> None:
    """Write a hold into the journal and wake the controller here, if one runs.

    Raises:
        JournalUnavailable, JournalDamaged: The hold is not in force.
    """
    with journal_of(settings) as journal:
        journal.append(hold_draft(hold))
    wake(settings)


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
