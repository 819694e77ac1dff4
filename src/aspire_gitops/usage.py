"""How apps used aliases, day by day: the traffic that a change is priced against.

Values only. `ledger_reading` fills them, a published snapshot carries them, and
`review` reprices them. Days are those of the gateway's timezone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aspire_ledger.money import Aud

WHOLE_DAYS: Final = 30

# The counts that every stored row has, and those added later, in the order of `Usage`.
FIRST_COUNTS: Final = ("input_tokens", "cached_input_tokens", "output_tokens", "pages", "images")


def window(now: datetime, timezone: ZoneInfo) -> tuple[date, date]:
    """Return the first and last day of the traffic window: thirty whole days and today."""
    today = now.astimezone(timezone).date()
    return today - timedelta(days=WHOLE_DAYS), today


@dataclass(frozen=True, slots=True, order=True)
class Usage:
    """How one app used one alias on one day.

    `aud` is what was booked, at the prices of that day. The counts are the ledger's:
    `input_tokens` and `output_tokens` are totals, and every other count of tokens is a
    part of one of them (cached and cache writes, audio and images of the input; reasoning
    and audio of the output).
    """

    day: date
    budget: str
    app: str
    alias: str
    calls: int
    aud: Aud
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    pages: int = 0
    images: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    annotated_pages: int = 0
    tool_uses: int = 0


LATER_COUNTS: Final = tuple(
    each.name for each in fields(Usage) if each.default == 0 and each.name not in FIRST_COUNTS
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Every call that the ledger counted from `since` to `until`, both days included.

    A ledger younger than the window has a later `since`. Amounts booked by hand
    are not traffic.
    """

    since: date
    until: date
    rows: tuple[Usage, ...] = ()

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def daily(self, budget: str) -> Mapping[date, Aud]:
        """Return the daily cost of one budget, for a forecast."""
        found: dict[date, Aud] = {}
        for row in self.rows:
            if row.budget == budget:
                found[row.day] = Aud(found.get(row.day, Aud(row.aud * 0)) + row.aud)
        return found


@dataclass(frozen=True, slots=True)
class Downtime:
    """How long the gateway was down this month, as the controller saw it.

    `month` is `2026-11`. The controller polls, so this is what it saw from
    `watched_since` on (a day of that month), not what every caller experienced.
    """

    month: str
    seconds: float
    watched_since: date
