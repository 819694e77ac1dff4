"""Who last changed an object, and when, in LiteLLM's words. Pure.

It is for people, and whoever may write to the gateway may write here: what is
no time is none, and a name is one short line without anything like a secret.
"""

from datetime import UTC, datetime

from aspire_gitops.gateway.redaction import Redaction
from aspire_gitops.state import LastChange
from aspire_gitops.vocabulary.text import short_line

_LONGEST_NAME = 100
_REDACT = Redaction()


def told(*, by: object, at: object) -> LastChange | None:
    """Return what the gateway tells, None if it tells nothing. Times come back in UTC."""
    who, when = _name(by), _time(at)
    return LastChange(who, when) if who or when else None


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return short_line(_REDACT(short_line(value, 4 * _LONGEST_NAME)), _LONGEST_NAME) or None


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
