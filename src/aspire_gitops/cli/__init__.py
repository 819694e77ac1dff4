"""The command line: the composition root. Commands parse, call and render; nothing more."""

try:
    from aspire_gitops.cli.program import program, run
except KeyboardInterrupt:  # Ctrl-C while the program loads
    raise SystemExit(130) from None

__all__ = ["main", "program"]


def main() -> None:
    """Run `aspire-gitops` with the arguments of this process; ends the process."""
    raise SystemExit(run())
