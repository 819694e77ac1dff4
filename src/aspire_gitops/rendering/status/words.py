"""How the status is put into words, the same on the page and in a terminal. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aspire_gitops.rendering.plan.words import plural
from aspire_gitops.rendering.spend.words import month_text
from aspire_gitops.rendering.status.document import (
    AppDocument,
    BrakeDocument,
    DowntimeDocument,
    PlanDocument,
    RevisionDocument,
    StatusDocument,
)
from aspire_gitops.reporting import Answer, BrakeKind, Role, Standing

STANDING_SIGNS: Mapping[Standing, str] = {  # told apart by shape, colour comes on top
    Standing.READY: "●",
    Standing.WAITING: "◐",
    Standing.STALLED: "■",
}
STANDING_HINTS: Mapping[Standing, str] = {
    Standing.READY: "at rest",
    Standing.WAITING: "passes by itself",
    Standing.STALLED: "needs a commit or a person",
}
ANSWER_WORDS: Mapping[Answer, str] = {
    Answer.HEALED: "healed",
    Answer.REPORTED: "only reported",
    Answer.HELD: "held: healing is slowed down",
    Answer.FAILED: "healing failed",
}
_BRAKE_WORDS: Mapping[BrakeKind, str] = {
    BrakeKind.FREEZE: "Frozen",
    BrakeKind.SUSPEND: "Suspended",
    BrakeKind.REVERT: "Held at an older revision",
}
_TAKES_OVER = "takes over when the other controller ends"
UNTOLD = "not told"
"""Instead of who and when, where the gateway says neither."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The one word on top, what it means, and its tone: ready, waiting, stalled or held."""

    word: str
    hint: str
    tone: str


def headline(status: StatusDocument) -> Headline:
    """Return what to say first. A brake shows when nothing worse is to be said."""
    if status.role is Role.STANDBY:
        return Headline("Standby", _TAKES_OVER, "held")
    if status.standing is Standing.READY and status.brakes:
        return _held({brake.kind for brake in status.brakes})
    standing = status.standing
    return Headline(standing.capitalize(), STANDING_HINTS[standing], standing.value)


def _held(kinds: Collection[BrakeKind]) -> Headline:
    if kinds == {BrakeKind.REVERT}:  # alone it stops nobody: drift from that revision is healed
        return Headline("Reverted", "holds an older revision", "held")
    word = "Frozen" if BrakeKind.FREEZE in kinds else "Suspended"
    return Headline(word, "looks and reports only", "held")


def ago(then: datetime, now: datetime) -> str:
    """Return `24 s ago`, `64 min ago`, `3 h ago`, `2 days ago`."""
    return f"{span((now - then).total_seconds())} ago"


def ahead(then: datetime, now: datetime) -> str:
    """Return `in 36 s`, or `now` when the moment has come."""
    seconds = (then - now).total_seconds()
    return "now" if seconds < 1 else f"in {span(seconds)}"


def downtime_text(found: DowntimeDocument) -> str:
    """Return `gateway without an answer for 61 s of 60 min allowed in November 2026, …`."""
    seconds = "never" if not found.seconds else f"for {_lasted(found.seconds)}"
    allowed = f"{_lasted(found.allowed_s)} are allowed"
    since = f"{found.watched_since.day} {found.watched_since:%b}"
    return (
        f"{seconds} in {month_text(found.month)}, as the controller saw it since {since}; {allowed}"
    )


def _lasted(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, left = divmod(whole, 60)
    return f"{minutes} min {left} s" if left else f"{minutes} min"


def span(seconds: float) -> str:
    """Return a length of time in the one unit that matters."""
    seconds = max(seconds, 0)
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return plural(round(seconds / 86_400), "day")


def clock(moment: datetime, now: datetime) -> str:
    """Return `03:14 UTC`, with the day when it is another one."""
    there, here = moment.astimezone(UTC), now.astimezone(UTC)
    day = "" if there.date() == here.date() else f"{there.day} {there:%b} "
    return f"{day}{there:%H:%M} UTC"


def sentence(text: str) -> str:
    """Return the text with a capital first letter and an end."""
    if not text:
        return ""
    first = text.partition(" ")[0]
    start = text if not first.isalpha() else text[:1].upper() + text[1:]
    return start if start[-1] in ".!?…" else f"{start}."


def commit_short(revision: RevisionDocument) -> str:
    """Return what people compare: twelve digits, or the reference of a plain folder."""
    if revision.commit is None:
        return revision.reference
    return f"{revision.commit[:12]}{' and changes' if revision.dirty else ''}"


def person(name: str) -> str:
    """Return a commit's author without the address: `Mia Okafor`."""
    return name.partition(" <")[0] or name


def is_behind(status: StatusDocument) -> bool:
    """Say whether git holds something that was not applied yet."""
    return status.wanted is not None and status.wanted != status.applied


def revisions_text(status: StatusDocument) -> str:
    """Return how git and the gateway stand to each other."""
    if status.wanted is None:
        return "git was not read yet"
    if status.applied is None:
        return "nothing was applied yet"
    return "git is ahead" if is_behind(status) else "the same revision"


def brake_text(brake: BrakeDocument, now: datetime) -> str:
    """Return who stopped what until when, in one sentence."""
    word = _BRAKE_WORDS[brake.kind]
    end = "until somebody resumes"
    if brake.until:
        end = f"until {clock(brake.until, now)} ({ahead(brake.until, now)})"
    return f"{word} by {brake.owner} {end}: {brake.reason}"


def plan_wait_text(plan: PlanDocument, status: StatusDocument) -> str:
    """Return what the plan waits for."""
    if plan.refusals:
        return f"Refused, for {plural(len(plan.refusals), 'reason')}: it waits for a commit."
    if status.brakes:
        return "It waits for the brake to end."
    return "It waits: nobody carries it out by itself."


def plan_count_text(plan: PlanDocument) -> str:
    """Return `5 changes: 2 create, 1 update, 1 of them drift`."""
    parts = ", ".join(f"{count} {action}" for action, count in plan.counts.items())
    drift = f", {plan.drift} of them drift" if plan.drift else ""
    return f"{plural(plan.total, 'change')}: {parts}{drift}" if parts else "no changes"


def keys_text(app: AppDocument) -> str:
    """Return `2 keys live`, or `1 of 2 keys live`."""
    if app.keys == app.live_keys:
        return f"{plural(app.keys, 'key')} live" if app.keys else "no keys"
    return f"{app.live_keys} of {plural(app.keys, 'key')} live"


def role_text(role: Role) -> str:
    """Return what this controller does beside others."""
    if role is Role.LEADER:
        return "leader: this controller writes"
    return "standby: another controller writes"


def bytes_text(size: int) -> str:
    """Return `3.4 MB`."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} bytes"


def grouped(number: int) -> str:
    """Return `4,812`."""
    return f"{number:,}"
