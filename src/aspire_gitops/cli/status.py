"""`aspire-gitops status`: what the controller on this machine is doing."""

import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import click
from rich.text import Text

from aspire_gitops.cli.options import Invocation, pass_invocation, with_state_dir
from aspire_gitops.cli.terminal import show
from aspire_gitops.server.local import LocalController
from aspire_gitops.status.document import StatusDocument
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import Standing

_EPILOG = """\b
Examples:
  aspire-gitops status                           the same as the status page
  aspire-gitops status --watch                   again every two seconds, until Ctrl+C
  aspire-gitops status --format json             the same as GET /api/status
  aspire-gitops status --exit-code               for a script: look at the exit code

\b
Exit codes: 0 the controller answered. With --exit-code: 0 ready, 1 stalled (needs a
commit or a person), 2 waiting (passes by itself). 64 no controller answers.
"""
_WATCH_S = 2.0


class _StandingCode(IntEnum):
    READY = 0
    STALLED = 1
    WAITING = 2


def _json(status: StatusDocument) -> str:
    return status.model_dump_json(indent=2) + "\n"


RENDERERS: Mapping[str, Callable[[StatusDocument], Text | str]] = {
    "text": status_text,
    "json": _json,
}


@click.command(
    name="status",
    short_help="Show what the controller on this machine is doing.",
    epilog=_EPILOG,
)
@with_state_dir
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(RENDERERS)),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Ctrl+C.")
@click.option(
    "--exit-code", is_flag=True, help="Exit 0 if ready, 1 if stalled or degraded, 2 if waiting."
)
@pass_invocation
def command(
    invocation: Invocation, /, *, format_: str, watch: bool, exit_code: bool, **flags: Any
) -> None:
    """Ask the controller that runs on this machine, through the socket in its state folder.

    Changes nothing. Shows the same as the status page.
    """
    controller = LocalController(invocation.settings(**flags).state_dir)
    status = controller.status()
    show(RENDERERS[format_](status))
    while watch:
        time.sleep(_WATCH_S)
        status = controller.status()
        click.clear()  # does nothing without a terminal
        show(RENDERERS[format_](status))
    if exit_code:
        standing = Standing(status.standing)
        if standing is Standing.READY and status.troubles:
            standing = Standing.STALLED  # it matches git, and calls fail all the same
        raise SystemExit(_StandingCode[standing.name])
