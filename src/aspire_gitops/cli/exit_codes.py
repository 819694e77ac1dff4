"""The exit codes that scripts may rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0  # done, or nothing to do
    FAILED = 1
    CHANGES = 2  # changes are pending; only with --detailed-exitcode
    USAGE = 64
    INTERRUPTED = 130
