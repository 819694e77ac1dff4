"""The command group: which commands there are, and how each of them ends.

Commands are imported when they are called, so that `--help` and `validate`
start fast. Expected errors become one message and an exit code here; nothing
else prints an exception.
"""

import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import click

from aspire_gitops.cli.options import Invocation
from aspire_gitops.cli.streams import heed_signals, prepare_streams, status_of_signal
from aspire_gitops.cli.terminal import ExitCode, Help, is_plain, say, show_findings
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    InvalidConfig,
    UsageError,
    printable,
    system_fault,
)

click.UsageError.exit_code = ExitCode.USAGE  # click's own 2 means "changes pending" here
click.Context.formatter_class = Help

_HOW_TO_REPORT = "Report it with this message, the command and the version (--version)."


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is imported when somebody calls it: its module, and its line in `--help`."""

    module: str
    help: str
    attribute: str = "command"


class Program(click.Group):
    """The root command."""

    lazy: ClassVar[dict[str, Lazy]] = {
        "validate": Lazy("validate", "Check the reviewed files and report every mistake."),
        "compile": Lazy("compile", "Write what the files ask of the gateway into a folder."),
        "plan": Lazy("plan", "Show what apply would change, and change nothing."),
        "review": Lazy("review", "Show what a change will do to apps, money and uptime."),
        "comment": Lazy("comment", "Keep one comment of a pull request up to date."),
        "apply": Lazy("apply", "Make the gateway match the files."),
        "snapshot": Lazy("snapshot", "Save what is on the gateway now, without secrets."),
        "status": Lazy("status", "Show what the controller on this machine is doing."),
        "probe": Lazy("probe", "Call each alias, and see that it works and is counted."),
        "log": Lazy("log", "Read what the controller did, newest first."),
        "show-at": Lazy(
            "show_at", "Show what was live at a time, who set it, and what differs now."
        ),
        "spend": Lazy("spend", "Show what was spent this month, and the forecast."),
        "ledger": Lazy("ledger", "Adjust, verify and close the spend ledger."),
        "controller": Lazy("controller", "Keep the gateway equal to git, as a daemon."),
        "reconcile": Lazy("reconcile", "Take one turn now: read git and the gateway, and apply."),
        "freeze": Lazy(
            "holds", "Stop the controller from changing anything for a while.", "freeze"
        ),
        "suspend": Lazy(
            "holds", "Stop the controller from changing anything until `resume`.", "suspend"
        ),
        "resume": Lazy("holds", "End a freeze, a suspension or a revert.", "resume"),
        "revert": Lazy("holds", "Hold the gateway at an older revision for a while.", "revert"),
        "rehearse": Lazy("rehearse", "Apply the files to a throw-away gateway and prove it works."),
        "sandbox": Lazy("sandbox", "Run a throw-away gateway on this machine."),
        "egress": Lazy("egress", "Find where an app goes around the gateway."),
        "schema": Lazy("schema", "Print or write the JSON Schemas of the files."),
        "codeowners": Lazy("codeowners", "Write CODEOWNERS: an app's file to its owner."),
        "secrets": Lazy("secrets", "Find keys and passwords in files."),
        "explain": Lazy(
            "explain", "Explain a code such as AG201, or what an alias costs and allows."
        ),
        "completion": Lazy("completion", "Print the shell's completion script."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.lazy)  # in the order of use

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        lazy = self.lazy.get(cmd_name)
        if lazy is None:
            return None
        found = getattr(import_module(f"aspire_gitops.cli.{lazy.module}"), lazy.attribute)
        if not isinstance(found, click.Command):
            raise TypeError(f"{lazy.module}.{lazy.attribute} is not a command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click knows the commands that are loaded
            name = error.command_name
            raise click.NoSuchCommand(name, possibilities=self.lazy, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self.lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn how it failed into a message and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            ctx.exit(ExitCode.INTERRUPTED)
        except InvalidConfig as error:
            show_findings(error.diagnostics)
            ctx.exit(ExitCode.FAILED)
        except AspireGitopsError as error:
            report_error(error)
            ctx.exit(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED)
        except Exception as error:  # noqa: BLE001 (a bug: say so, without a wall of text)
            report_crash(error, with_traceback=bool(ctx.params.get("debug")))
            ctx.exit(ExitCode.FAILED)


def report_error(error: AspireGitopsError) -> None:
    """Print an expected error: what is wrong, further lines indented, then the help."""
    first, *others = printable(error.message).splitlines() or [type(error).__name__]
    say(f"{click.style('error', fg='red', bold=True)}: {first}", on_stderr=True)
    for line in others:
        say(f"       {line}", on_stderr=True)
    if error.help:
        say(f"  = help: {printable(error.help)}", on_stderr=True)


def report_crash(error: Exception, *, with_traceback: bool) -> None:
    """Report what the machine refused, or else a bug."""
    fault = system_fault(error)
    if fault is None:
        report_bug(error, with_traceback=with_traceback)
        return
    report_error(fault)
    if with_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True)


def report_bug(error: Exception, *, with_traceback: bool) -> None:
    """Report a bug. Leaves out the text of the error, which may quote a secret."""
    say(f"error: this is a bug in aspire-gitops ({type(error).__name__})", on_stderr=True)
    if with_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True)
    else:
        say(
            "  = help: run it with --debug, as `aspire-gitops --debug …`, for the details.",
            on_stderr=True,
        )
    say(f"  = help: {_HOW_TO_REPORT}", on_stderr=True)


_EPILOG = """\b
A first round, without a gateway of your own:
  aspire-gitops validate gateway.d      every mistake, with its line and how to fix it
  aspire-gitops rehearse gateway.d      apply it to a throw-away gateway and prove it works

\b
Then, with ASPIRE_GITOPS_GATEWAY_URL and ASPIRE_GITOPS_ADMIN_KEY_FILE set:
  aspire-gitops plan -o plan.json       what would change
  aspire-gitops apply --plan plan.json  exactly that, or nothing

\b
Exit codes: 0 done or nothing to do, 1 failed, 2 changes pending (with
--detailed-exitcode), 64 wrong usage, 130 interrupted (143 by SIGTERM), 141 nobody
reads the output.
Settings: docs/reference/settings.md. Codes such as AG201: aspire-gitops explain AG201.
"""


@click.group(
    cls=Program,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="aspire-gitops", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Log every step, and show the traceback of a bug.")
@click.option(
    "--log-format",
    type=click.Choice(["console", "json"]),
    help="How log lines on stderr look.  [variable: ASPIRE_GITOPS_LOG_FORMAT]",
)
@click.pass_context
def program(ctx: click.Context, *, debug: bool, log_format: str | None) -> None:
    """Keep a LiteLLM gateway equal to a folder of reviewed YAML files.

    Edit a file, `validate` it, look at the `plan`, `apply` it. Everything the
    program changes carries its mark; what does not is never touched.
    """
    if is_plain():
        ctx.color = False
    ctx.obj = Invocation(debug=debug, log_format=log_format)


def run() -> int:
    """Run the program with the arguments of this process, and return its exit code."""
    code = _code()
    return (status_of_signal() or code) if code else code


def _code() -> int:
    try:
        prepare_streams()
        heed_signals()
        try:
            # Outside of click's standalone mode, where Ctrl-C and a closed pipe would be 1.
            code = program.main(prog_name="aspire-gitops", standalone_mode=False)
        finally:
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AspireGitopsError as error:
        report_error(error)
        return ExitCode.FAILED
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BaseException:
        if status_of_signal() is None:
            raise
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.DONE
