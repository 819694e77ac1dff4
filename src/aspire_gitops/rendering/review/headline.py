"""A review in one sentence: what changes, whom it touches, what it costs, whether anything restarts."""

from collections.abc import Iterator
from dataclasses import dataclass

from aspire_gitops.impact.review import AliasImpact, BudgetImpact, Edit, ResourceEdit, Review
from aspire_gitops.rendering.plan.words import plural, value_text
from aspire_gitops.rendering.review.aliases import goes_to_another_company
from aspire_gitops.rendering.review.amounts import repriced_text
from aspire_gitops.rendering.review.words import (
    Code,
    Words,
    counted_edits,
    file_errors,
    in_a_row,
    names,
    uptime_text,
)
from aspire_gitops.rendering.spend.words import cents
from aspire_gitops.resources import ResourceKind


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence: what, which a format may stress, and the rest of it."""

    what: Words
    rest: Words


def headline(review: Review) -> Headline:
    """Return the sentence, full stop included."""
    errors = len(file_errors(review))
    if errors:
        what: Words = (
            f"The files have {plural(errors, 'error')}, so nothing of this can be applied",
        )
        does = counted_edits(review.edits)
        return Headline(
            what,
            ("; as far as they can be read, this ", *does, ".") if review.edits else (".",),
        )
    if not review.edits:
        return Headline(("Nothing changes",), (_without_edits(review),))
    what = (*_what(review), _but(review))
    clauses = list(_clauses(review))
    return Headline(what, (": it ", *in_a_row(clauses), ".") if clauses else (".",))


def _but(review: Review) -> str:
    refusals = review.plan.refusals if review.plan else ()
    missing = {consent.object for consent in review.consents if not consent.given_by}
    if not refusals:
        return ""
    if all(refusal.object in missing for refusal in refusals):
        return (
            f", which needs {'an Approval' if len(missing) == 1 else f'{len(missing)} Approvals'}"
        )
    return ", and the plan is refused"


def _without_edits(review: Review) -> str:
    pending = len(review.plan.changes) if review.plan and review.live else 0
    if not pending:
        return ": the files declare the same before and after."
    return (
        f" in what the files declare; the gateway differs from them by {plural(pending, 'change')}."
    )


def _what(review: Review) -> Words:
    if len(review.edits) == 1:
        edit = review.edits[0]
        if edit.kind is ResourceKind.GATEWAY:
            return _of_gateway(edit) or _capital(counted_edits(review.edits))
        for alias in review.aliases:
            if edit.kind is ResourceKind.ALIAS and alias.name == edit.name:
                return _of_alias(alias) or _capital(counted_edits(review.edits))
        for budget in review.budgets:
            if edit.kind is ResourceKind.BUDGET and budget.name == edit.name:
                return _of_budget(budget) or _capital(counted_edits(review.edits))
    return _capital(counted_edits(review.edits))


def _of_gateway(edit: ResourceEdit) -> Words:
    moved = {field.path: field for field in edit.fields}
    rate, release = moved.get("exchange.usd_per_aud"), moved.get("litellm.version")
    if rate and all(path.startswith("exchange.") for path in moved):
        before, after = Code(value_text(rate.before)), Code(value_text(rate.after))
        return ("An Australian dollar buys ", after, " US dollars, and bought ", before)
    if release and len(moved) == 1:
        before, after = Code(value_text(release.before)), Code(value_text(release.after))
        return ("LiteLLM moves from ", before, " to ", after)
    return ()


def _of_alias(alias: AliasImpact) -> Words:
    if alias.edit is not Edit.CHANGED:
        return ()
    company = ", another company" if goes_to_another_company(alias) else ""
    for moved in (alias.provider, alias.model):
        if moved.changed and moved.before and moved.after:
            return (
                Code(alias.name),
                " moves from ",
                Code(moved.before),
                " to ",
                Code(moved.after),
                company,
            )
    return ()


def _of_budget(budget: BudgetImpact) -> Words:
    before, after = budget.cap.before, budget.cap.after
    if before is None or after is None or before == after:
        return ()
    verb = "falls" if after < before else "rises"
    said: Words = (
        "The cap of ",
        Code(budget.name),
        f" {verb} from {cents(before)} to {cents(after)} AUD",
    )
    if budget.stops_at_once and budget.spent is not None:
        return (*said, f", below the {cents(budget.spent)} AUD that are spent already")
    return said


def _clauses(review: Review) -> Iterator[Words]:
    if _is_of_one_app(review):
        pass  # the sentence names it
    elif review.apps:
        yield ("touches ", *names([app.name for app in review.apps], "app"))
    elif review.aliases or review.budgets:
        yield ("touches no app",)
    if review.repriced is not None:
        yield (f"would have cost {repriced_text(review.repriced)}",)
    elif _may_cost(review) and not (review.live and review.live.traffic_days):
        yield ("has a cost that is not known here",)
    if review.uptime is not None:
        yield (uptime_text(review.uptime),)


def _is_of_one_app(review: Review) -> bool:
    edited = [edit.name for edit in review.edits if edit.kind is ResourceKind.APP]
    return len(review.edits) == 1 and edited == [app.name for app in review.apps]


def _may_cost(review: Review) -> bool:
    prices = any(
        price.usd.changed for alias in review.aliases if alias.apps for price in alias.prices
    )
    return prices or review.rate.changed


def _capital(words: Words) -> Words:
    first, *others = words
    return (first[:1].upper() + first[1:], *others) if isinstance(first, str) else words
