"""Moments and lengths of time in words, written and read. Pure: callers pass the time."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from aspire_gitops.vocabulary.text import plural

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def span(seconds: float) -> str:
    """Return a length of time in the one unit that matters: `24 s`, `64 min`, `3 h`, `2 days`."""
    seconds = max(seconds, 0)
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * _MINUTE_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    if seconds < 36 * _HOUR_S:
        return f"{seconds / _HOUR_S:.0f} h"
    return plural(round(seconds / _DAY_S), "day")


def ago(then: datetime, now: datetime) -> str:
    """Return `24 s ago`, `64 min ago`, `3 h ago`, `2 days ago`."""
    return f"{span((now - then).total_seconds())} ago"


def ahead(then: datetime, now: datetime) -> str:
    """Return `in 36 s`, or `now` when the moment has come."""
    seconds = (then - now).total_seconds()
    return "now" if seconds < 1 else f"in {span(seconds)}"


def age(length: timedelta) -> str:
    """Return `3 hours old`."""
    seconds = max(length.total_seconds(), 0)
    for size, unit in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds >= 2 * size or (seconds >= size and unit == "minute"):
            return f"{plural(int(seconds // size), unit)} old"
    return "less than a minute old"


def minutes(seconds: float, *, exact: bool = False) -> str:
    """Return `45 s`, `3 min` or `3 min 20 s`: what people promise each other.

    Seconds beside ten minutes or more are left out, unless `exact`.
    """
    whole = round(seconds)
    full, rest = divmod(whole, _MINUTE_S)
    if not full or (exact and full < 2):
        return f"{whole} s"
    return f"{full} min {rest} s" if rest and (exact or full < 10) else f"{full} min"


def duration(seconds: float) -> str:
    """Return how long something took, with the digits that matter: `4 ms`, `0.31 s`, `3 min`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 2 * _MINUTE_S else f"{seconds / _MINUTE_S:.0f} min"


def clock(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return `14:14 AEDT`, with the day when it is another one; in UTC if no zone is known."""
    there, here = moment.astimezone(zone or UTC), now.astimezone(zone or UTC)
    day = "" if there.date() == here.date() else f"{there.day} {there:%b} "
    return f"{day}{there:%H:%M} {zone_name(there)}"


def moment_text(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return `2026-11-23 23:00 AEDT`: for sentences; in UTC if no zone is known."""
    there = moment.astimezone(zone or UTC)
    return f"{there:%Y-%m-%d %H:%M} {zone_name(there)}"


def zone_name(moment: datetime) -> str:
    """Return `AEDT`, or `UTC+04` where the zone has no letters for it."""
    name = moment.tzname() or "UTC"
    return name if name[0].isalpha() else f"UTC{name}"


def moment_there(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return `2026-11-20 12:00:06 +11:00`; in the machine's zone if none is given."""
    there = moment.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M:%S} {there.isoformat()[-6:]}"


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = (
    r"(?:[0-9]{1,6}\s*|an?\s+)"
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)(?![a-z])"
)
_LENGTH = re.compile(rf"{_PART}(?:(?:\s*,)?(?:\s+and)?\s*{_PART})*", re.IGNORECASE)
_PARTS = re.compile(r"([0-9]+|\ban?(?=\s))\s*([smhdw])", re.IGNORECASE)
_CLOCK = r"[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2})?)?(?:\s*[ap]m)?|noon|midnight"
_DAY = re.compile(rf"(today|yesterday)(?:,?\s+(?:at\s+)?({_CLOCK}))?", re.IGNORECASE)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]\S+(?: ?[+-][0-9:]+)?)?")

MOMENT_HINT = "write 2h, yesterday 14:05, 2 minutes ago, 2026-11-20 or 2026-11-20T14:05+11:00"


def read_length(text: str) -> timedelta | None:
    """Return the length of time that people write: `2h`, `90 minutes`, `1h30m`, `1 day and 2 hours`.

    Raises:
        OverflowError: It is longer than a calendar.
    """
    words = " ".join(text.split())
    if not _LENGTH.fullmatch(words):
        return None
    found = timedelta()
    for count, unit in _PARTS.findall(words):
        number = int(count) if count.isdecimal() else 1
        found += timedelta(**{_UNITS[unit.lower()]: number})
    return found


def read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that `text` means at `now`; None if it is not a time.

    Raises:
        ValueError: It looks like a time but is invalid, such as `2026-02-30`.
        OverflowError: It is before the calendar begins.
    """
    words = " ".join(text.split())
    if words.lower() in ("now", "just now"):
        return now
    if length := read_length(re.sub(r"\s+ago$", "", words, flags=re.IGNORECASE)):
        return now - length
    if found := _DAY.fullmatch(words):
        day = now.astimezone().date() - timedelta(days=found[1].lower() == "yesterday")
        return datetime.combine(day, _clock(found[2] or "midnight")).astimezone()
    if _ISO.fullmatch(words):
        moment = datetime.fromisoformat(words)
        return moment if moment.tzinfo else moment.astimezone()
    return None


def _clock(text: str) -> time:
    named = {"noon": time(12), "midnight": time()}.get(text.lower())
    if named is not None:
        return named
    digits, half = re.fullmatch(r"([0-9:]+)\s*([ap]m)?", text, re.IGNORECASE).groups()  # type: ignore[union-attr] # of `_CLOCK`
    hour, _, rest = digits.partition(":")
    if half is None:
        if not rest:
            raise ValueError("an hour without minutes needs am or pm")
        return time.fromisoformat(f"{hour:0>2}:{rest}")
    if not 1 <= int(hour) <= 12:
        raise ValueError("am and pm count to twelve")
    whole = int(hour) % 12 + 12 * (half.lower() == "pm")
    return time.fromisoformat(f"{whole:0>2}:{rest or '00'}")
