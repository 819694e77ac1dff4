"""Every rule that reviewed files can break, by its code. Rules stand next to their checks."""

from collections.abc import Mapping
from types import ModuleType

from aspire_gitops.loading import rules as loading_rules
from aspire_gitops.validation import (
    alias_rules,
    app_rules,
    delivery_rules,
    explain,
    fallback_roads,
    forbidden_words,
    gateway_rules,
    hosts,
    judging,
    literal_secrets,
    parameters,
    references,
)
from aspire_gitops.vocabulary.diagnostic import Rule

_MODULES = (
    loading_rules,
    hosts,
    judging,
    explain,
    references,
    app_rules,
    fallback_roads,
    forbidden_words,
    literal_secrets,
    parameters,
    alias_rules,
    gateway_rules,
    delivery_rules,
)


def rules_of(*modules: ModuleType) -> Mapping[str, Rule]:
    """Return the rules that modules define, by code, in order.

    Raises:
        ValueError: Two rules have one code.
    """
    found: dict[str, Rule] = {}
    for module in modules:
        for rule in vars(module).values():
            if isinstance(rule, Rule) and found.setdefault(rule.code, rule) is not rule:
                raise ValueError(f"{rule.code} is {found[rule.code].name} and {rule.name}")
    return dict(sorted(found.items()))


def file_rules() -> Mapping[str, Rule]:
    """Return the rules of loading and validation, by code, in order."""
    return rules_of(*_MODULES)
