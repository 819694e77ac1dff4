"""`aspire-gitops spend`: what was spent this month, and the forecast."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import click

from aspire_gitops.cli.gateway import InForce, in_force_or_away, ledger_of
from aspire_gitops.cli.options import Invocation, as_of, now, pass_invocation, with_today
from aspire_gitops.cli.state_folder import journal_to_read
from aspire_gitops.cli.terminal import show, warn
from aspire_gitops.journal import EntryKind, Journal
from aspire_gitops.journal.as_of import routes_of
from aspire_gitops.kinds.deployment import CREDENTIAL
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.settings import Settings
from aspire_gitops.spend import (
    Failures,
    Part,
    Route,
    Spend,
    days_of,
    moments_of,
    providers_of,
    spend_of,
)
from aspire_gitops.spend.failed_calls import FAILURE_FORMATS
from aspire_gitops.spend.statement import Statement, statement_of
from aspire_gitops.spend.statement_markdown import statement_markdown
from aspire_gitops.spend.tables import FORMATS, By
from aspire_gitops.vocabulary import (
    JournalDamaged,
    JournalUnavailable,
    LedgerRefused,
    UsageError,
)
from aspire_ledger.money import Month

_EPILOG = """\b
Examples:
  aspire-gitops spend                                 this month, each budget beside its cap
  aspire-gitops spend --by provider --month 2026-10   who was paid in October
  aspire-gitops spend --format csv > november.csv     every digit, for a spreadsheet
  aspire-gitops spend --statement --month 2026-10     the month's statement, as Markdown
  aspire-gitops spend --failures                      which calls failed this month, and how

The ledger's address is ASPIRE_GITOPS_LEDGER_URL. Caps are those on the gateway, where
ASPIRE_GITOPS_GATEWAY_URL is set and answers, else those of SOURCE. docs/operate/spend.md explains
how the day is found on which a cap is reached.
"""


@click.command(
    name="spend", short_help="Show what was spent this month, and the forecast.", epilog=_EPILOG
)
@click.argument("source", required=False)
@click.option("--month", metavar="YYYY-MM", help="Another month.  [default: this one]")
@click.option("--by", type=click.Choice(["budget", "app", "alias", "provider"]), default="budget", show_default=True, help="What each row is.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="Output format.")  # fmt: skip
@click.option("--statement", is_flag=True, help="The month's statement, line by line, as Markdown.")
@click.option(
    "--failures", is_flag=True, help="The month's failed calls instead, by alias and outcome."
)
@with_today
@pass_invocation
def command(
    invocation: Invocation,
    /,
    *,
    source: str | None,
    today: datetime | None,
    month: str | None,
    by: By,
    format_: str,
    statement: bool,
    failures: bool,
) -> None:
    """Read the ledger, and compare what was spent with the caps. Changes nothing.

    SOURCE is a folder of reviewed files, for their caps; without it the gateway
    is asked, if one is named, else gateway.d is read. While the gateway does not
    answer, the ledger alone tells what was spent.
    """
    settings, moment = invocation.settings(), now()
    ledger = ledger_of(settings)
    money = in_force_or_away(invocation, settings, source, moment, as_of=as_of(today))
    wanted = money.month(month, moment)
    if statement and failures:
        raise UsageError("--statement and --failures cannot be combined", help="pass one of them")
    if failures:
        found = asyncio.run(_failures(ledger, wanted))
        show(FAILURE_FORMATS[format_](found, str(wanted)))
        return
    if statement:
        made = asyncio.run(_statement(ledger, money, wanted, moment))
        click.echo(statement_markdown(made), nl=False)
        return
    spend = asyncio.run(_spend(ledger, money, wanted, moment))
    if by == "provider":
        routes = _routes(invocation, settings, money, wanted)
        spend = replace(
            spend, providers=asyncio.run(_providers(ledger_of(settings), routes, wanted))
        )
    show(FORMATS[format_](spend, by))


async def _spend(ledger: LedgerReading, money: InForce, month: Month, moment: datetime) -> Spend:
    async with ledger:
        record = await ledger.record(month, days=month.start <= moment < month.end)
    return spend_of(record, money.caps, month=month, now=moment)


def _routes(
    invocation: Invocation, settings: Settings, money: InForce, month: Month
) -> tuple[Route, ...]:
    """Return where calls went, by the journal if it can be read, else as it is now."""
    try:
        with journal_to_read(invocation) as journal:
            return tuple(_recorded(journal, month))
    except (JournalUnavailable, JournalDamaged) as error:
        now = "on the gateway" if settings.gateway_url else "in the files"
        warn(
            f"each provider is the one {now} now, whoever was paid before: {error.message};"
            " name the controller's journal, which knows where calls went"
        )
    return tuple(
        Route(
            item.key.name,
            item.address or "",
            str(item.fields.get(CREDENTIAL) or "").removeprefix("gw."),
            str(item.fields.get("litellm_params.model")).partition("/")[0],
        )
        for item in money.objects
        if CREDENTIAL in item.fields
    )


def _recorded(journal: Journal, month: Month) -> Iterator[Route]:
    for name, entry in journal.newest_states(month.start).items():
        yield from routes_of(name, entry.draft.body.get("state"), entry.draft.at)
    kinds = (EntryKind.RESULT, EntryKind.OBSERVED)
    for entry in journal.read(kinds=kinds, since=month.start, until=month.end):
        if entry.draft.tells_state:
            yield from routes_of(
                entry.draft.object or "", entry.draft.body.get("state"), entry.draft.at
            )


async def _providers(
    ledger: LedgerReading, routes: Sequence[Route], month: Month
) -> tuple[Part, ...]:
    async with ledger:
        return providers_of(await ledger.paid(str(month), moments_of(routes)), routes)


async def _failures(ledger: LedgerReading, month: Month) -> Sequence[Failures]:
    *_, last = days_of(month)
    async with ledger:
        return await ledger.failures(month.start.date(), last)


async def _statement(
    ledger: LedgerReading, money: InForce, month: Month, moment: datetime
) -> Statement:
    name = str(month)
    async with ledger:
        if await ledger.forgotten(name):
            raise LedgerRefused(
                f"the lines of {name} were deleted after it was closed",
                help=f"run `spend --month {name}` for the totals",
            )
        sums = await ledger.month_sums(name)
    return statement_of(sums, money.caps, month=month, now=moment)
