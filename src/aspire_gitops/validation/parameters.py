"""Parameters that the gateway could not hold as the file states them."""

from collections.abc import Iterator

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.resources import AliasSpec

PARAMETER_UNSET = Rule("AG323", "parameter-unset")


def check_stated(alias: Declared[AliasSpec]) -> Iterator[Diagnostic]:
    """Yield AG323 for each parameter that the gateway could not tell from an absent one."""
    for name, value in (alias.spec.parameters or {}).items():
        if value is False or value == "":
            word = "false" if value is False else "an empty text"
            yield PARAMETER_UNSET.at(
                alias.span("parameters", name),
                f"the gateway cannot tell {name} set to {word} from {name} unset",
                help=f"remove {name}, or let the app send it with each call",
            )
