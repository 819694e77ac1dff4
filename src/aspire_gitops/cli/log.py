"""`aspire-gitops log`: read what the controller did, and verify the record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path

import click
from rich.text import Text

from aspire_gitops.cli.options import Invocation, MomentOption, pass_invocation, with_state_dir
from aspire_gitops.cli.state_folder import gateways_zone, journal_to_read
from aspire_gitops.cli.terminal import ExitCode, show, show_paged, told_on_stderr
from aspire_gitops.journal import Entry, EntryKind
from aspire_gitops.journal.lines import (
    lines_json,
    lines_jsonl,
    lines_text,
    verdict_json,
    verdict_text,
)
from aspire_gitops.kinds import parse_key
from aspire_gitops.vocabulary import UsageError
from aspire_ledger.canonical import pretty_json

_EPILOG = """\b
Examples:
  aspire-gitops log                                  the newest fifty entries
  aspire-gitops log --object deployment/qwen-vision  what happened to one object
  aspire-gitops log --revision 4f2c9d1 --format json what one commit did
  aspire-gitops log --since 2h --kind drift          who changed the gateway by hand
  aspire-gitops log verify                           verify that nobody changed the record

Times: 2h, yesterday 14:05, 2026-11-20, 2026-11-20T14:05+11:00; without an
offset in the zone of this machine. Shown are those of the Gateway's timezone.
"""
_VERIFY_EPILOG = """\b
Examples:
  aspire-gitops log verify                      exit 1 when the chain is broken
  aspire-gitops log verify --head sha256:5e88…  and when that line is gone

The chain shows any change before its newest hash. To detect a cut
end, keep the newest hash elsewhere; the status page shows it.
"""

_KINDS = {("hold" if kind is EntryKind.HOLD else kind.value): kind for kind in EntryKind}
_FORMER = {EntryKind.HOLD.value: EntryKind.HOLD}  # still accepted
RENDERERS: Mapping[str, Callable[[Iterator[Entry], tzinfo | None], Iterator[Text]]] = {
    "text": lines_text,
    "json": lambda entries, _: lines_json(entries),
    "jsonl": lambda entries, _: lines_jsonl(entries),
}


def _object(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    try:
        return value and str(parse_key(value))
    except ValueError:
        raise click.BadParameter(f"{value!r} (write it as deployment/qwen-vision)") from None


def _chosen(names: Sequence[str]) -> list[EntryKind]:
    for name in names:
        if name in _FORMER:
            told_on_stderr(f"--kind {name} is now --kind hold")
    return [{**_KINDS, **_FORMER}[name] for name in names]


@click.group(
    name="log",
    short_help="Read what the controller did, newest first.",
    epilog=_EPILOG,
    invoke_without_command=True,
)
@click.option("--object", "object_", metavar="KIND/NAME", callback=_object, help="Only entries of this object, such as deployment/qwen-vision.")  # fmt: skip
@click.option("--since", type=MomentOption(), help="Only entries since then.")
@click.option("--until", type=MomentOption(), help="Only entries before then.")
@click.option("--revision", metavar="SHA", help="Only entries of this commit; a prefix is enough.")
@click.option("--turn", metavar="ID", help="Only entries of this turn.")
@click.option("--kind", "kinds", type=click.Choice([*_KINDS, *_FORMER]), multiple=True, help="Only entries of this kind; may be repeated.")  # fmt: skip
@click.option("-n", "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Number of entries; 0 for all.")  # fmt: skip
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(RENDERERS)),
    default="text",
    show_default=True,
    help="Output format.",
)
@with_state_dir
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    /,
    ctx: click.Context,
    *,
    object_: str | None,
    since: datetime | None,
    until: datetime | None,
    revision: str | None,
    turn: str | None,
    kinds: tuple[str, ...],
    limit: int,
    format_: str,
    state_dir: Path | None,
) -> None:
    """Show the entries of the journal, newest first.

    Every turn with news, plan, change, delivery and hand-made
    change, with its revision, author and approvers. Reads beside a controller
    that writes.
    """
    if ctx.invoked_subcommand:
        ctx.default_map = {"verify": {"state_dir": state_dir}}
        return
    with journal_to_read(invocation, state_dir) as journal:
        entries = journal.read(
            kinds=_chosen(kinds),
            object=object_,
            revision=revision,
            turn=turn,
            since=since,
            until=until,
            limit=limit or None,
            newest_first=True,
        )
        show_paged(RENDERERS[format_](entries, gateways_zone(journal)))


@command.command(
    name="verify", short_help="Verify that nobody changed the record.", epilog=_VERIFY_EPILOG
)
@click.option("--head", metavar="HASH", help="A hash kept earlier: fail if the journal no longer has that entry.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format.")  # fmt: skip
@with_state_dir
@pass_invocation
def verify(
    invocation: Invocation, /, *, head: str | None, format_: str, state_dir: Path | None
) -> None:
    """Recompute every hash, from the first entry to the last."""
    wanted = _whole_hash(head) if head else None
    with journal_to_read(invocation, state_dir) as journal:
        verdict = journal.verify(wanted)
    if format_ == "json":
        show(pretty_json(verdict_json(verdict)))
    else:
        show(verdict_text(verdict))
    raise SystemExit(ExitCode.DONE if verdict.ok else ExitCode.FAILED)


def _whole_hash(text: str) -> str:
    digits = text.strip().lower().removeprefix("sha256:")
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise UsageError(f"invalid hash {text!r}", help="give all 64 digits")
    return f"sha256:{digits}"
