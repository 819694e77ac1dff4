"""`aspire-gitops rehearse`: apply the files to a throw-away gateway and prove that they work."""

from datetime import datetime

import click

from aspire_gitops.cli.compiled import compiled
from aspire_gitops.cli.exit_codes import ExitCode
from aspire_gitops.cli.findings import show_warnings
from aspire_gitops.cli.invocation import Invocation, pass_invocation
from aspire_gitops.cli.output import show
from aspire_gitops.cli.rehearsal_shown import RehearsalShown
from aspire_gitops.cli.source import chosen, day, with_source
from aspire_gitops.rehearsal import rehearse
from aspire_gitops.rehearsal.text import closing_text, opening_text
from aspire_ledger.canonical import pretty_json

_EPILOG = """\b
Examples:
  aspire-gitops rehearse                     gateway.d
  aspire-gitops rehearse git:HEAD            what is committed
  aspire-gitops rehearse --format json       for a pipeline

Needs Python, Node.js and PostgreSQL, and no secret. Takes about a minute; the
first time a minute or two more, to install LiteLLM. Your gateway and your
providers are never talked to.
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
    help="How the report is written.",
)
@pass_invocation
def command(
    invocation: Invocation, source: str, revision: str | None, today: datetime | None, format_: str
) -> None:
    """Apply SOURCE to a real LiteLLM on this machine and prove what it promises.

    Starts a sandbox whose providers are stand-ins, applies the files to it, and
    then calls through it as the apps would: every alias that an app lists, one
    that it does not, with a provider down, after a swap, after a restart. Then it
    attacks the gateway with a key, and compares what providers billed with what
    the ledger booked.
    """
    wanted, findings = compiled(chosen(source, revision), day(today))
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
