"""Shared options, the SOURCE argument, times as people write them, and the settings of one run."""

import logging
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, AsOf

if TYPE_CHECKING:
    from aspire_gitops.settings import LogFormat, Settings

Command = TypeVar("Command", bound=Callable[..., Any])

with_detailed_exitcode = click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 when there are changes, 0 when there are none.",
)


def with_gateway(command: Command) -> Command:
    """Add what says which gateway and whose marks: `--gateway-url`, `--admin-key-file`, `--owner`."""
    option = click.option("--owner", metavar="NAME", help="Owner in our marks.  [variable: ASPIRE_GITOPS_OWNER; default: aspire-gitops]")  # fmt: skip
    return with_gateway_address(option(command))


def with_gateway_address(command: Command) -> Command:
    """Add what says which gateway: `--gateway-url` and `--admin-key-file`."""
    for option in (
        click.option("--admin-key-file", type=click.Path(path_type=Path), help="File with the admin key.  [variable: ASPIRE_GITOPS_ADMIN_KEY_FILE, or the key in ASPIRE_GITOPS_ADMIN_KEY]"),
        click.option("--gateway-url", metavar="URL", help="The gateway.  [variable: ASPIRE_GITOPS_GATEWAY_URL; default: the `url` of the reviewed Gateway]"),
    ):  # fmt: skip
        command = option(command)
    return command


with_today = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge dates in the files as of the end of this day in the Gateway's timezone.  [default: now]",
)


def with_source(command: Command) -> Command:
    """Add SOURCE, `--revision` and `--today`."""
    for option in (
        with_today,
        click.option("--revision", metavar="REF", help="Read SOURCE at this commit, branch or tag of its git repository."),
        click.argument("source", default=DEFAULT_FOLDER),
    ):  # fmt: skip
        command = option(command)
    return command


def now() -> datetime:
    """Return the moment, aware: the one clock of every command."""
    return datetime.now(UTC)


def as_of(today: datetime | None) -> AsOf:
    """Return the moment that dates are judged by: now, unless `--today` says another day."""
    return AsOf(now(), today.date() if today else None)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the program."""

    debug: bool = False
    log_format: str | None = None

    def settings(self, **flags: Any) -> "Settings":
        """Read the environment; flags that are not None win.

        Raises:
            UsageError: A variable or a flag has an invalid value.
        """
        from aspire_gitops.settings import read_settings  # noqa: PLC0415 (0.2 s that `validate` and `--help` do not need)

        return read_settings(log_format=self.log_format, **flags)

    def log_as(self, settings: "Settings", *, daemon: bool = False) -> None:
        """Log as the settings say. For commands that talk to a gateway, before they do."""
        configure_logging(settings.log_format, debug=self.debug, daemon=daemon)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def configure_logging(format_: "LogFormat", *, debug: bool, daemon: bool = False) -> None:
    """Log warnings, each turn of a daemon, or everything with `debug`. Called once, at first."""
    import structlog  # noqa: PLC0415 (0.1 s that `validate` and `--help` do not need)

    from aspire_gitops.settings import LogFormat  # noqa: PLC0415 (likewise)

    level = logging.DEBUG if debug else logging.INFO if daemon else logging.WARNING
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if format_ is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"([0-9]{1,6})\s*([smhdw])(?:\s+ago)?")
_DAY = re.compile(r"(today|yesterday)(?:\s+(?:at\s+)?([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]\S+(?: ?[+-][0-9:]+)?)?")

HINT = "write 2h, yesterday 14:05, 2026-11-20 or 2026-11-20T14:05+11:00"


def read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that `text` means at `now`; None if it is not a time.

    Raises:
        ValueError: It looks like a time but is invalid, such as `2026-02-30`.
    """
    words = " ".join(text.split())
    if words == "now":
        return now
    if found := _AGO.fullmatch(words):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    if found := _DAY.fullmatch(words):
        day = now.astimezone().date() - timedelta(days=found[1] == "yesterday")
        clock = time.fromisoformat(_two_digits(found[2])) if found[2] else time()
        return datetime.combine(day, clock).astimezone()
    if _ISO.fullmatch(words):
        moment = datetime.fromisoformat(words)
        return moment if moment.tzinfo else moment.astimezone()
    return None


def _two_digits(clock: str) -> str:
    hour, _, rest = clock.partition(":")
    return f"{hour:0>2}:{rest}"


class MomentOption(click.ParamType[datetime]):
    """A time in the past, as people write it."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = read_moment(str(value), datetime.now().astimezone())
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            self.fail(f"{value!r} ({HINT})", param, ctx)
        return moment
