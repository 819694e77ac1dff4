"""Track when the gateway did not answer, as the controller saw it. Pure: callers pass the time.

An outage lasts from the first look that got no answer to the next one that got one.
Two journal lines record it, so that a restart resumes counting. A gateway
that refuses us, or is busy, did answer: that is not an outage.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf

from aspire_gitops.controller.pace import HEARTBEAT
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.status.value import DowntimeReport, Notice, Topic
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import (
    AspireGitopsError,
    GatewayMisconfigured,
    GatewayUnavailable,
    clock,
    minutes,
    span,
)
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Month

SHARES = (50, 100)  # percent of the month's allowance that are told
KEPT = timedelta(days=40)  # a month, and what a clock may be wrong
_SILENCE = timedelta(minutes=20)  # looks further apart say nothing of the time between


@dataclass(slots=True)
class Outages:
    """What is known of them. `known` says whether the gateway has ever answered us.

    Before that nobody can tell a gateway that is down from an address that is wrong.
    """

    known: bool = False
    watched_since: datetime | None = None
    ended: list[tuple[datetime, datetime]] = field(default_factory=list)
    since: datetime | None = None  # of the outage under way
    last: datetime | None = None  # its last look
    told: datetime | None = None  # the beginning of the outage that was told last
    shares: frozenset[tuple[str, int]] = frozenset()  # told: of which month, how many percent

    def failed(self, error: AspireGitopsError, at: datetime) -> list[Draft]:
        """Hear of a look at the gateway that failed; returns what the journal should be told."""
        if not isinstance(error, GatewayUnavailable | GatewayMisconfigured):
            return self.answered(at)
        if isinstance(error, GatewayUnavailable) and error.answered:
            return self.answered(at)
        self._note_watching(at)
        if not self.known:
            return []
        told = self._cut_off(at)
        if self.since is None:
            self.since = at
            told.append(_draft(at, {"answers": False, "since": at.isoformat()}))
        self.last = at
        return told

    def answered(self, at: datetime) -> list[Draft]:
        """Hear of a look that the gateway answered; returns what the journal should be told."""
        self._note_watching(at)
        self.known = True
        return self._cut_off(at) or self._over(at)

    def downtime(self, month: Month, now: datetime) -> Downtime:
        """Return how long the gateway did not answer this month."""
        spans = [*self.ended, *([(self.since, self.last)] if self.since and self.last else [])]
        seconds = sum(
            max((min(until, month.end) - max(since, month.start)).total_seconds(), 0.0)
            for since, until in spans
        )
        began = max(self.watched_since or now, month.start)
        return Downtime(str(month), seconds, began.astimezone(month.start.tzinfo).date())

    def silent_since(self, now: datetime) -> datetime | None:
        """Return since when the gateway does not answer; None if nobody looked lately, too."""
        is_known = self.last is not None and abs(now - self.last) <= _SILENCE
        return self.since if is_known else None

    def due_s(self, now: datetime, after_s: float) -> float:
        """Return in how many seconds an outage has to be told; no end where there is none."""
        if self.since is None or self.told == self.since:
            return inf
        return max(after_s - (now - self.since).total_seconds(), 1.0)

    def news(
        self,
        now: datetime,
        report: DowntimeReport | None,
        *,
        after_s: float,
        gateway: str,
        why: str,
    ) -> tuple[list[Notice], list[Draft]]:
        """Return what to tell now, each thing once, and the lines of the journal that remember it.

        Args:
            now: An aware moment.
            report: This month's downtime, None while nobody knows how much is allowed.
            after_s: How long an outage lasts before it is told.
            gateway: Its name.
            why: What the last look said.
        """
        about, notices, drafts = downtime_lines(report), list[Notice](), list[Draft]()
        name = f"gateway {gateway}".rstrip()
        if self.since and self.told != self.since and (now - self.since).total_seconds() >= after_s:
            self.told = self.since
            title = f"The {name} has not answered {since_text(self.since, now)}"
            notices.append(_notice("down", self.since, now, title, (*filter(None, [why]), *about)))
            drafts.append(_told_line(now, {"told": "down", "since": self.since.isoformat()}))
        elif self.told and self.since is None:
            began, ended = (
                self.told,
                next((end for begun, end in self.ended if begun == self.told), now),
            )
            self.told = None
            title = f"The {name} answers again after {span((ended - began).total_seconds())}"
            notices.append(_notice("up", began, now, title, about))
            drafts.append(_told_line(now, {"told": "up", "since": began.isoformat()}))
        if (
            report
            and (reached := _reached(report))
            and (report.downtime.month, reached) not in self.shares
        ):
            month = report.downtime.month
            self.shares |= {(month, percent) for percent in SHARES if percent <= reached}
            down = minutes(report.downtime.seconds)
            title = f"The {name} was down for {down} this month: {reached} % of what is allowed"
            notices.append(_notice(f"{month}-{reached}", now, now, title, about))
            drafts.append(_told_line(now, {"told": reached, "month": month}))
        return [replace(one, gateway=gateway) for one in notices], drafts

    def _note_watching(self, at: datetime) -> None:
        self.watched_since = min(self.watched_since or at, at)

    def _cut_off(self, at: datetime) -> list[Draft]:
        # Nobody looked in between, or a clock was set back.
        is_cut = self.last is not None and not timedelta(0) <= at - self.last <= _SILENCE
        return self._over(self.last) if is_cut and self.last else []

    def _over(self, until: datetime) -> list[Draft]:
        since, self.since, self.last = self.since, None, None
        if since is None:
            return []
        self.ended = [span for span in self.ended if span[1] > until - KEPT] + [(since, until)]
        lasted = round((until - since).total_seconds(), 1)
        span: dict[str, JsonValue] = {"since": since.isoformat(), "until": until.isoformat()}
        return [_draft(until, {"answers": True, **span, "seconds": lasted})]


def recalled(
    lines: Iterable[Entry],
    *,
    first: Entry | None,
    last_turn: Entry | None,
    known: bool,
    now: datetime,
) -> Outages:
    """Return what the journal knows.

    Args:
        lines: The lines of outages, in order.
        first: The journal's first line.
        last_turn: The newest line of a turn. An outage under way goes on if that is recent.
        known: Whether the gateway has ever answered.
        now: An aware moment.
    """
    found = Outages(known=known, watched_since=first.draft.at if first else None)
    for line in lines:
        since, until = _moment(line, "since"), _moment(line, "until")
        if (told := line.draft.body.get("told")) is not None:
            _recall_told(found, told, str(line.draft.body.get("month")), since)
            continue
        if since and until:
            found.ended.append((since, until))
        found.since = since if line.draft.body.get("answers") is False else None
    if found.since:
        seen = max(found.since, last_turn.draft.at if last_turn else found.since)
        found.last = now if timedelta(0) <= now - seen <= HEARTBEAT + _SILENCE else seen
    return found


def _recall_told(found: Outages, told: JsonValue, month: str, since: datetime | None) -> None:
    if isinstance(told, int):
        found.shares |= {(month, percent) for percent in SHARES if percent <= told}
    else:
        found.told = since if told == "down" else None


def _reached(report: DowntimeReport) -> int:
    percent = 100 * report.downtime.seconds / max(report.allowed_s, 1)
    return max((share for share in SHARES if share <= percent), default=0)


def since_text(since: datetime, now: datetime) -> str:
    """Return `since 09:32 UTC (4 min)`."""
    return f"since {clock(since, now)} ({span((now - since).total_seconds())})"


def downtime_lines(report: DowntimeReport | None) -> tuple[str, ...]:
    """Return what the month's downtime is, and what is left of it."""
    if report is None:
        return ()
    down, left = report.downtime.seconds, report.allowed_s - report.downtime.seconds
    rest = f"{minutes(left)} left" if left > 0 else "nothing left"
    return (f"down this month: {minutes(down)} of {minutes(report.allowed_s)} allowed, {rest}",)


def _notice(what: str, began: datetime, now: datetime, title: str, lines: Iterable[str]) -> Notice:
    name = f"{Topic.DOWN}-{what}-{began:%Y%m%dT%H%M%S}"
    return Notice(name, Topic.DOWN, now, title, tuple(lines))


def _told_line(at: datetime, body: dict[str, JsonValue]) -> Draft:
    return Draft(EntryKind.DOWNTIME, at, body=body)


def _draft(at: datetime, body: dict[str, JsonValue]) -> Draft:
    return Draft(EntryKind.OUTAGE, at, body=body)


def _moment(line: Entry, name: str) -> datetime | None:
    found = line.draft.body.get(name)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
