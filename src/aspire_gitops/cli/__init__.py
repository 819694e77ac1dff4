"""The command line: the composition root. Commands parse, call and render; nothing more."""

import sys

from aspire_gitops.cli.program import program

__all__ = ["main", "program"]


def main() -> None:
    """Run `aspire-gitops` with the arguments of this process; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:  # a terminal that cannot show a character must not stop an apply
            reconfigure(errors="backslashreplace")
    program(prog_name="aspire-gitops")
