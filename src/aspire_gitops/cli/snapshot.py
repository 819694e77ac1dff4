"""`aspire-gitops snapshot`: save what is on the gateway now, without secrets."""

from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.gateway import open_gateway
from aspire_gitops.cli.options import Invocation, pass_invocation, with_gateway
from aspire_gitops.cli.terminal import OutputPath, show, told_on_stderr, write_file
from aspire_gitops.codec.snapshot_writer import snapshot_json

_EPILOG = """\b
Examples:
  aspire-gitops snapshot -o snapshot.json
  aspire-gitops plan --snapshot snapshot.json    plan without asking the gateway
"""


@click.command(
    name="snapshot",
    short_help="Save what is on the gateway now, without secrets.",
    epilog=_EPILOG,
)
@with_gateway
@click.option(
    "-o",
    "--output",
    type=OutputPath(),
    help="Write to this file instead of stdout.",
)
@pass_invocation
def command(invocation: Invocation, /, *, output: Path | None, **flags: Any) -> None:
    """Read everything of the kinds that we manage, and print it as JSON.

    Our objects are shown in full, without secrets; of unmanaged ones only the name,
    address and a digest. Where a ledger is set,
    it also holds what was spent this month and what apps asked of aliases lately.
    """
    settings = invocation.settings(**flags)
    found = open_gateway(invocation, settings).snapshot_with_traffic()
    text = snapshot_json(found, owner=settings.owner)
    if output is None:
        show(text)
    else:
        write_file(output, text)
        told_on_stderr(f"wrote {output}")
