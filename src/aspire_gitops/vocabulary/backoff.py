"""How long to wait before the next try: what a server asks for, and pauses that grow. Pure."""

from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime

_MOST_DOUBLINGS = 30


def retry_after_s(header: str, *, now_s: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None where it asks for nothing.

    Args:
        header: Seconds, or a date.
        now_s: Unix time.
    """
    text = header.strip()
    if is_seconds(text):
        return float(text)
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        at = parsedate_to_datetime(text)
        known = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, known.timestamp() - now_s)
    return None


def is_seconds(text: str) -> bool:
    """Say whether a header's text is a whole number that can be a time."""
    return text.isascii() and text.isdigit() and len(text) <= 12


def growing_s(failures: int, *, first_s: float, longest_s: float) -> float:
    """Return a pause that doubles with each failure in a row, from `first_s` up to `longest_s`."""
    return float(min(first_s * 2.0 ** min(max(failures - 1, 0), _MOST_DOUBLINGS), longest_s))
