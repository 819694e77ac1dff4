"""The folded parts of a review: aliases, budgets, apps, uptime, Approvals, the plan, every field."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aspire_gitops.planning import Plan
from aspire_gitops.rendering.plan_wording import change_row, counts_text
from aspire_gitops.review.sentences import alias_rows
from aspire_gitops.review.value import (
    AliasImpact,
    AppImpact,
    BudgetImpact,
    Edit,
    Effect,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.review.wording import (
    budget_words,
    code,
    cut,
    file_warnings,
    kind_text,
    left_text,
    listed,
    message,
    money_moved,
    names,
    text_of,
    total_moved,
)
from aspire_gitops.vocabulary import html_code, minutes, plural, value_text

_STEPS = (1000, 200, 60, 20, 5)
_LEAST = 200  # bytes; nothing useful fits into less


@dataclass(frozen=True, slots=True)
class Section:
    """One folded part. `title` is HTML, the rest Markdown; each row is one line.

    `above` are paragraphs, or the head of the table whose rows follow. A section
    with `is_open` is not folded.
    """

    title: str
    above: tuple[str, ...] = ()
    rows: Sequence[str] = ()
    noun: str = "row"
    columns: int = 0  # of a table; 0 for a list
    is_open: bool = False
    most: int = 200  # rows, in a place that is short of room

    def shown(self, most: int | None = None) -> str:
        """Return it with at most so many rows."""
        rows = list(self.rows[:most])
        more = len(self.rows) - len(rows)
        if more:
            rest = f"and {plural(more, f'more {self.noun}')}"
            rows.append(f"| {rest} |{' |' * (self.columns - 1)}" if self.columns else f"- {rest}")
        inner = "\n".join([*self.above, *rows])
        if self.is_open:
            return inner
        return f"<details><summary>{self.title}</summary>\n\n{inner}\n\n</details>"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fits, in order; how many sections had rows cut, and how many are not there at all."""

    parts: tuple[str, ...]
    cut: int = 0
    left_out: int = 0


def fitted(sections: Sequence[Section], room: int | None) -> Fitted:
    """Return as much of the sections as fits into `room` bytes; everything if that is None."""
    if room is None:
        return Fitted(tuple(section.shown() for section in sections))
    parts: list[str] = []
    cut = 0
    for section in sections:
        if room < _LEAST:
            break
        for most in _steps(section):
            text = section.shown(most)
            if size(text) <= room:
                room -= size(text)
                parts.append(text)
                cut += most < len(section.rows)
                break
    return Fitted(tuple(parts), cut, len(sections) - len(parts))


def size(text: str) -> int:
    """Return the bytes of a paragraph, with the empty line after it."""
    return len(text.encode()) + 2


def _steps(section: Section) -> Iterator[int]:
    whole = len(section.rows)
    yield min(whole, section.most)
    yield from (step for step in _STEPS if step < min(whole, section.most))


def alias_sections(aliases: Iterable[AliasImpact]) -> Iterator[Section]:
    """Yield one part for each alias: what differs, and what its traffic costs, app by app."""
    for alias in aliases:
        yield _alias_section(alias)


def _alias_section(alias: AliasImpact) -> Section:
    rows = [
        f"| {label} | {text_of(before)} | {text_of(after)} | {meaning} |"
        for label, before, after, meaning in alias_rows(alias)
    ]
    above = [
        f"Called by {text_of(names(alias.apps, 'app', most=20))}; {code(str(alias.place))}.",
        "",
    ]
    for gap in alias.gaps:
        above += [f"**{code(gap.app)} needs {message(gap.need)}: gone after the change.**", ""]
    above += ["| | before | after | |", "|---|---|---|---|"]
    rows += _costs(alias)
    state = "before and after" if alias.edit is Edit.CHANGED else str(alias.edit)
    title = f"Alias {html_code(cut(alias.name))}: {state}"
    return Section(title, tuple(above), rows, columns=4, most=60)


def _costs(alias: AliasImpact) -> Iterator[str]:
    repriced = alias.repriced
    if repriced is None:
        return
    since, until = f"{repriced.since:%Y-%m-%d}", f"{repriced.until:%Y-%m-%d}"
    total = f"**{money_moved(total_moved(repriced))}**"
    yield from ("", f"Calls from {since} to {until}, at the prices before and after: {total}", "")
    yield from ("| app | calls | cost |", "|---|---:|---|")
    for cost in repriced.apps:
        yield f"| {code(cost.app)} | {cost.calls:,} | {money_moved(cost.aud)} |"
    if repriced.unpriced:
        units = ", ".join(unit.replace("_", " ") for unit in repriced.unpriced)
        yield from ("", f"Used, but without a price afterwards: {message(units)}.")


def later_sections(review: Review) -> Iterator[Section]:
    """Yield the parts below the aliases: budgets, apps, uptime, Approvals, the plan, the files."""
    if review.budgets:
        yield _table("Budgets", "| | what moves | apps |", map(_budget_row, review.budgets))
    if review.apps:
        yield _table("Apps", "| | touched by | what moves | owner |", map(_app_row, review.apps))
    if review.uptime and review.uptime.effect is not Effect.NONE:
        yield _uptime(review.uptime)
    if given := [one for one in review.consents if one.given_by]:
        rows = [
            f"| {code(one.change)} | {code(one.object)} | {message(one.given_by)} | {message(one.reason)} |"
            for one in given
        ]
        yield _table("Approvals given", "| change | object | by | because |", rows)
    if review.plan and review.plan.changes:
        yield _plan(review.plan, is_live=review.live is not None)
    if fields := list(_fields(review.edits)):
        yield _table(
            f"Every field of the files ({len(fields)})", "| | field | before | after |", fields
        )
    if quiet := file_warnings(review):
        rows = [
            f"- {message(one.message)} ({one.rule.code}, {code(str(one.span))})" for one in quiet
        ]
        yield Section(f"Warnings about the files ({len(quiet)})", (), rows, "warning")
    if review.unknown:
        rows = [f"- {message(said)}" for said in review.unknown]
        yield Section(f"Unknown ({len(rows)})", (), rows)


def _table(title: str, heads: str, rows: Iterable[str]) -> Section:
    columns = heads.count("|") - 1
    return Section(title, (heads, "|---" * columns + "|"), list(rows), columns=columns)


def _budget_row(budget: BudgetImpact) -> str:
    apps = text_of(listed(budget.apps[:20]))
    return f"| {code(budget.name)} | {text_of(budget_words(budget))} | {apps} |"


def _app_row(app: AppImpact) -> str:
    facts = [message(app.stops)] if app.stops else []
    for word, found in (
        ("loses alias", app.aliases_lost),
        ("may call", app.aliases_gained),
        ("loses key", app.keys_lost),
        ("gets key", app.keys_gained),
    ):
        facts += [f"{word} {text_of(listed(found))}"] if found else []
    facts += [money_moved(app.aud)] if app.aud and app.aud.changed else []
    through = text_of(listed(app.through[:10]))
    what = "<br>".join(
        [*([str(app.edit)] if app.edit in (Edit.ADDED, Edit.REMOVED) else []), *facts]
    )
    return f"| {code(app.name)} | {through} | {what} | {code(app.owner)} |"


def _uptime(uptime: Uptime) -> Section:
    month = _month(uptime)
    if uptime.effect is Effect.HOT:
        hot = "Takes effect through the admin API while the gateway runs: no call fails."
        return Section("Uptime: no restart", (f"{hot} {month}",))
    left = left_text(uptime)
    said = f"Needs a {uptime.effect}, about {minutes(uptime.seconds)} without answers; {left}."
    rows = [f"- because of {code(reason)}" for reason in uptime.because]
    return Section(f"Uptime: {uptime.effect}", (f"{said} {month}", ""), rows, "reason", most=20)


def _month(uptime: Uptime) -> str:
    allowed = minutes(uptime.allowed_s)
    if uptime.used_s is None:
        return f"How much of this month's {allowed} of downtime is used is unknown."
    since = f", watched since {uptime.watched_since:%Y-%m-%d}" if uptime.watched_since else ""
    return f"Downtime this month so far: {minutes(uptime.used_s)} of {allowed}{since}."


def _plan(plan: Plan, *, is_live: bool) -> Section:
    against = "the gateway" if is_live else "the base, as if it were live"
    heads = ("| | object | what |", "|---|---|---|")
    rows = [change_row(change) for change in plan.changes]
    return Section(f"The plan against {against} ({counts_text(plan)})", heads, rows, "change", 3)


def _fields(edits: Iterable[ResourceEdit]) -> Iterator[str]:
    for edit in edits:
        for field in edit.fields:
            before, after = code(value_text(field.before)), code(value_text(field.after))
            name = f"{kind_text(edit.kind)}/{edit.name}"
            yield f"| {code(name)} | {code(field.path)} | {before} | {after} |"
