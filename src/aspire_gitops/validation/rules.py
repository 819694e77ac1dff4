"""Every rule that reviewed files can break, by its code. Rules stand next to their checks."""

from collections.abc import Mapping
from types import ModuleType

from aspire_gitops.diagnostics import Rule
from aspire_gitops.loading import rules as loading_rules
from aspire_gitops.validation import (
    addresses,
    approval_rules,
    budget_rules,
    credential_rules,
    delivery_rules,
    envelope,
    explain,
    fallback_roads,
    folder_rules,
    forbidden_words,
    gateway_rules,
    indirections,
    key_rules,
    limit_rules,
    literal_secrets,
    need_rules,
    never_allowed,
    parameters,
    prices,
    references,
    unknown_parameters,
)

_MODULES = (
    loading_rules,
    envelope,
    explain,
    references,
    need_rules,
    fallback_roads,
    forbidden_words,
    never_allowed,
    literal_secrets,
    parameters,
    prices,
    limit_rules,
    gateway_rules,
    addresses,
    credential_rules,
    indirections,
    key_rules,
    delivery_rules,
    folder_rules,
    budget_rules,
    approval_rules,
    unknown_parameters,
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
