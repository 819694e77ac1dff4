"""`aspire-gitops probe`: call each alias, and see that the right vendor answers at the right price."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import click

from aspire_gitops.catalog import Catalog
from aspire_gitops.cli.gateway import LiveGateway, open_gateway
from aspire_gitops.cli.options import Invocation, as_of, pass_invocation, with_gateway, with_today
from aspire_gitops.cli.terminal import ExitCode, show, show_warnings, told_on_stderr, warn
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, check, chosen
from aspire_gitops.pipeline.plan import compile_checked
from aspire_gitops.probing import Finding, Target, interval_s, targets
from aspire_gitops.probing.report import REPORT_FORMATS, ProbeReport
from aspire_gitops.resources import ProbesSpec
from aspire_gitops.validation.wording import closest
from aspire_gitops.vocabulary import UsageError

_EPILOG = """\b
Examples:
  aspire-gitops probe                       every alias of gateway.d, with each call that it claims
  aspire-gitops probe qwen-chat             one of them
  aspire-gitops probe --format json         for a program

The gateway must be as the files say, or an alias is reported that only waits for an
apply. Where ASPIRE_GITOPS_LEDGER_URL names the ledger, its lines are compared too.

\b
Exit codes: 0 every alias works. 1 one is broken, or could not be probed. 64 the command
was called wrongly.
"""
_AT_ONCE = 4


@click.command(
    name="probe",
    short_help="Call each alias, and see that it works and is counted.",
    epilog=_EPILOG,
)
@click.argument("aliases", nargs=-1, metavar="[ALIAS]...")
@click.option("--source", default=DEFAULT_FOLDER, show_default=True, metavar="SOURCE", help="The reviewed files: a folder, or git:REF.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(list(REPORT_FORMATS)), default="text", show_default=True, help="Output format.")  # fmt: skip
@with_gateway
@with_today
@pass_invocation
def command(
    invocation: Invocation,
    /,
    *,
    aliases: tuple[str, ...],
    source: str,
    today: datetime | None,
    format_: str,
    **flags: Any,
) -> None:
    """Make the smallest call of each kind that an alias claims, with the controller's own key.

    Judges status, headers and the ledger's line, never the text of an answer. Costs a
    little, which is printed and booked under the app aspire-gitops. Changes nothing.
    """
    checked = check(chosen(source, None), as_of(today)).without_errors()
    show_warnings(checked.diagnostics)
    settings, compiled = invocation.settings(**flags), compile_checked(checked)
    policy = _policy(checked.catalog)
    live = open_gateway(invocation, settings, compiled.gateway.url)
    found = targets(checked.catalog, compiled, live.snapshot(), settings.owner)
    wanted = _chosen(checked.catalog, found, aliases)
    every_s = {name: interval_s(checked.catalog.aliases[name].spec, policy) for name in wanted}
    if not live.has_ledger and compiled.gateway.has_ledger:
        warn("no ledger is named (ASPIRE_GITOPS_LEDGER_URL), so headers alone decide")
    findings = asyncio.run(_probed(live, wanted))
    report = ProbeReport(compiled.gateway.name, tuple(findings), every_s)
    show(REPORT_FORMATS[format_](report))
    raise SystemExit(ExitCode.DONE if report.all_work else ExitCode.FAILED)


def _policy(catalog: Catalog) -> ProbesSpec:
    policy = catalog.gateway.spec.policy.probes if catalog.gateway else "off"
    if isinstance(policy, ProbesSpec):
        return policy
    raise UsageError(
        "the Gateway says `probes: off`, so there is no key to probe with",
        help="remove `probes: off` from its policy, and apply",
    )


def _chosen(
    catalog: Catalog, found: dict[str, Target], aliases: Sequence[str]
) -> dict[str, Target]:
    for name in aliases:
        if name not in catalog.aliases:
            near = closest(name, catalog.aliases)
            raise UsageError(
                f'no file declares the alias "{name}"',
                help=f'did you mean "{near}"?' if near else "name one of SOURCE",
            )
        if name not in found:
            raise UsageError(
                f'the alias "{name}" is not probed',
                help="give it a `probe:` other than `off` in its file",
            )
    return {name: target for name, target in found.items() if not aliases or name in aliases}


async def _probed(live: LiveGateway, wanted: dict[str, Target]) -> list[Finding]:
    slots, done = asyncio.Semaphore(_AT_ONCE), 0
    async with AsyncExitStack() as opened:
        prober = await live.prober(opened)

        async def one(name: str, target: Target) -> list[Finding]:
            nonlocal done
            async with slots:
                # In turns: two calls of one alias at once could not be told apart in the books.
                found = [await prober.probe(probe, target.expected) for probe in target.probes]
            done += 1
            told_on_stderr(f"{done} of {len(wanted)}: {name}")
            return found

        found = await asyncio.gather(*(one(name, target) for name, target in wanted.items()))
    return [finding for findings in found for finding in findings]
