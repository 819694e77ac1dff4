"""How a line of the journal is put into words: when, who, and what, in one sentence. Pure.

Says what it needs of a line as protocols: `rendering` does not know `journal`.
What it shows was written by others, so nothing in it may act on a terminal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from aspire_gitops.status.wording import DRIFT_WORDS, person
from aspire_gitops.vocabulary import UNSET, moment_there, one_line, plural, revision_text
from aspire_ledger.canonical import JsonValue


class DraftLike(Protocol):
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


class EntryLike(Protocol):
    """A line in its place; see `journal.entry.Entry`."""

    @property
    def number(self) -> int: ...
    @property
    def draft(self) -> DraftLike: ...
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
_HOLDS = {
    "suspend": "suspended the controller",
    "freeze": "froze the controller",
    "revert": "reverted the gateway",
    "resume": "resumed",
    "thaw": "thawed the controller",
}


def who_text(draft: DraftLike) -> str:
    """Return the revision and its people: `main@sha1:4f2c9d1e0000, Jane Roe, approved by Bob Poe`.

    Of what was found on the gateway, git's revision alone: its people did not do it.
    """
    parts = [revision_text(draft.revision)] if draft.revision else []
    if draft.kind in ("drift", "observed"):
        return f"git had {parts[0]}" if parts else ""
    if draft.author:
        parts.append(one_line(person(draft.author)))
    if draft.approvers:
        names = " and ".join(one_line(person(name)) for name in draft.approvers)
        parts.append(f"approved by {names}")
    return ", ".join(parts)


def sentence(draft: DraftLike, zone: tzinfo | None = None) -> str:
    """Return what happened, in one line. A kind of a newer program is shown by its name.

    Times are in `zone`, or in the machine's.
    """
    if with_times := _WITH_TIMES.get(str(draft.kind)):
        return with_times(draft, zone)
    worded = _SENTENCES.get(str(draft.kind))
    return worded(draft) if worded else f"{one_line(str(draft.kind))} {_object(draft)}".strip()


def _turn(draft: DraftLike) -> str:
    counts = draft.body.get("counts")
    found = counts if isinstance(counts, Mapping) else {}
    done = ", ".join(f"{count} {one_line(word)}" for word, count in found.items() if count)
    quiet = draft.body.get("quiet_turns")
    quiet_text = (
        f", after {plural(quiet, 'quiet turn')}" if isinstance(quiet, int) and quiet else ""
    )
    tail = f" ({done}{_seconds(draft, ', ' if done else '')})" if done else ""
    return f"turn ended {_word(draft, 'standing')}: {_word(draft, 'reason')}{tail}{quiet_text}"


def _plan(draft: DraftLike) -> str:
    changes = draft.body.get("changes")
    if not isinstance(changes, Sequence) or isinstance(changes, str):
        return f"began plan {_plan_id(draft)}"
    return f"began plan {_plan_id(draft)}: {plural(len(changes), 'change')}"


def _result(draft: DraftLike) -> str:
    action, status = _word(draft, "action"), _word(draft, "status")
    if status == "applied":
        return f"{_DONE.get(action, action)} {_object(draft)}{_seconds(draft, ' in ')}"
    verb = "could not" if status == "failed" else "did not"
    return f"{verb} {action} {_object(draft)}{_because(draft, 'message')}"


def _delivery(draft: DraftLike) -> str:
    verb = "could not deliver" if _word(draft, "status") == "failed" else "delivered"
    return f"{verb} {_object(draft)} to {_word(draft, 'to')}{_because(draft, 'message')}"


def _observed(draft: DraftLike) -> str:
    gone = draft.body.get("state") is None
    return f"found {_object(draft)} {'gone' if gone else 'otherwise than recorded'}{_by(draft)}"


def _drift(draft: DraftLike, zone: tzinfo | None) -> str:
    fields, moved = draft.body.get("fields"), draft.body.get("moved")
    named = [one_line(str(path)) for path in fields] if isinstance(fields, list | tuple) else []
    if isinstance(moved, list | tuple) and moved:
        rows = (row for row in moved if isinstance(row, list | tuple) and len(row) == 3)
        named = [_moved(*map(_plain, row)) for row in rows] or named
    what = _word(draft, "what") or ("changed" if named else "deleted")  # as older programs knew it
    where = f": {', '.join(named)}" if named else ""
    seen = _moment(draft.body.get("first_seen"))
    since = f", first seen {moment_there(seen, zone)}" if seen else ""
    return f"{_object(draft)} {DRIFT_WORDS.get(what, what)}{where}{_by(draft)}{since}: {_word(draft, 'answer')}"


def _moment(text: JsonValue) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None  # of a newer program


def _moved(path: str, git: str, live: str) -> str:
    return f"{path} {git} → {live}"


def _plain(value: JsonValue) -> str:
    return UNSET if value is None else one_line(str(value))


def _applied(draft: DraftLike) -> str:
    subject = _word(draft, "subject")
    return f"the revision is live as a whole{f': {subject}' if subject else ''}"


def _rejected(draft: DraftLike) -> str:
    return f"the revision was rejected{_because(draft, 'reason')}"


def _hold(draft: DraftLike, zone: tzinfo | None) -> str:
    action = _word(draft, "action")
    until = draft.body.get("until")
    at = datetime.fromisoformat(until) if isinstance(until, str) else None
    to = f" to {one_line(draft.commit)[:12]}" if action == "revert" and draft.commit else ""
    end = f" until {moment_there(at, zone)}" if at else ""
    return (
        f"{_word(draft, 'owner')} {_HOLDS.get(action, action)}{to}{end}{_because(draft, 'reason')}"
    )


def _budget(draft: DraftLike) -> str:
    spent = f"{_word(draft, 'spent_aud')} of {_word(draft, 'cap_aud')} AUD"
    return f"budget {_word(draft, 'budget')} reached {_word(draft, 'percent')} % of {_word(draft, 'month')}: {spent}"


def _outage(draft: DraftLike) -> str:
    if draft.body.get("answers") is False:
        return "the gateway did not answer"
    seconds = draft.body.get("seconds")
    lasted = f", {seconds:.0f} s" if isinstance(seconds, int | float) else ""
    return f"the gateway had not answered{lasted}, as far as the controller looked"


def _settings(draft: DraftLike) -> str:
    done = "objects are live; " if draft.body.get("objects_applied") is True else ""
    return f"settings {_word(draft, 'state')}: {done}{_word(draft, 'reason')}"


def _downtime(draft: DraftLike) -> str:
    told = draft.body.get("told")
    if isinstance(told, int):
        return f"told that {told} % of the downtime of {_word(draft, 'month')} is used"
    return f"told that the gateway {'answers again' if told == 'up' else 'does not answer'}"


def _intruder(draft: DraftLike) -> str:
    if draft.body.get("watching"):
        return "began to watch for deployments that share a name with an alias"
    verb = "shares" if draft.body.get("answers") else "no longer shares"
    return f"{_word(draft, 'address')}, not ours, {verb} the name of {_object(draft)}"


def _probe(draft: DraftLike) -> str:
    alias = _word(draft, "alias")
    if draft.body.get("works") is True:
        return f"alias {alias} works again, says a probe"
    return f"alias {alias} failed a probe: {_word(draft, 'verdict')}{_because(draft, 'why')}"


_SENTENCES: Mapping[str, Callable[[DraftLike], str]] = {
    "turn": _turn,
    "plan": _plan,
    "result": _result,
    "delivery": _delivery,
    "observed": _observed,
    "applied": _applied,
    "rejected": _rejected,
    "budget": _budget,
    "outage": _outage,
    "settings": _settings,
    "downtime": _downtime,
    "intruder": _intruder,
    "probe": _probe,
}


_WITH_TIMES: Mapping[str, Callable[[DraftLike, tzinfo | None], str]] = {
    "drift": _drift,
    "brake": _hold,
}


def _object(draft: DraftLike) -> str:
    return one_line(draft.object or "")


def _plan_id(draft: DraftLike) -> str:
    return one_line(draft.plan or "")


def _word(draft: DraftLike, name: str) -> str:
    value = draft.body.get(name)
    return "" if value is None else one_line(str(value))


def _because(draft: DraftLike, name: str) -> str:
    text = _word(draft, name)
    return f": {text}" if text else ""


def _by(draft: DraftLike) -> str:
    by = _word(draft, "by")
    return f", by {by}" if by else ""


def _seconds(draft: DraftLike, before: str) -> str:
    duration = draft.body.get("duration_s")
    return f"{before}{duration:.2f} s" if isinstance(duration, int | float) else ""
