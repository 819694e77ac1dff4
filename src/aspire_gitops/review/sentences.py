"""A review in one sentence, and each alias before and after. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from aspire_gitops.rendering.card import brief_price_words, price_words
from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.value import (
    AliasImpact,
    BudgetImpact,
    Edit,
    Moved,
    PriceMove,
    ResourceEdit,
    Review,
)
from aspire_gitops.review.wording import (
    Code,
    Words,
    counted_edits,
    file_errors,
    in_a_row,
    listed,
    names,
    number,
    percent,
    repriced_text,
    uptime_text,
    value_words,
)
from aspire_gitops.spend.wording import cents
from aspire_gitops.vocabulary import plural, value_text


def goes_to_another_company(alias: AliasImpact) -> bool:
    """Return whether a different vendor sees the apps' data after the change."""
    return alias.vendor.changed and None not in (alias.vendor.before, alias.vendor.after)


def alias_brief(alias: AliasImpact) -> Iterator[Words]:
    """Yield what a reviewer weighs first: the target, what is lost and gained, prices."""
    if alias.provider.changed or alias.model.changed:
        before = _target(alias.provider.before, alias.model.before)
        yield (before, " → ", _target(alias.provider.after, alias.model.after))
    for label, old, new, meaning in alias_rows(alias):
        if meaning in ("lost", "gained"):
            yield (f"{meaning}: ", *(old if meaning == "lost" else new))
        elif not ("USD" in label or label in ("provider", "vendor", "model")):
            name, _, unit = label.partition(", ")
            yield (f"{name} ", *old, " → ", *new, f" {unit}".rstrip())
    prices = [price for price in alias.prices if price.usd.changed]
    if prices:
        yield ("price: " + ", ".join(map(_price_brief, prices)),)


def alias_rows(alias: AliasImpact) -> Iterator[tuple[str, Words, Words, str]]:
    """Yield what differs about an alias: a label, before, after, and what that means."""
    yield from _moved_texts(alias)
    if alias.capabilities_lost:
        yield "capabilities", listed(alias.capabilities_lost), ("none of these",), "lost"
    if alias.capabilities_gained:
        yield "capabilities", ("none of these",), listed(alias.capabilities_gained), "gained"
    for label, moved in (
        ("context window, tokens", alias.context_window_tokens),
        ("longest answer, tokens", alias.max_output_tokens),
        ("embedding dimensions", alias.embedding_dimensions),
    ):
        if moved.changed:
            yield label, (number(moved.before),), (number(moved.after),), _meaning(label, moved)
    for price in alias.prices:
        if price.usd.changed:
            before, after = price.usd.before, price.usd.after
            said = (number(before, "none"),), (number(after, "none"),)
            yield price_label(price), *said, percent(before, after)


def _moved_texts(alias: AliasImpact) -> Iterator[tuple[str, Words, Words, str]]:
    company = "data goes to another company" if goes_to_another_company(alias) else ""
    for label, moved, meaning in (
        ("provider", alias.provider, ""),
        ("vendor", alias.vendor, company),
        ("model", alias.model, ""),
        ("mode", alias.mode, "apps must call it another way" if alias.edit is Edit.CHANGED else ""),
        ("billing", alias.billing, ""),
    ):
        if moved.changed:
            yield label, value_words(moved.before), value_words(moved.after), meaning


def _meaning(label: str, moved: Moved[int]) -> str:
    if None in (moved.before, moved.after):
        return ""
    if label.startswith("embedding"):
        return "stored vectors no longer fit"
    return "smaller" if (moved.after or 0) < (moved.before or 0) else "larger"


def _target(provider: str | None, model: str | None) -> str | Code:
    return Code(f"{provider} / {model}") if provider and model else "none"


def price_label(price: PriceMove) -> str:
    return price_words(price.unit)


def _price_brief(price: PriceMove) -> str:
    before, after = price.usd.before, price.usd.after
    name = brief_price_words(price.unit)
    moved = percent(before, after) or f"{number(before, 'none')} → {number(after, 'none')}"
    return f"{name} {moved}"


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence: `what`, which a format may emphasise, and the rest."""

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
    if review.plan and not review.plan.is_refused:
        return f", and {plural(len({one.object for one in refusals}), 'object')} of it is held"
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
        return (*said, f", below the {cents(budget.spent)} AUD already spent")
    return said


def _clauses(review: Review) -> Iterator[Words]:
    if _is_of_one_app(review):
        pass  # the sentence already names it
    elif review.apps:
        yield ("touches ", *names([app.name for app in review.apps], "app"))
    elif review.aliases or review.budgets:
        yield ("touches no app",)
    if review.repriced is not None:
        yield (f"would have cost {repriced_text(review.repriced)}",)
    elif _may_cost(review) and not (review.live and review.live.traffic_days):
        yield ("has an unknown cost",)
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
