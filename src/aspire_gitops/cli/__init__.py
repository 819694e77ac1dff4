"""The command line: the composition root. Commands parse, call and render; nothing more."""

import os

try:
    from aspire_gitops.cli.program import program, run
except KeyboardInterrupt:  # Ctrl-C while the program loads
    raise SystemExit(130) from None

__all__ = ["main", "program"]


def main() -> None:
    """Run `aspire-gitops` with the arguments of this process; ends the process."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened would be somebody's standard output
            os.open(os.devnull, os.O_RDWR)
    raise SystemExit(run())
