"""`aspire-gitops explain`: the page of a rule, the list of all rules, or the card of an alias."""

from collections.abc import Mapping
from datetime import datetime

import click

from aspire_gitops.cli.options import as_of, with_today
from aspire_gitops.cli.terminal import say, show
from aspire_gitops.egress import judging as egress_rules
from aspire_gitops.kinds import KINDS
from aspire_gitops.pipeline.catalog import DEFAULT_FOLDER, AsOf, SourceChoice, check, chosen
from aspire_gitops.planning import plan as planning_rules
from aspire_gitops.rendering.card import card_json, card_text
from aspire_gitops.rendering.sarif import page_of
from aspire_gitops.review import findings as impact_rules
from aspire_gitops.validation.validate import file_rules, rules_of
from aspire_gitops.validation.wording import closest
from aspire_gitops.vocabulary import Rule, UsageError


def explain_alias(name: str, choice: SourceChoice, as_of: AsOf, *, as_json: bool) -> None:
    """Print one alias's card.

    Raises:
        InvalidConfig: The files hold errors.
        UsageError: No file declares the alias.
        SourceUnavailable: The files cannot be read as a whole.
    """
    catalog = check(choice, as_of).without_errors().catalog
    alias = catalog.aliases.get(name)
    if alias is None:
        meant = closest(name, catalog.aliases)
        hint = f"did you mean {meant}?" if meant else None
        raise UsageError(f"unknown alias {name!r}", help=hint)
    provider = catalog.providers[alias.spec.target.provider].spec
    shown = card_json(alias.spec, provider) if as_json else card_text(alias.spec, provider)
    show(shown) if as_json else say(shown)


def all_rules() -> Mapping[str, Rule]:
    """Return every rule by its code, in order."""
    return dict(
        sorted(
            {
                **file_rules(),
                **_kind_rules(),
                **rules_of(planning_rules, impact_rules, egress_rules),
            }.items()
        )
    )


def _kind_rules() -> Mapping[str, Rule]:
    return {rule.code: rule for kind in KINDS.values() for rule in kind.facts.rules}


_EPILOG = """\b
Examples:
  aspire-gitops explain                      all codes, one line each
  aspire-gitops explain AG201                what it means, an example, and what to do
  aspire-gitops explain alias qwen-vision    what a call costs, what bounds it, what apps may send
"""


@click.command(
    name="explain",
    short_help="Explain a code such as AG201, or what an alias costs and allows.",
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
        explain_alias(name, chosen(source, None), as_of(today), as_json=format_ == "json")
        return
    if code == "alias":
        raise UsageError("which alias?", help="write `aspire-gitops explain alias NAME`")
    if name is not None:
        raise UsageError(f"unexpected argument {name!r}", help="ask for one code at a time")
    _explain_rule(code)


def _explain_rule(code: str | None) -> None:
    rules = all_rules()
    if code is None:
        for rule in rules.values():
            say(f"{rule.code} {rule.name} ({rule.severity})")
        return
    found = [rule for rule in rules.values() if code.lower() in (rule.code.lower(), rule.name)]
    if not found:
        meant = closest(code.upper(), rules) or closest(
            code, [rule.name for rule in rules.values()]
        )
        listed = "run `aspire-gitops explain` to list all rules"
        help_ = f"did you mean {meant}? {listed.capitalize()}" if meant else listed
        raise UsageError(f"unknown rule {code}", help=help_)
    page = page_of(found[0].code)
    if page is None:
        raise UsageError(
            "the rule pages are missing from this installation", help="reinstall aspire-gitops"
        )
    say(page)
