"""`aspire-gitops ledger`: book by hand, verify the sums, close a month, move. Never changes a line."""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from pydantic import SecretStr

from aspire_gitops.cli.gateway import ledger_of, ledger_url
from aspire_gitops.cli.options import Invocation, now, pass_invocation
from aspire_gitops.cli.terminal import ExitCode, told_on_stderr
from aspire_gitops.ledger_move import Moved, move
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import is_month, month_named, plain
from aspire_gitops.vocabulary import UsageError, one_line, plural
from aspire_ledger.money import Aud, Month

_EPILOG = """\b
Examples:
  aspire-gitops ledger adjust --budget media --month 2026-11 --aud -12.34 \\
      --reason "refund of invoice 4711" --owner mia.okafor@aspiredigital.group
  aspire-gitops ledger verify                 exit 1 when a sum is wrong
  aspire-gitops ledger close --month 2026-10  nothing more is booked in it
  aspire-gitops ledger move --from sqlite:////var/lib/ledger.sqlite3
"""
_MOST = Decimal(1_000_000)  # a slip of the finger, not an invoice
_NANO_DIGITS = 9


@click.group(name="ledger", short_help="Adjust, verify and close the spend ledger.", epilog=_EPILOG)
def command() -> None:
    """Work on the spend ledger at ASPIRE_GITOPS_LEDGER_URL.

    Lines are only ever added. To read it: `aspire-gitops spend`.
    """


@command.command(name="adjust", short_help="Book an amount by hand, with its reason.")
@click.option("--budget", required=True, help="The budget to book it on.")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month to book it in.")
@click.option("--aud", "amount", required=True, metavar="AMOUNT", help="Amount to add, such as 12.34, or to subtract, such as -12.34.")  # fmt: skip
@click.option(
    "--reason", required=True, help="Reason for the statement, such as the invoice number."
)
@click.option("--owner", required=True, metavar="NAME", help="Who books it.")
@pass_invocation
def adjust(
    invocation: Invocation, /, *, budget: str, month: str, amount: str, reason: str, owner: str
) -> None:
    """Book the difference between a provider's invoice and what was counted, or a refund.

    It counts against the budget's cap at once. A mistake is corrected by another
    adjustment, never by changing this one.
    """
    value = _amount(amount)
    _check(month, budget=budget, reason=reason, owner=owner)

    async def booked(ledger: LedgerReading) -> tuple[str, Aud]:
        async with ledger:
            known = {part.name for part in await ledger.totals(month)}
            if budget not in known:
                raise UsageError(
                    f"no bookings for budget {budget!r} in {month}",
                    help=f"choose among {', '.join(sorted(known)) or 'another month'}",
                )
            return await ledger.adjust(
                budget=budget, month=month, amount=value, reason=reason, owner=owner, at=now()
            )

    counted, spent = asyncio.run(booked(ledger_of(invocation.settings())))
    if counted != month:
        click.echo(f"{month} is closed, so it counts for {counted}.", err=True)
    click.echo(f"booked {plain(value)} AUD: {budget} has spent {plain(spent)} AUD in {counted}")


@command.command(name="verify", short_help="Verify that each total is the sum of its lines.")
@click.option("--against-log", "month", metavar="YYYY-MM", help="Also compare this month's calls with the gateway's own log, if it is in the ledger's database.")  # fmt: skip
@click.option("--timezone", default="Australia/Sydney", show_default=True, help="Timezone of that month.")  # fmt: skip
@pass_invocation
def verify(invocation: Invocation, /, *, month: str | None, timezone: str) -> None:
    """Add every line up again, and compare with the running totals and the closed months.

    Exits 1 with each difference explained. Repairs nothing. The
    gateway's log loses the last seconds of a killed process; the ledger does not.
    """
    span = _span(month, timezone) if month else None

    async def found(
        ledger: LedgerReading,
    ) -> tuple[int, Sequence[str], tuple[int, Sequence[str], int]]:
        async with ledger:
            checked, differences = await ledger.verify()
            return checked, differences, await ledger.against_log(span) if span else (0, (), 0)

    checked, differences, (lines, unlike, count) = asyncio.run(
        found(ledger_of(invocation.settings()))
    )
    for difference in (*differences, *unlike):
        click.echo(one_line(difference))
    if differences:
        click.echo(f"{plural(len(differences), 'difference')} in {plural(checked, 'total')}")
    else:
        click.echo(f"{plural(checked, 'total')}: each is the sum of its lines")
    if span:
        if count > len(unlike):
            click.echo(f"and {plural(count - len(unlike), 'more call')} that the log has otherwise")
        click.echo(f"{plural(lines, 'line')} of {month} against the log: {count} unlike")
    if differences or unlike:
        raise SystemExit(ExitCode.FAILED)


@command.command(name="close", short_help="Close a month: nothing more is booked in it.")
@click.option(
    "--month",
    required=True,
    metavar="YYYY-MM",
    help="The month to close, with all months before it.",
)
@pass_invocation
def close(invocation: Invocation, /, *, month: str) -> None:
    """Record a month's sums and a digest of its lines permanently.

    Late calls count for the next month. Closing twice is harmless.
    """
    _check(month)

    async def closed(ledger: LedgerReading) -> tuple[int, str]:
        async with ledger:
            return await ledger.close_month(month, now())

    lines, digest = asyncio.run(closed(ledger_of(invocation.settings())))
    click.echo(f"closed {month} with {plural(lines, 'line')}: {digest or 'it was empty'}")


@command.command(name="move", short_help="Copy a ledger from a SQLite file into PostgreSQL.")
@click.option("--from", "source", required=True, metavar="URL", help="sqlite:////path, as it stands in ASPIRE_LEDGER_URL of the gateway.")  # fmt: skip
@click.option("--to", "target", metavar="URL", help="postgresql://user:password@host/name; by default ASPIRE_GITOPS_LEDGER_URL, which no list of processes shows.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How the result is printed.")  # fmt: skip
@pass_invocation
def move_(invocation: Invocation, /, *, source: str, target: str | None, form: str) -> None:
    """Copy a ledger that an earlier release kept in a file: whole or not at all.

    Stop the gateway first, and start it with the new URL afterwards. The file is only read.
    A second move changes nothing. Calls under way are copied with what is set aside for them,
    and the gateway books each when its time is over. Exits 1 when a sum is wrong afterwards.
    """
    url = SecretStr(target) if target else ledger_url(invocation.settings())
    moved = move(source, url, told_on_stderr)

    async def verified() -> tuple[int, list[str]]:
        async with LedgerReading(url) as ledger:
            checked, differences = await ledger.verify()
            return checked, list(differences)

    checked, differences = asyncio.run(verified())
    shown = _moved_as_json if form == "json" else _moved_as_text
    click.echo(shown(moved, checked, differences))
    if differences:
        raise SystemExit(ExitCode.FAILED)


def _moved_as_json(moved: Moved, checked: int, differences: list[str]) -> str:
    return json.dumps(
        {
            "format": "aspire-gitops/ledger-move",
            "version": 1,
            "moved": moved.is_new,
            "rows": moved.rows,
            "calls_under_way": moved.under_way,
            "set_aside_aud": plain(moved.set_aside),
            "totals_checked": checked,
            "differences": differences,
        },
        indent=2,
    )


def _moved_as_text(moved: Moved, checked: int, differences: list[str]) -> str:
    lines = plural(moved.rows["entries"], "line")
    told = [
        f"moved {lines}"
        if moved.is_new
        else f"nothing to move: all {lines} of the file are in PostgreSQL already"
    ]
    if moved.under_way:
        told.append(
            f"{plural(moved.under_way, 'call')} under way, {plain(moved.set_aside)} AUD set aside: "
            "the gateway books each as its log has it, or as expected, when its time is over"
        )
    told += [one_line(difference) for difference in differences]
    told.append(
        f"{plural(len(differences), 'difference')} in {plural(checked, 'total')}"
        if differences
        else f"{plural(checked, 'total')}: each is the sum of its lines"
    )
    return "\n".join(told)


def _span(month: str, timezone: str) -> Month:
    _check(month)
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"unknown timezone {timezone!r}", help="use a name such as Australia/Sydney"
        ) from error
    return month_named(month, zone)


def _amount(text: str) -> Aud:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    exponent = value.as_tuple().exponent
    if not value.is_finite() or not isinstance(exponent, int) or -exponent > _NANO_DIGITS:
        raise UsageError(f"invalid amount {text!r}", help="write it as 12.34 or -12.34")
    if value == 0 or abs(value) > _MOST:
        raise UsageError(
            f"amount {text!r} is out of range",
            help="use an amount between a billionth of a dollar and a million dollars",
        )
    return Aud(value)


def _check(month: str, **texts: str) -> None:
    if not is_month(month):
        raise UsageError(f"invalid month {month!r}", help="write it as 2026-11")
    for name, text in texts.items():
        if not text.strip() or text != one_line(text):
            raise UsageError(
                f"--{name} must be one non-empty line",
                help="remove line breaks and control characters",
            )
