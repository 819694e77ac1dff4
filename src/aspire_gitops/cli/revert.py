"""`aspire-gitops revert --to REVISION`: hold the gateway at an older revision for a while.

Plans forward from what is live now to that revision; it does not undo old
changes. The controller applies the plan and holds it, so it stays the only writer.
Git stays the source of truth, and is followed again when the time is over.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.controller_parts import gateway_of, source_of
from aspire_gitops.cli.holds import (
    Duration,
    journal_of,
    one_line,
    put_on,
    with_owner,
    with_reason,
)
from aspire_gitops.cli.options import Invocation, now, pass_invocation, with_gateway_address
from aspire_gitops.cli.terminal import ExitCode, show, told_on_stderr
from aspire_gitops.controller.git_reader import Compiler
from aspire_gitops.journal import Entry, EntryKind
from aspire_gitops.pipeline.choice import DEFAULT_FOLDER
from aspire_gitops.planning.adoption import addresses_to_adopt
from aspire_gitops.planning.plan import Plan
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.settings import ControllerSettings, read_controller_settings
from aspire_gitops.status.value import Hold, HoldKind
from aspire_gitops.vocabulary.errors import UnsafePlan, UsageError
from aspire_gitops.vocabulary.time_words import moment_utc

_LEAST = 7  # characters of a commit

_EPILOG = """\b
Examples:
  aspire-gitops log --kind applied              which revisions were live
  aspire-gitops revert --to 4f2c9d1 --for 2h --reason "OCR fails on the new model"
  aspire-gitops resume                          follow the branch again

The branch is unchanged: revert the commit there before the time is over.
"""


@click.command(
    name="revert", short_help="Hold the gateway at an older revision for a while.", epilog=_EPILOG
)
@click.option("--to", "wanted", metavar="REVISION", required=True, help="A commit that was applied before; seven characters are enough.")  # fmt: skip
@click.option("--for", "span", type=Duration(), default="24h", show_default=True, help="How long to hold it: 30m, 2h, 3d.")  # fmt: skip
@with_reason
@with_owner
@click.option("--repository", metavar="URL", help="The controller's repository.  [variable: ASPIRE_GITOPS_REPOSITORY]")  # fmt: skip
@with_gateway_address
@click.option("--yes", is_flag=True, help="Do not ask. Required without a terminal.")
@pass_invocation
def command(
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
    settings = read_controller_settings(log_format=invocation.log_format, **flags)
    invocation.log_as(settings)
    if settings.repository is None:
        raise UsageError("reverting needs a git repository", help="set ASPIRE_GITOPS_REPOSITORY")
    commit = _applied_before(settings, wanted)
    plan = asyncio.run(_plan(settings, commit))
    show(plan_text(plan), on_stderr=True)
    if plan.refusals:
        raise UnsafePlan("nothing was changed: the plan of the older revision is refused")
    if not yes:
        _ask(plan, span)
    at = now()
    hold = Hold(HoldKind.REVERT, one_line(who), one_line(reason), at, at + span, commit)
    put_on(settings, hold)
    click.echo(
        f"Held at {commit[:7]} until {moment_utc(at + span)}. `aspire-gitops resume` ends it."
    )


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
        return wanted.plan(await gateway.read_holders(found, adopted), settings.owner)


def _ask(plan: Plan, span: timedelta) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "nothing was changed: no terminal to ask for confirmation", help="pass --yes"
        )
    hours = span.total_seconds() / 3600
    if not click.confirm(f"Apply this, and hold it for {hours:g} h?", err=True):
        click.echo(f"Nothing was changed; plan {plan.id} was discarded.", err=True)
        raise SystemExit(ExitCode.FAILED)
