"""What all commands of one run share: the root command's options, and how to read settings."""

from dataclasses import dataclass
from typing import Any

import click

from aspire_gitops.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the program."""

    debug: bool = False
    log_format: str | None = None

    def settings(self, **flags: Any) -> Settings:
        """Read the environment, and log as it says; flags that are not None win.

        Raises:
            UsageError: A variable or a flag has a value that cannot be.
        """
        from aspire_gitops.cli.logs import configure_logging  # noqa: PLC0415 (`validate` logs nothing and should start fast)

        settings = read_settings(log_format=self.log_format, **flags)
        configure_logging(settings.log_format, debug=self.debug)
        return settings


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
