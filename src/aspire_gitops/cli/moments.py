"""Read the times that people write: `2h ago`, `yesterday 14:05`, `2026-11-20T14:05+11:00`.

Without an offset a time is one of this machine's zone. Pure: the present is an argument.
"""

import re
from datetime import datetime, time, timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"([0-9]{1,6})\s*([smhdw])(?:\s+ago)?")
_DAY = re.compile(r"(today|yesterday)(?:\s+(?:at\s+)?([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]\S+(?: ?[+-][0-9:]+)?)?")

HINT = "write 2h, yesterday 14:05, 2026-11-20 or 2026-11-20T14:05+11:00"


def read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that `text` means at `now`; None if it means none.

    Raises:
        ValueError: It is written like a time and is none, such as `2026-02-30`.
    """
    words = " ".join(text.split())
    if words == "now":
        return now
    if found := _AGO.fullmatch(words):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    if found := _DAY.fullmatch(words):
        day = now.astimezone().date() - timedelta(days=found[1] == "yesterday")
        clock = time.fromisoformat(_two_digits(found[2])) if found[2] else time()
        return datetime.combine(day, clock).astimezone()
    if _ISO.fullmatch(words):
        moment = datetime.fromisoformat(words)
        return moment if moment.tzinfo else moment.astimezone()
    return None


def _two_digits(clock: str) -> str:
    hour, _, rest = clock.partition(":")
    return f"{hour:0>2}:{rest}"


class MomentOption(click.ParamType[datetime]):
    """A time in the past, as people write it."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = read_moment(str(value), datetime.now().astimezone())
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            self.fail(f"{value!r} is no time; {HINT}", param, ctx)
        return moment
