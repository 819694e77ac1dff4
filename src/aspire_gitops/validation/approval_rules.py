"""Approvals: still in force, and about something that can happen."""

from collections.abc import Collection, Iterator
from datetime import date

from aspire_gitops.catalog import Catalog, Declared
from aspire_gitops.diagnostics import Diagnostic, Rule, Severity
from aspire_gitops.resources import ApprovalSpec

APPROVAL_WITHOUT_EFFECT = Rule("AG212", "approval-without-effect", Severity.WARNING)
EXPIRED_APPROVAL = Rule("AG314", "expired-approval", Severity.WARNING)

_LOWER_CAP = "lower-cap-below-spend"
_KIND_OF_CHANGE = {
    "remove-alias-in-use": "deployment/",
    "delete-last-key": "key/",
    _LOWER_CAP: "key/",
}


def check_approvals(catalog: Catalog, today: date) -> Iterator[Diagnostic]:
    """Yield AG212 and AG314.

    What an Approval names is usually gone from the files, which is the point
    of it. So it is suspicious when the files still declare the object. A cap is
    lowered for a key that stays.
    """
    declared = set(_declared_objects(catalog)) if catalog.approvals else set()
    for approval in catalog.approvals.values():
        yield from _check_expiry(approval, today)
        yield from _check_object(approval, declared)


def _declared_objects(catalog: Catalog) -> Iterator[str]:
    yield from (f"credential/{name}" for name in catalog.providers)
    yield from (f"deployment/{name}" for name in catalog.aliases)
    for app in catalog.apps.values():
        yield from (f"key/{app.name}.{key.name}" for key in app.spec.keys)


def _check_expiry(approval: Declared[ApprovalSpec], today: date) -> Iterator[Diagnostic]:
    if approval.spec.expires < today:
        yield EXPIRED_APPROVAL.at(
            approval.span("expires"),
            f"the agreement ended on {approval.spec.expires} and counts no longer",
            help="delete the file; or agree anew with another day",
        )


def _check_object(
    approval: Declared[ApprovalSpec], declared: Collection[str]
) -> Iterator[Diagnostic]:
    spec = approval.spec
    prefix = _KIND_OF_CHANGE.get(spec.change, "")
    if not spec.object.startswith(prefix):
        yield APPROVAL_WITHOUT_EFFECT.at(
            approval.span("object"),
            f"`{spec.change}` is about a {prefix.rstrip('/')}, and this names something else",
            help=f"name it as a plan writes it: {prefix}…",
        )
    elif spec.change == _LOWER_CAP:
        if spec.object not in declared:
            yield APPROVAL_WITHOUT_EFFECT.at(
                approval.span("object"),
                f'no app declares "{spec.object}", so no plan will lower its cap',
                help="name a key of an app that the budget pays for: key/<app>.<key>",
            )
    elif spec.object in declared:
        yield APPROVAL_WITHOUT_EFFECT.at(
            approval.span("object"),
            f'"{spec.object}" is still declared, so no plan will remove it',
            help="remove its declaration in the same commit, or delete this file",
        )
