"""`aspire-gitops sandbox`: a throw-away real gateway on this machine."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from aspire_gitops.cli.options import Invocation, pass_invocation, with_state_dir
from aspire_gitops.cli.terminal import told_on_stderr
from aspire_gitops.sandbox import SandboxOptions, running, start, stop
from aspire_gitops.vocabulary import UsageError

_EPILOG = """\b
Examples:
  eval "$(aspire-gitops sandbox up --upstream)"
  aspire-gitops plan                       now talks to the sandbox
  aspire-gitops sandbox down
  aspire-gitops sandbox with --upstream -- pytest tests/contract

It needs Python, Node.js and PostgreSQL, no docker. The first start installs
LiteLLM and takes a minute or two; later ones take about 15 s.
"""


@click.group(name="sandbox", short_help="Run a throw-away gateway on this machine.", epilog=_EPILOG)
def command() -> None:
    """Run a real LiteLLM with a real PostgreSQL on loopback, for experiments."""


def _shape(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--extra-proxies", type=click.IntRange(0, 8), default=0, help="Additional proxies on the same database."),
        click.option("--upstream", is_flag=True, help="Also start a stand-in for every provider."),
        click.option("--env", multiple=True, metavar="NAME[=VALUE]", help="A variable for the proxy, which inherits only PATH."),
        click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="LiteLLM's config.yaml; without it, one without models."),
    ):  # fmt: skip
        function = option(function)
    return function


_state = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for its data and logs.  [default: `sandbox` in the state folder]",
)


@command.command()
@_state
@with_state_dir
@_shape
@pass_invocation
def up(
    invocation: Invocation, /, *, state: Path | None, state_dir: Path | None, **shape: Any
) -> None:
    """Start the sandbox, and print its address and keys as `export` lines."""
    folder = state or invocation.settings(state_dir=state_dir).state_dir / "sandbox"
    sandbox = start(folder, _options(**shape), progress=told_on_stderr)
    for name, value in sandbox.variables().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command.command()
@_state
@with_state_dir
@click.option("--keep", is_flag=True, help="Keep data, ports and keys for the next `up`.")
@pass_invocation
def down(invocation: Invocation, state: Path | None, *, state_dir: Path | None, keep: bool) -> None:
    """Stop the sandbox, and delete its data."""
    folder = state or invocation.settings(state_dir=state_dir).state_dir / "sandbox"
    stop(folder, keep=keep)


@command.command("with", context_settings={"ignore_unknown_options": False})
@_shape
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def with_(ctx: click.Context, /, *, program: tuple[str, ...], **shape: Any) -> None:
    """Run PROGRAM with a sandbox of its own, and delete the sandbox at the end.

    PROGRAM finds the sandbox in its environment. Its exit code is passed on.
    """
    with running(_options(**shape), progress=told_on_stderr) as sandbox:
        status = _run(program, sandbox.variables())
    ctx.exit(status if status >= 0 else 128 - status)


_PATIENCE_S = 10


def _run(program: tuple[str, ...], variables: Mapping[str, str]) -> int:
    """Run it to its end; where a signal ends us first, it may clean up before it is killed."""
    try:
        child = subprocess.Popen(program, env={**os.environ, **variables})
    except OSError as error:
        raise UsageError(
            f"{program[0]} cannot be run: {error.strerror}", help="put the command after `--`"
        ) from error
    try:
        return child.wait()
    except BaseException as error:
        is_ctrl_c = isinstance(error, KeyboardInterrupt)
        if not (is_ctrl_c and sys.stdin.isatty()):  # a terminal's Ctrl-C reached it as well
            child.send_signal(signal.SIGINT if is_ctrl_c else signal.SIGTERM)
        _wait_for(child)
        raise


def _wait_for(child: "subprocess.Popen[bytes]") -> None:
    for end in (child.terminate, child.kill):
        try:
            child.wait(_PATIENCE_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt, SystemExit):
            end()
        else:
            return
    child.wait()


_LEDGER = "aspire_ledger.hook"  # a compiled config that has it cannot start without


def _options(
    *, config: Path | None, env: tuple[str, ...], upstream: bool, extra_proxies: int
) -> SandboxOptions:
    return SandboxOptions(
        config=config,
        env=dict(map(_variable, env)),
        upstream=upstream,
        extra_proxies=extra_proxies,
        ledger=config is not None and _LEDGER in _text(config),
    )


def _text(config: Path) -> str:
    try:
        return config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # starting says what is wrong with it


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if equals:
        return name, value
    if name not in os.environ:
        raise UsageError(
            f"--env {name}: the variable is not set", help=f"set it, or pass --env {name}=VALUE"
        )
    return name, os.environ[name]
