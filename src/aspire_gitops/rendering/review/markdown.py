"""A review as a pull request's comment: short on top, the details folded away.

One sentence, what needs a person's agreement or stops the change, one table;
then folded parts. Names, values and messages are anybody's text, so all of it is
escaped: it cannot format, link, mention or break out of its cell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.impact.review import Review
from aspire_gitops.planning.plan import Refusal
from aspire_gitops.rendering.plan.words import plural, revision_text
from aspire_gitops.rendering.review.amounts import age_text
from aspire_gitops.rendering.review.details import alias_sections, later_sections
from aspire_gitops.rendering.review.escaped import code, message, text_of
from aspire_gitops.rendering.review.headline import headline
from aspire_gitops.rendering.review.sections import Fitted, Section, fitted, size
from aspire_gitops.rendering.review.table import summary_table
from aspire_gitops.rendering.review.words import change_warnings, file_errors, revision_brief

COMMENT_BYTES = 60_000  # GitHub refuses comments of more than 65,536 characters
SUMMARY_BYTES = 900_000  # and job summaries of more than a mebibyte
_LEAST_OF_AN_ALIAS = 250  # bytes of its part
_FULL = "aspire-gitops review --format markdown-full"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the text goes: how many bytes fit (None: any number), and where all of it is.

    `full_report` is an https address, or words such as the name of an artefact.
    """

    room: int | None = COMMENT_BYTES
    full_report: str = ""


def review_markdown(review: Review, place: Place = Place()) -> str:
    """Return the comment, ending with a newline; never more than `place.room` bytes."""
    above, below = _sentence(review), _footer(review)
    room = None
    if place.room is not None:
        longest_remark = size(_left_out(Fitted((), 10**9, 10**9), place))
        room = place.room - size(above) - size(below) - longest_remark - 1
    shown = fitted(_sections(review, room), room)
    shown = replace(shown, left_out=shown.left_out + _unbuilt(review, room))
    return "\n\n".join(filter(None, [above, *shown.parts, _left_out(shown, place), below])) + "\n"


def _sentence(review: Review) -> str:
    said = headline(review)
    return f"**{text_of(said.what)}**{text_of(said.rest)}"


def _sections(review: Review, room: int | None) -> list[Section]:
    aliases = review.aliases[: len(review.aliases) - _unbuilt(review, room)]
    return [
        *_stops(review),
        *summary_table(review),
        *_warnings(review),
        *alias_sections(aliases),
        *later_sections(review),
    ]


def _unbuilt(review: Review, room: int | None) -> int:
    """Return how many aliases have no part of their own, because there is no room for it anyway."""
    return 0 if room is None else max(0, len(review.aliases) - room // _LEAST_OF_AN_ALIAS)


def _stops(review: Review) -> Iterator[Section]:
    if errors := file_errors(review):
        yield _alert(
            "CAUTION", f"{plural(len(errors), 'error')} in the files", map(_finding, errors)
        )
    elif gaps := [(alias.name, gap) for alias in review.aliases for gap in alias.gaps]:
        rows = (f"{code(gap.app)} needs {message(gap.need)} of {code(name)}" for name, gap in gaps)
        yield _alert("CAUTION", "Apps lose what they say that they need", rows)
    if refusals := review.plan.refusals if review.plan else ():
        yield _alert("CAUTION", "Apply will refuse this plan", map(_refusal, refusals))
    told = {refusal.object for refusal in refusals}
    missing = [one for one in review.consents if not (one.given_by or one.object in told)]
    if missing:
        rows = (f"{code(one.change)} of {code(one.object)}: {message(one.why)}" for one in missing)
        yield _alert("IMPORTANT", f"This needs {plural(len(missing), 'Approval')}", rows)


def _warnings(review: Review) -> Iterator[Section]:
    if warnings := change_warnings(review):
        yield _alert("WARNING", "", map(_finding, warnings))


def _alert(kind: str, title: str, rows: Iterable[str]) -> Section:
    above = (f"> [!{kind}]", *((f"> **{title}**",) if title else ()), ">")
    return Section("", above, [f"> - {row}" for row in rows], "more", is_open=True, most=20)


def _finding(found: Diagnostic) -> str:
    return _told(found.message, found.help, found.rule.code, str(found.span))


def _refusal(refusal: Refusal) -> str:
    return _told(refusal.message, refusal.help, refusal.rule.code, refusal.object)


def _told(wrong: str, way_out: str | None, rule: str, where: str) -> str:
    out = f"<br>→ {message(way_out)}" if way_out else ""
    return f"{message(wrong)} ({rule}, {code(where)}){out}"


def _left_out(shown: Fitted, place: Place) -> str:
    if not (shown.cut or shown.left_out):
        return ""
    said = []
    if shown.left_out:
        said.append(f"{plural(shown.left_out, 'part')} left out")
    if shown.cut:
        said.append(f"{plural(shown.cut, 'part')} cut")
    return f"For length, {' and '.join(said)}. Everything is in {_full_report(place)}."


def _full_report(place: Place) -> str:
    where = place.full_report
    if where.startswith("https://") and where.isascii() and not set(where) & set(" <>()[]\"'`\\|"):
        return f"[the full report]({where})"
    return message(where) if where else f"the full report: {code(_FULL)}"


def _footer(review: Review) -> str:
    parts = [f"{code(revision_brief(review.base))} → {code(revision_brief(review.head))}"]
    if review.live:
        at = f" at {code(revision_text(review.live.revision))}" if review.live.revision else ""
        parts.append(
            f"gateway{at} as of {review.live.taken_at:%Y-%m-%d %H:%M} UTC, {age_text(review.live.age)}"
        )
    else:
        parts.append("no snapshot: compared with the base as if it were live")
    if review.plan:
        parts.append(f"plan {code(review.plan.id)} on {code(review.plan.based_on[:19])}")
    return f"<sub>{' · '.join(parts)}</sub>"
