"""How a line of the journal is put into words: when, who, and what, in one sentence. Pure.

Says what it needs of a line as protocols: `rendering` does not know `journal`.
What it shows was written by others, so nothing in it may act on a terminal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from aspire_gitops.status.wording import person
from aspire_gitops.vocabulary.text import one_line, plural, revision_text
from aspire_ledger.canonical import JsonValue


class Said(Protocol):
    """What a line says; see `journal.entry.Draft`."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def turn(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def commit(self) -> str | None: ...
    @property
    def author(self) -> str | None: ...
    @property
    def approvers(self) -> Sequence[str]: ...
    @property
    def plan(self) -> str | None: ...
    @property
    def object(self) -> str | None: ...
    @property
    def body(self) -> Mapping[str, JsonValue]: ...


class Line(Protocol):
    """A line in its place; see `journal.entry.Entry`."""

    @property
    def number(self) -> int: ...
    @property
    def draft(self) -> Said: ...
    @property
    def previous(self) -> str: ...
    @property
    def hash(self) -> str: ...


_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "adopt": "adopted",
    "delete": "deleted",
}
_BRAKES = {
    "suspend": "suspended the controller",
    "freeze": "froze the controller",
    "revert": "reverted the gateway",
    "resume": "resumed",
    "thaw": "thawed the controller",
}


def when_text(at: datetime, zone: tzinfo | None = None) -> str:
    """Return `2026-11-20 12:00:06 +11:00`; in the machine's zone if none is given."""
    there = at.astimezone(zone)
    offset = there.isoformat()[-6:]
    return f"{there:%Y-%m-%d %H:%M:%S} {offset}"


def who_text(said: Said) -> str:
    """Return the revision and its people: `main@sha1:4f2c9d1e0000, Jane Roe, approved by Bob Poe`."""
    parts = [revision_text(said.revision)] if said.revision else []
    if said.author:
        parts.append(one_line(person(said.author)))
    if said.approvers:
        names = " and ".join(one_line(person(name)) for name in said.approvers)
        parts.append(f"approved by {names}")
    return ", ".join(parts)


def sentence(said: Said) -> str:
    """Return what happened, in one line. A kind of a newer program is shown by its name."""
    worded = _SENTENCES.get(str(said.kind))
    return worded(said) if worded else f"{one_line(str(said.kind))} {_object(said)}".strip()


def _turn(said: Said) -> str:
    counts = said.body.get("counts")
    found = counts if isinstance(counts, Mapping) else {}
    done = ", ".join(f"{count} {one_line(word)}" for word, count in found.items() if count)
    quiet = said.body.get("quiet_turns")
    quiet_text = (
        f", after {plural(quiet, 'quiet turn')}" if isinstance(quiet, int) and quiet else ""
    )
    tail = f" ({done}{_seconds(said, ', ' if done else '')})" if done else ""
    return f"turn ended {_word(said, 'standing')}: {_word(said, 'reason')}{tail}{quiet_text}"


def _plan(said: Said) -> str:
    changes = said.body.get("changes")
    if not isinstance(changes, Sequence) or isinstance(changes, str):
        return f"began plan {_plan_id(said)}"
    return f"began plan {_plan_id(said)}: {plural(len(changes), 'change')}"


def _result(said: Said) -> str:
    action, status = _word(said, "action"), _word(said, "status")
    if status == "applied":
        return f"{_DONE.get(action, action)} {_object(said)}{_seconds(said, ' in ')}"
    verb = "could not" if status == "failed" else "did not"
    return f"{verb} {action} {_object(said)}{_because(said, 'message')}"


def _delivery(said: Said) -> str:
    verb = "could not deliver" if _word(said, "status") == "failed" else "delivered"
    return f"{verb} {_object(said)} to {_word(said, 'to')}{_because(said, 'message')}"


def _observed(said: Said) -> str:
    gone = said.body.get("state") is None
    return f"found {_object(said)} {'gone' if gone else 'otherwise than recorded'}{_by(said)}"


def _drift(said: Said) -> str:
    fields = said.body.get("fields")
    named = [one_line(str(path)) for path in fields] if isinstance(fields, list | tuple) else []
    where = f" in {', '.join(named)}" if named else ", it is gone"
    return f"{_object(said)} had drifted{where}{_by(said)}: {_word(said, 'answer')}"


def _applied(said: Said) -> str:
    subject = _word(said, "subject")
    return f"the revision is live as a whole{f': {subject}' if subject else ''}"


def _rejected(said: Said) -> str:
    return f"the revision was rejected{_because(said, 'reason')}"


def _brake(said: Said) -> str:
    action = _word(said, "action")
    until = said.body.get("until")
    at = datetime.fromisoformat(until) if isinstance(until, str) else None
    to = f" to {one_line(said.commit)[:12]}" if action == "revert" and said.commit else ""
    end = f" until {when_text(at)}" if at else ""
    return (
        f"{_word(said, 'owner')} {_BRAKES.get(action, action)}{to}{end}{_because(said, 'reason')}"
    )


def _budget(said: Said) -> str:
    spent = f"{_word(said, 'spent_aud')} of {_word(said, 'cap_aud')} AUD"
    return f"budget {_word(said, 'budget')} reached {_word(said, 'percent')} % of {_word(said, 'month')}: {spent}"


def _outage(said: Said) -> str:
    if said.body.get("answers") is False:
        return "the gateway did not answer"
    seconds = said.body.get("seconds")
    lasted = f", {seconds:.0f} s" if isinstance(seconds, int | float) else ""
    return f"the gateway had not answered{lasted}, as far as the controller looked"


_SENTENCES: Mapping[str, Callable[[Said], str]] = {
    "turn": _turn,
    "plan": _plan,
    "result": _result,
    "delivery": _delivery,
    "observed": _observed,
    "drift": _drift,
    "applied": _applied,
    "rejected": _rejected,
    "brake": _brake,
    "budget": _budget,
    "outage": _outage,
}


def _object(said: Said) -> str:
    return one_line(said.object or "")


def _plan_id(said: Said) -> str:
    return one_line(said.plan or "")


def _word(said: Said, name: str) -> str:
    value = said.body.get(name)
    return "" if value is None else one_line(str(value))


def _because(said: Said, name: str) -> str:
    text = _word(said, name)
    return f": {text}" if text else ""


def _by(said: Said) -> str:
    by = _word(said, "by")
    return f", by {by}" if by else ""


def _seconds(said: Said, before: str) -> str:
    duration = said.body.get("duration_s")
    return f"{before}{duration:.2f} s" if isinstance(duration, int | float) else ""
