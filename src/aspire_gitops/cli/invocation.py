"""What all commands of one run share: the root command's options, and how to read settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aspire_gitops.settings import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the program."""

    debug: bool = False
    log_format: str | None = None

    def settings(self, **flags: Any) -> "Settings":
        """Read the environment; flags that are not None win.

        Raises:
            UsageError: A variable or a flag has a value that cannot be.
        """
        from aspire_gitops.settings import read_settings  # noqa: PLC0415 (0.2 s that `validate` and `--help` do not need)

        return read_settings(log_format=self.log_format, **flags)

    def log_as(self, settings: "Settings", *, daemon: bool = False) -> None:
        """Log as the settings say. For commands that talk to a gateway, before they do."""
        from aspire_gitops.cli.logs import configure_logging  # noqa: PLC0415 (0.1 s that nobody else needs)

        configure_logging(settings.log_format, debug=self.debug, daemon=daemon)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
