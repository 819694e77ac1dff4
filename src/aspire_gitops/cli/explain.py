"""`aspire-gitops explain`: the page of a rule, or the list of all rules."""

import click

from aspire_gitops.errors import UsageError
from aspire_gitops.rendering.diagnostics.pages import page_of
from aspire_gitops.rendering.diagnostics.registry import all_rules

_EPILOG = """\b
Examples:
  aspire-gitops explain          all codes, one line each
  aspire-gitops explain AG201    what it means, an example, and what to do
"""


@click.command(
    name="explain",
    short_help="Say what a code such as AG201 means and what to do.",
    epilog=_EPILOG,
)
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Print the page of CODE (or of a rule's name), or one line for each rule without it."""
    rules = all_rules()
    if code is None:
        for rule in rules.values():
            click.echo(f"{rule.code} {rule.name} ({rule.severity})")
        return
    found = [rule for rule in rules.values() if code.lower() in (rule.code.lower(), rule.name)]
    if not found:
        raise UsageError(f"there is no rule {code}; `aspire-gitops explain` lists them all")
    page = page_of(found[0].code)
    if page is None:
        raise UsageError("this installation has no pages of rules; install aspire-gitops again")
    click.echo(page, nl=False)
