"""`aspire-gitops explain`: the page of a rule, the list of all rules, or the card of an alias."""

from datetime import datetime

import click

from aspire_gitops.cli.source import DEFAULT_FOLDER, chosen, day, with_today
from aspire_gitops.errors import UsageError
from aspire_gitops.rendering.diagnostics.pages import page_of
from aspire_gitops.rendering.diagnostics.registry import all_rules

_EPILOG = """\b
Examples:
  aspire-gitops explain                      all codes, one line each
  aspire-gitops explain AG201                what it means, an example, and what to do
  aspire-gitops explain alias qwen-vision    what a call costs, what bounds it, what apps may send
"""


@click.command(
    name="explain",
    short_help="Say what a code such as AG201 means, or what an alias costs and allows.",
    epilog=_EPILOG,
)
@click.argument("code", required=False)
@click.argument("name", required=False)
@click.option("--source", default=DEFAULT_FOLDER, metavar="SOURCE", help="For an alias: the reviewed files, a folder or `git:REF`.  [default: gateway.d]")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="For an alias: how to show it.")  # fmt: skip
@with_today
def command(
    code: str | None, name: str | None, source: str, format_: str, today: datetime | None
) -> None:
    """Print the page of CODE (or of a rule's name), or one line for each rule without it.

    `explain alias NAME` prints what the reviewed files say about one alias.
    """
    if code == "alias" and name is not None:
        from aspire_gitops.cli.explain_alias import explain_alias  # noqa: PLC0415 (a rule's page needs no files)

        explain_alias(name, chosen(source, None), day(today), as_json=format_ == "json")
        return
    if code == "alias":
        raise UsageError("which alias? Write `aspire-gitops explain alias NAME`")
    if name is not None:
        raise UsageError(f"one code at a time; what is {name!r}?")
    _explain_rule(code)


def _explain_rule(code: str | None) -> None:
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
