"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

with_detailed_exitcode = click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 when there are changes, 0 when there are none.",
)


def with_gateway(command: Command) -> Command:
    """Add what says which gateway and whose marks: `--gateway-url`, `--admin-key-file`, `--owner`."""
    option = click.option("--owner", metavar="NAME", help="Whose marks are ours.  [variable: ASPIRE_GITOPS_OWNER; default: aspire-gitops]")  # fmt: skip
    return with_gateway_address(option(command))


def with_gateway_address(command: Command) -> Command:
    """Add what says which gateway: `--gateway-url` and `--admin-key-file`."""
    for option in (
        click.option("--admin-key-file", type=click.Path(path_type=Path), help="File that holds the admin key alone.  [variable: ASPIRE_GITOPS_ADMIN_KEY_FILE, or the key in ASPIRE_GITOPS_ADMIN_KEY]"),
        click.option("--gateway-url", metavar="URL", help="The gateway.  [variable: ASPIRE_GITOPS_GATEWAY_URL; default: the `url` of the reviewed Gateway]"),
    ):  # fmt: skip
        command = option(command)
    return command
