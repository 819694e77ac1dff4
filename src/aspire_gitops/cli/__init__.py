"""The command line: the composition root. Commands parse, call and render; nothing more."""

import os

_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended

try:
    from aspire_gitops.cli.program import program, run
except KeyboardInterrupt:  # Ctrl-C while the program loads
    raise SystemExit(_INTERRUPTED) from None

__all__ = ["main", "program"]


def main() -> None:
    """Run `aspire-gitops` with the arguments of this process; ends the process."""
    try:
        _open_streams()
        raise SystemExit(run())
    except KeyboardInterrupt:  # Ctrl-C before the command begins, or as it ends
        raise SystemExit(_INTERRUPTED) from None


def _open_streams() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would be somebody's standard output
            os.open(os.devnull, os.O_RDWR)
