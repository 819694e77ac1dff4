"""`aspire-gitops` itself: its help, its version, and the options that all commands share."""

import os

import click

from aspire_gitops.cli.invocation import Invocation
from aspire_gitops.cli.program import Program

_EPILOG = """\b
A first round, without a gateway of your own:
  aspire-gitops validate gateway.d      every mistake, with its line and a way out
  aspire-gitops rehearse gateway.d      apply it to a throw-away gateway and prove it works

\b
Then, with ASPIRE_GITOPS_GATEWAY_URL and ASPIRE_GITOPS_ADMIN_KEY_FILE set:
  aspire-gitops plan -o plan.json       what would change
  aspire-gitops apply --plan plan.json  exactly that, or nothing

\b
Exit codes: 0 done or nothing to do, 1 failed, 2 changes pending (with
--detailed-exitcode), 64 wrong usage, 130 interrupted.
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
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    ctx.obj = Invocation(debug=debug, log_format=log_format)
