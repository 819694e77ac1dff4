"""`aspire-gitops explain alias NAME`: what an alias costs and allows, in words."""

from datetime import date

import click

from aspire_gitops.cli.reading import check
from aspire_gitops.cli.source import SourceChoice
from aspire_gitops.errors import InvalidConfig, UsageError
from aspire_gitops.rendering.card import card_json, card_text
from aspire_gitops.validation.suggest import closest


def explain_alias(name: str, choice: SourceChoice, today: date, *, as_json: bool) -> None:
    """Print one alias's card.

    Raises:
        InvalidConfig: The files hold errors.
        UsageError: No file declares the alias.
        SourceUnavailable: The files cannot be read as a whole.
    """
    validated = check(choice, today)
    if not validated.ok:
        raise InvalidConfig(validated.diagnostics)
    alias = validated.catalog.aliases.get(name)
    if alias is None:
        meant = closest(name, validated.catalog.aliases)
        hint = f"; did you mean {meant}?" if meant else ""
        raise UsageError(f"there is no alias {name!r}{hint}")
    provider = validated.catalog.providers[alias.spec.target.provider].spec
    shown = card_json(alias.spec, provider) if as_json else card_text(alias.spec, provider)
    click.echo(shown, nl=False)
