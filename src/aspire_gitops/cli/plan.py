"""`aspire-gitops plan`: what apply would change."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from aspire_gitops.cli.options import (
    Invocation,
    as_of,
    pass_invocation,
    with_detailed_exitcode,
    with_gateway,
    with_source,
)
from aspire_gitops.cli.terminal import (
    ExitCode,
    OutputPath,
    show,
    show_warnings,
    told_on_stderr,
    write_file,
)
from aspire_gitops.codec.plan import plan_to_json
from aspire_gitops.codec.snapshot_reader import MOST_BYTES, SavedSnapshot, read_snapshot
from aspire_gitops.controller.witness import unasked
from aspire_gitops.pipeline.catalog import chosen
from aspire_gitops.pipeline.plan import compiled, plan_against_stored
from aspire_gitops.planning import Plan
from aspire_gitops.rendering.plan_text import plan_text
from aspire_gitops.rendering.plan_wording import plan_markdown
from aspire_gitops.settings import own_files
from aspire_gitops.vocabulary import UsageError


def read_snapshot_file(path: Path, owner: str) -> SavedSnapshot:
    """Read what `snapshot_json` wrote.

    Raises:
        UsageError: It cannot be read, or is not one of our snapshots.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", help="name a snapshot file"
        ) from error
    return read_snapshot(content, owner, name=str(path))


_EPILOG = """\b
Examples:
  aspire-gitops plan                             gateway.d against its gateway
  aspire-gitops plan -o plan.json                also save the plan for apply --plan
  aspire-gitops plan --format markdown           for a pull request's comment
  aspire-gitops plan --snapshot snapshot.json    without asking the gateway

A plan with refusals is shown in full and exits 1: `apply` would refuse it, or hold the
refused objects and apply the rest.
"""

RENDERERS: Mapping[str, Callable[[Plan], Text | str]] = {
    "text": plan_text,
    "json": plan_to_json,
    "markdown": plan_markdown,
}


@click.command(
    name="plan",
    short_help="Show what apply would change, and change nothing.",
    epilog=_EPILOG,
)
@with_source
@with_gateway
@click.option(
    "--snapshot",
    "snapshot_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Compare with this file (from `aspire-gitops snapshot`) instead of the gateway.",
)
@click.option(
    "-o",
    "--output",
    type=OutputPath(),
    help="Also write the plan there as JSON, for `apply --plan`.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(RENDERERS)),
    default="text",
    show_default=True,
    help="Output format.",
)
@with_detailed_exitcode
@pass_invocation
def command(
    invocation: Invocation,
    /,
    *,
    source: str,
    revision: str | None,
    today: datetime | None,
    snapshot_file: Path | None,
    output: Path | None,
    format_: str,
    detailed_exitcode: bool,
    **flags: Any,
) -> None:
    """Show what would change to make the gateway match SOURCE.

    SOURCE is a folder (default: gateway.d), or `git:REF`. Reads the
    gateway and changes nothing. Provider secrets that are set are compared;
    those that are not are named.
    """
    wanted, findings = compiled(chosen(source, revision), as_of(today))
    show_warnings(findings)
    settings = invocation.settings(**flags)
    if snapshot_file:
        saved = read_snapshot_file(snapshot_file, settings.owner)
        own = own_files(settings)
        plan = plan_against_stored(
            wanted, saved.snapshot, settings.owner, own, based_on=saved.digest
        )
        plan = replace(plan, warnings=(*plan.warnings, unasked(wanted).warning))
    else:
        from aspire_gitops.cli.gateway import open_gateway  # noqa: PLC0415 (0.2 s that a snapshot file does not need)

        plan = open_gateway(invocation, settings, wanted.gateway.url).plan(wanted)
    show(RENDERERS[format_](plan))
    if output:
        write_file(output, plan_to_json(plan))
        told_on_stderr(f"wrote {output}{_what_next(plan, output)}")
    raise SystemExit(_exit_code(plan, detailed=detailed_exitcode))


def _what_next(plan: Plan, output: Path) -> str:
    if plan.is_refused:
        return ": the plan is refused, and apply would refuse this file"
    if not plan.changes:
        return ""
    return f"; apply it with: aspire-gitops apply --plan {shlex.quote(str(output))}"


def _exit_code(plan: Plan, *, detailed: bool) -> ExitCode:
    if plan.refusals:
        return ExitCode.FAILED
    return ExitCode.CHANGES if detailed and plan.changes else ExitCode.DONE
