"""A review in which one text stands wherever somebody else's text may stand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aspire_gitops.planning import Action, Change, FieldChange, Plan, Refusal
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.value import (
    AliasImpact,
    AppCost,
    AppImpact,
    BudgetImpact,
    Consent,
    Edit,
    Effect,
    Gap,
    Live,
    Moved,
    PriceMove,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from aspire_gitops.vocabulary import Revision, Rule, Severity, Span
from aspire_ledger.money import Aud

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_AUD = Moved(Aud(Decimal(4)), Aud(Decimal(5)))
_ERROR = Rule("AG999", "an-error")
_WARNING = Rule("AG599", "a-warning", Severity.WARNING)
_QUIET = Rule("AG398", "another", Severity.WARNING)


def hostile_review(text: str, *, aliases: int = 1, errors: bool = True) -> Review:
    """Return a review that is full of `text`; with `errors`, the files have one."""
    place = Span(text, 3, 4)
    shown = [rule.at(place, text, help=text) for rule in (_WARNING, _QUIET)]
    key = ObjectKey(Kind.KEY, text or "x")
    live = GatewayObject(key, text, {}, address=text)
    field = FieldChange(text, text, text)
    change = Change(Action.UPDATE, key, (field,), live, live, reason=text)
    edits = [
        ResourceEdit(kind, text, edit, place, (field, FieldChange(text, (text,), ("other", text))))
        for kind, edit in (
            (ResourceKind.GATEWAY, Edit.CHANGED),
            (ResourceKind.ALIAS, Edit.CHANGED),
            (ResourceKind.APP, Edit.REMOVED),
            (ResourceKind.BUDGET, Edit.CHANGED),
            (ResourceKind.APPROVAL, Edit.ADDED),
        )
    ]
    return Review(
        gateway=text,
        base=Revision(text),
        head=Revision(text, "4f2c9d1e" * 5, subject=text, author=text),
        findings=(*([_ERROR.at(place, text, help=text)] if errors else []), *shown),
        edits=tuple(edits),
        aliases=(_alias(text, place),) * aliases,
        apps=(
            AppImpact(
                text,
                text,
                Edit.CHANGED,
                (text,),
                aliases_lost=(text,),
                keys_gained=(text,),
                aud=_AUD,
                stops=text,
            ),
        ),
        budgets=(BudgetImpact(text, (text,), _AUD, uplift=Moved(text, text + "x")),),
        rate=Moved(Decimal("0.65"), Decimal("0.64")),
        repriced=_repriced(text),
        uptime=Uptime(Effect.RESTART, (text,), 12, 3600, 10.0, date(2026, 11, 1)),
        consents=(Consent(text, text, text), Consent(text, text, text, text, text)),
        plan=Plan(
            revision=text,
            gateway_name=text,
            gateway_url=text,
            owner="o",
            based_on="sha256:" + "0" * 64,
            changes=(change,),
            refusals=(Refusal(Rule("AG501", "too-many"), f"other {text}", text, text),),
        ),
        live=Live(text, NOON, timedelta(hours=3), "sha256:0", text, 30, has_spend=True),
        unknown=(text,),
    )


def _alias(text: str, place: Span) -> AliasImpact:
    moved = Moved(text, f"{text}y")
    return AliasImpact(
        text,
        Edit.CHANGED,
        place,
        (text,),
        provider=moved,
        vendor=moved,
        model=moved,
        mode=moved,
        capabilities_lost=(text,),
        capabilities_gained=(text,),
        context_window_tokens=Moved(10, 5),
        billing=moved,
        prices=(PriceMove("usd_per_page", Moved(Decimal(1), Decimal(2))),),
        gaps=(Gap(text, text),),
        repriced=_repriced(text),
    )


def _repriced(text: str) -> Repriced:
    since, until = date(2026, 10, 24), date(2026, 11, 22)
    return Repriced(since, until, (AppCost(text, 12, _AUD),), unpriced=(text,), called=12)
