"""Every rule that can be broken anywhere, for `explain` and for the test of the pages."""

from collections.abc import Mapping

from aspire_gitops.diagnostics import Rule
from aspire_gitops.egress import rules as egress_rules
from aspire_gitops.impact import rules as impact_rules
from aspire_gitops.planning import rules as planning_rules
from aspire_gitops.validation.rules import file_rules, rules_of


def all_rules() -> Mapping[str, Rule]:
    """Return every rule by its code, in order."""
    return dict(
        sorted({**file_rules(), **rules_of(planning_rules, impact_rules, egress_rules)}.items())
    )
