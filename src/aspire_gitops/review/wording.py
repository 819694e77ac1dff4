"""Wording of a review, shared by all formats: sentences, amounts and safe Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeAlias

from aspire_gitops.resources import ResourceKind
from aspire_gitops.review.value import (
    BudgetImpact,
    Edit,
    Effect,
    Moved,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.spend.wording import cents, reach_text
from aspire_gitops.vocabulary import Diagnostic, Revision, markdown, minutes, plural
from aspire_gitops.vocabulary import text as characters
from aspire_ledger.money import Aud

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
SIGNS: Mapping[Edit, str] = {Edit.ADDED: "+", Edit.REMOVED: "-", Edit.CHANGED: "~"}
DOES: Mapping[Edit, str] = {Edit.ADDED: "adds", Edit.REMOVED: "removes", Edit.CHANGED: "changes"}
_NAMES_SHOWN = 3
_LONGEST = 800  # characters of a message
_LONGEST_NAME = 200  # of a name, a path or a value


@dataclass(frozen=True, slots=True)
class Code:
    """A name or a value: shown as code."""

    text: str


Words: TypeAlias = tuple[str | Code, ...]


def money_moved(aud: Moved[Aud], unit: str = " AUD") -> str:
    """Return `43.80 → 62.20 AUD (+42 %)`; `unit` is empty where a table's head names it."""
    before, after = aud.before, aud.after
    if after is None:
        return f"{cents(before or Decimal(0))}{unit} → nothing"
    if before is None or cents(before) == cents(after):
        return f"{cents(after)}{unit}{'' if before is None else ', as before'}"
    return f"{cents(before)} → {cents(after)}{unit}{in_brackets(percent(before, after))}"


def total_moved(repriced: Repriced) -> Moved[Aud]:
    """Return what all calls cost together; nothing afterwards if none of them can be made."""
    goes_on = any(row.aud.after is not None for row in repriced.apps)
    return repriced.total if goes_on else Moved(repriced.total.before, None)


def repriced_text(repriced: Repriced) -> str:
    """Return `18.40 AUD more for the calls of the last 30 days`, or `of 1 of the last 30 days`."""
    days = f"the last {plural(repriced.days, 'day')}"
    if repriced.called < repriced.days:
        days = f"{repriced.called} of {days}"
    before, after = (
        repriced.total.before or Aud(Decimal(0)),
        repriced.total.after or Aud(Decimal(0)),
    )
    moved = Decimal(after) - Decimal(before)
    if not moved:
        return f"exactly as much for the calls of {days}"
    word = "more" if moved > 0 else "less"
    return f"{cents(abs(moved))} AUD {word} for the calls of {days}"


def percent(before: Decimal | None, after: Decimal | None) -> str:
    """Return `+42 %`; empty if there is nothing to compare with."""
    if not before or after is None:
        return ""
    share = ((after - before) * 100 / before).quantize(Decimal(1), ROUND_HALF_EVEN)
    if not share and before != after:
        return "less than 1 %" if after > before else "less than -1 %"
    return f"{share:+,} %"


def number(amount: Decimal | int | None, missing: str = "not stated") -> str:
    """Return a number as people write it: `131,072`, `0.40`."""
    if amount is None:
        return missing
    return f"{amount:,f}" if isinstance(amount, Decimal) else f"{amount:,}"


def in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def file_errors(review: Review) -> list[Diagnostic]:
    """Return what is wrong in the files, without what the plan's refusals say as well."""
    reported = {(one.rule, one.message) for one in (review.plan.refusals if review.plan else ())}
    return [
        found
        for found in review.findings
        if found.is_error and (found.rule, found.message) not in reported
    ]


def change_warnings(review: Review) -> list[Diagnostic]:
    """Return the warnings about the change itself, not about files that were so before."""
    return [found for found in review.findings if not found.is_error and _is_of_a_change(found)]


def file_warnings(review: Review) -> list[Diagnostic]:
    return [found for found in review.findings if not (found.is_error or _is_of_a_change(found))]


def _is_of_a_change(found: Diagnostic) -> bool:
    return found.rule.code.startswith("AG5")


def revision_brief(revision: Revision) -> str:
    """Return `main@4f2c9d1e4f2c`; the commit alone if no branch or tag is named."""
    commit = revision.commit or ""
    if not commit:
        return revision.reference
    named = "" if commit.startswith(revision.reference) else f"{revision.reference}@"
    return f"{named}{commit[:12]}{'+changes' if revision.dirty else ''}"


def kind_text(kind: ResourceKind) -> str:
    return str(kind).lower()


def names(found: Sequence[str], noun: str, *, most: int = _NAMES_SHOWN) -> Words:
    """Return `2 apps (agents, postiz)`; without the names if there are many."""
    if not found:
        return (f"no {noun}",)
    counted = plural(len(found), noun)
    return (f"{counted} (", *listed(found), ")") if len(found) <= most else (counted,)


def listed(found: Iterable[str], separator: str = ", ") -> Words:
    """Return the names one after the other."""
    parts: list[str | Code] = []
    for name in found:
        parts += [separator, Code(name)] if parts else [Code(name)]
    return tuple(parts)


def counted_edits(edits: Sequence[ResourceEdit]) -> Words:
    """Return `changes 2 aliases and a budget`, or the one resource by its name."""
    if len(edits) == 1:
        edit = edits[0]
        return (f"{DOES[edit.edit]} {kind_text(edit.kind)} ", Code(edit.name))
    parts = []
    for done, does in DOES.items():
        kinds = [edit.kind for edit in edits if edit.edit is done]
        each = [_some(kinds.count(kind), kind_text(kind)) for kind in dict.fromkeys(kinds)]
        if each:
            parts.append(f"{does} {joined(each)}")
    return (joined(parts),)


def joined(parts: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def budget_words(budget: BudgetImpact) -> Words:
    """Return what moves: the cap, what is spent, the day on which the cap is reached."""
    parts: list[Words] = []
    cap = budget.cap
    if cap.changed:
        before, after = (
            f"{cents(one)} AUD" if one is not None else "none" for one in (cap.before, cap.after)
        )
        parts.append((f"cap {before} → {after}",))
    if budget.stops_at_once and budget.spent is not None:
        spent = f"below the {cents(budget.spent)} AUD already spent: its calls stop"
        parts.append((spent,))
    elif budget.spent is not None:
        parts.append((f"{cents(budget.spent)} AUD spent this month",))
    if budget.uplift.changed:
        uplift = budget.uplift
        parts.append(("uplift ", *value_words(uplift.before), " → ", *value_words(uplift.after)))
    if not budget.stops_at_once and (moved := reach_moved(budget)):
        parts.append((f"cap date {moved}",))
    return in_a_row(parts, "; ", "; ")


def in_a_row(parts: Sequence[Words], separator: str = ", ", last: str = " and ") -> Words:
    """Return `a, b and c` of words."""
    said: list[str | Code] = []
    for number, words in enumerate(parts):
        if number:
            said.append(last if number == len(parts) - 1 else separator)
        said += words
    return tuple(said)


def reach_moved(budget: BudgetImpact) -> str:
    """Return `about 26 Nov → about 21 Nov`; empty if it is unknown, or nothing moves."""
    if budget.reach is None:
        return ""
    before, after = (reach_text(reach) for reach in (budget.reach.before, budget.reach.after))
    return "" if before == after else f"{before or 'unknown'} → {after or 'unknown'}"


def uptime_text(uptime: Uptime | None) -> str:
    """Return what the change costs in uptime, as the end of a sentence."""
    if uptime is None:
        return ""
    if uptime.effect is Effect.NONE:
        return "changes nothing on the gateway"
    if uptime.effect is Effect.HOT:
        return "takes effect without a restart"
    what = "a restart" if uptime.effect is Effect.RESTART else "another deployment of the gateway"
    return f"needs {what} (about {minutes(uptime.seconds)} of downtime, {left_text(uptime)})"


def left_text(uptime: Uptime) -> str:
    """Return what is left of the month's allowance, or that it is unknown."""
    left = uptime.left_s
    if left is None:
        return f"of {minutes(uptime.allowed_s)} allowed a month; how much is used is unknown"
    if left < 0:
        return f"{minutes(-left)} more than this month still allows"
    return f"{minutes(left)} of this month's {minutes(uptime.allowed_s)} are left after it"


def value_words(text: str | None) -> Words:
    return ("none",) if text is None else (Code(text),)


def _some(count: int, noun: str) -> str:
    if count == 1:
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"


def code(text: str) -> str:
    """Return a name as Markdown code, a very long one cut."""
    return characters.code(cut(text))


def cut(text: str, longest: int = _LONGEST_NAME) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def text_of(words: Words) -> str:
    """Return words as Markdown. The prose is ours; names and values are escaped."""
    return "".join(code(part.text) if isinstance(part, Code) else part for part in words)


def message(text: str | None) -> str:
    """Return a message as Markdown: what it quotes in backticks is code, a very long one is cut."""
    parts = cut(text or "", _LONGEST).split("`")
    if len(parts) % 2 == 0:  # one backtick is unpaired
        return markdown("`".join(parts))
    shown = (code(part) if place % 2 else _prose(part) for place, part in enumerate(parts))
    return "".join(shown).strip()


def _prose(text: str) -> str:
    return (" " if text.startswith(" ") else "") + markdown(text)
