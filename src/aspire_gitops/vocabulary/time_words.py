"""Moments and lengths of time in words. Pure: callers pass the time."""

from datetime import UTC, datetime, timedelta, tzinfo

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


def clock(moment: datetime, now: datetime) -> str:
    """Return `03:14 UTC`, with the day when it is another one."""
    there, here = moment.astimezone(UTC), now.astimezone(UTC)
    day = "" if there.date() == here.date() else f"{there.day} {there:%b} "
    return f"{day}{there:%H:%M} UTC"


def moment_utc(moment: datetime) -> str:
    """Return `2026-11-23 12:00 UTC`: for sentences that people read anywhere."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment_there(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return `2026-11-20 12:00:06 +11:00`; in the machine's zone if none is given."""
    there = moment.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M:%S} {there.isoformat()[-6:]}"
