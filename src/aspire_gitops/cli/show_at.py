"""`aspire-gitops show-at`: what was live at one moment, who set it, and what differs now."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from aspire_gitops.cli.options import Invocation, pass_invocation, with_state_dir
from aspire_gitops.cli.state_folder import gateways_zone, journal_to_read
from aspire_gitops.cli.terminal import show, show_paged
from aspire_gitops.journal import Entry, EntryKind, Journal, Moment
from aspire_gitops.journal.as_of import (
    Chooses,
    Then,
    everything,
    of_alias,
    of_app,
    then_json,
    then_text,
    view,
)
from aspire_gitops.vocabulary import MOMENT_HINT, UsageError, read_moment
from aspire_ledger.canonical import JsonValue, pretty_json

_EPILOG = """\b
Examples:
  aspire-gitops show-at "yesterday 14:05" --alias qwen-vision   which target answered then
  aspire-gitops show-at 4f2c9d1 --app knowledge-os              right after that commit was applied
  aspire-gitops show-at "2h ago" --format json                  everything, for machines

Times: 2h, 2 minutes ago, yesterday at 2pm, 2026-11-20T14:05+11:00; without an
offset in the zone of this machine.
"""
_REVISION = re.compile(r"(?:.+@sha1:)?[0-9a-f]{4,64}(?:\+changes)?")


@dataclass(frozen=True, slots=True)
class PointInTime:
    """When: the moment to show, and up to where the journal counts."""

    at: datetime
    upto: Moment


@click.command(
    name="show-at",
    short_help="Show what was live at a time, who set it, and what differs now.",
    epilog=_EPILOG,
)
@click.argument("when", metavar="TIME|REVISION")
@click.option("--app", metavar="NAME", help="Only this app: its keys, caps, aliases and targets.")
@click.option("--alias", metavar="NAME", help="Only this alias: its target, provider and price.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@with_state_dir
@pass_invocation
def command(
    invocation: Invocation,
    /,
    *,
    when: str,
    app: str | None,
    alias: str | None,
    format_: str,
    state_dir: Path | None,
) -> None:
    """Show what was live at a time, or when a commit was last applied completely.

    Reads the journal, also while a controller writes it. "Now" is what the journal
    knows of the gateway now.
    """
    if app and alias:
        raise UsageError("--app and --alias cannot be combined", help="pass one of them")
    with journal_to_read(invocation, state_dir) as journal:
        asked = _asked(journal, when, datetime.now().astimezone())
        found = then_of(journal, asked, _chooses(app, alias), journal.recorded_states())
        there = gateways_zone(journal)
    _refuse_nothing(found, app, alias, when)
    if format_ == "json":
        show(pretty_json(then_json(found)))
    else:
        show_paged(then_text(found, there))


def then_of(
    journal: Journal, asked: PointInTime, chooses: Chooses, now: Mapping[str, JsonValue]
) -> Then:
    """Read what was live. `now` may come from the journal, or from a snapshot of the gateway."""
    applied = next(_applied(journal, asked.upto), None)
    return view(asked.at, applied, journal.newest_states(asked.upto), now, chooses)


def _asked(journal: Journal, when: str, now: datetime) -> PointInTime:
    try:
        moment = read_moment(when, now)
    except (ValueError, OverflowError):
        raise UsageError(f"invalid time {when!r}", help=f"{MOMENT_HINT}, or a commit") from None
    if moment:
        if moment > now:
            raise UsageError(f"{when!r} is in the future", help="name a time in the past")
        return PointInTime(moment, moment)
    if not _REVISION.fullmatch(when):
        raise UsageError(f"invalid time or commit {when!r}", help=f"{MOMENT_HINT}, or a commit")
    entry = _last_applied(journal, when)
    return PointInTime(entry.draft.at, entry.number)


def _last_applied(journal: Journal, revision: str) -> Entry:
    entries = list(journal.read(kinds=[EntryKind.APPLIED], revision=revision, newest_first=True))
    commits = {entry.draft.commit or entry.draft.revision for entry in entries}
    if not entries:
        raise UsageError(
            f"{revision} was never applied completely",
            help="list the applied revisions with `aspire-gitops log --kind applied`",
        )
    if len(commits) > 1:
        raise UsageError(
            f"{revision} is ambiguous: {' or '.join(sorted(commits))}", help="give more characters"
        )
    return entries[0]


def _applied(journal: Journal, upto: Moment) -> Iterator[Entry]:
    for entry in journal.read(kinds=[EntryKind.APPLIED], newest_first=True):
        if (entry.number if isinstance(upto, int) else entry.draft.at) <= upto:  # type: ignore[operator] # both of one kind
            yield entry


def _chooses(app: str | None, alias: str | None) -> Chooses:
    if app:
        return of_app(app)
    return of_alias(alias) if alias else everything


def _refuse_nothing(found: Then, app: str | None, alias: str | None, when: str) -> None:
    name = f"app {app}" if app else f"alias {alias}" if alias else None
    if name and not found.objects and not found.came:
        raise UsageError(
            f"the journal has no {name} at {when}", help=f"run `aspire-gitops show-at {when!r}`"
        )
