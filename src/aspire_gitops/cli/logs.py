"""Set up log lines: on stderr, readable or as JSON, and only what somebody should know."""

import logging
import sys

import structlog

from aspire_gitops.settings import LogFormat


def configure_logging(format_: LogFormat, *, debug: bool, daemon: bool = False) -> None:
    """Log warnings, each turn of a daemon, or everything with `debug`. Called once, at first."""
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
