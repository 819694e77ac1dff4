"""Shared options, the SOURCE argument, times as people write them, and the settings of one run."""

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, AsOf
from aspire_gitops.vocabulary import MOMENT_HINT, one_line, read_moment

if TYPE_CHECKING:
    import structlog

    from aspire_gitops.settings import ControllerSettings, LogFormat, Settings

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


def with_state_dir(command: Command) -> Command:
    """Add `--state-dir`, for every command that reads or writes the controller's state folder."""
    return click.option(
        "--state-dir",
        type=click.Path(path_type=Path),
        help="The controller's state folder.  [variable: ASPIRE_GITOPS_STATE_DIR]",
    )(command)


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

        self._warn_of_unknown_variables()
        return read_settings(log_format=self.log_format, **flags)

    def controller_settings(self, **flags: Any) -> "ControllerSettings":
        """Read the controller's settings as `settings` does. Raises UsageError."""
        from aspire_gitops.settings import read_controller_settings  # noqa: PLC0415 (as above)

        self._warn_of_unknown_variables()
        return read_controller_settings(log_format=self.log_format, **flags)

    def _warn_of_unknown_variables(self) -> None:
        from aspire_gitops.cli.terminal import warn  # noqa: PLC0415 (as above)
        from aspire_gitops.settings import misspelt_variables  # noqa: PLC0415 (as above)

        for unknown in misspelt_variables():
            warn(f"{unknown.message}; {unknown.help}")

    def log_as(self, settings: "Settings", *, daemon: bool = False) -> None:
        """Log as the settings say. For commands that talk to a gateway, before they do."""
        configure_logging(settings.log_format, debug=self.debug, daemon=daemon)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def configure_logging(format_: "LogFormat", *, debug: bool, daemon: bool = False) -> None:
    """Log warnings, each turn of a daemon, or everything with `debug`. Called once, at first."""
    import structlog  # noqa: PLC0415 (0.1 s that `validate` and `--help` do not need)

    from aspire_gitops.cli.terminal import is_plain  # noqa: PLC0415 (likewise)
    from aspire_gitops.settings import LogFormat  # noqa: PLC0415 (likewise)

    level = logging.DEBUG if debug else logging.INFO if daemon else logging.WARNING
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if format_ is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(
            colors=bool(sys.stderr and sys.stderr.isatty()) and not is_plain()
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([] if debug else [_drop_repeats()]),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_LogStream(sys.stderr)),  # type: ignore[arg-type]  # all that it uses,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryLines()])


_REPEATED_AFTER_S = 600.0
_REMEMBERED = 100  # lines


def _drop_repeats() -> "structlog.typing.Processor":
    """Return what drops a warning that was said in the last ten minutes, word for word."""
    import structlog  # noqa: PLC0415 (likewise)

    said: dict[str, float] = {}

    def keep_news(
        _logger: object, method: str, event: "structlog.typing.EventDict"
    ) -> "structlog.typing.EventDict":
        if method == "info":
            return event
        line, now_s = repr(sorted(event.items())), monotonic()
        if line in said and now_s - said[line] < _REPEATED_AFTER_S:
            raise structlog.DropEvent
        said.pop(line, None)
        said[line] = now_s
        for oldest in list(said)[:-_REMEMBERED]:
            del said[oldest]
        return event

    return keep_news


class _LogStream:
    """Standard error, where a full disk or a reader that ended costs lines and never the daemon."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream  # None where it was closed before we started

    def write(self, text: str) -> int:
        with suppress(OSError):
            if self._stream:
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            if self._stream:
                self._stream.flush()


class _LibraryLines(logging.Handler):
    """Says as one line of our log what a library logs: without its traceback, which may quote a secret."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog  # noqa: PLC0415 (likewise)

        first, *_ = record.getMessage().splitlines() or [""]
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": type(error).__name__} if error else {}
        structlog.get_logger(record.name).log(
            record.levelno, one_line(first), library=record.name, **more
        )


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
            self.fail(f"{value!r} ({MOMENT_HINT})", param, ctx)
        return moment
