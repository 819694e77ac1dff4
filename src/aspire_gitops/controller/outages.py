"""Track when the gateway did not answer, as the controller saw it. Pure: callers pass the time.

An outage lasts from the first look that got no answer to the next one that got one.
Two journal lines record it, so that a restart resumes counting. A gateway
that refuses us, or is busy, did answer: that is not an outage.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aspire_gitops.controller.pace import HEARTBEAT
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.usage import Downtime
from aspire_gitops.vocabulary import AspireGitopsError, GatewayMisconfigured, GatewayUnavailable
from aspire_ledger.canonical import JsonValue
from aspire_ledger.money import Month

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
        if since and until:
            found.ended.append((since, until))
        found.since = since if line.draft.body.get("answers") is False else None
    if found.since:
        seen = max(found.since, last_turn.draft.at if last_turn else found.since)
        found.last = now if timedelta(0) <= now - seen <= HEARTBEAT + _SILENCE else seen
    return found


def _draft(at: datetime, body: dict[str, JsonValue]) -> Draft:
    return Draft(EntryKind.OUTAGE, at, body=body)


def _moment(line: Entry, name: str) -> datetime | None:
    found = line.draft.body.get(name)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
