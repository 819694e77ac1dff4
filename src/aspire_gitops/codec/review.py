"""A review as JSON, for other programs; docs/review/review.md has it.

Amounts are decimal texts, never floats; times and days are ISO 8601.
"""

from collections.abc import Callable
from datetime import UTC, date
from decimal import Decimal
from typing import Any, TypeVar

from aspire_gitops.codec.plan import plan_json
from aspire_gitops.codec.values import (
    diagnostic_json,
    document,
    object_json,
    revision_json,
    whole_text,
    written_revision_json,
)
from aspire_gitops.review.value import (
    AliasImpact,
    AppImpact,
    BudgetImpact,
    Consent,
    Live,
    Moved,
    Repriced,
    ResourceEdit,
    Review,
    Uptime,
)
from aspire_gitops.spend import Forecast
from aspire_gitops.vocabulary import Span
from aspire_ledger.canonical import JsonValue, pretty_json

T = TypeVar("T")


def review_json(review: Review) -> str:
    """Return the review as one JSON object."""
    content: dict[str, JsonValue] = {
        "ok": review.ok,
        "gateway": review.gateway,
        "base": revision_json(review.base),
        "head": revision_json(review.head),
        "findings": [diagnostic_json(found) for found in review.findings],
        "edits": [_edit(edit) for edit in review.edits],
        "aliases": [_alias(alias) for alias in review.aliases],
        "apps": [_app(app) for app in review.apps],
        "budgets": [_budget(budget) for budget in review.budgets],
        "usd_per_aud": _moved(review.rate, str),
        "repriced": _repriced(review.repriced),
        "uptime": _uptime(review.uptime),
        "approvals": [_consent(consent) for consent in review.consents],
        "plan": plan_json(review.plan) if review.plan else None,
        "live": _live(review.live),
        "unknown": list(review.unknown),
    }
    # GitHub's runner takes `##[error]` for a command wherever it stands in a line.
    return whole_text(pretty_json(document("review", content))).replace("##[", "#\\u0023[")


def _place(span: Span) -> JsonValue:
    return {"path": span.path, "line": span.line, "column": span.column}


def _edit(edit: ResourceEdit) -> JsonValue:
    return {
        "kind": str(edit.kind),
        "name": edit.name,
        "edit": str(edit.edit),
        "place": _place(edit.place),
        "fields": [
            {"path": field.path, "before": field.before, "after": field.after}
            for field in edit.fields
        ],
    }


def _alias(alias: AliasImpact) -> JsonValue:
    return {
        "name": alias.name,
        "edit": str(alias.edit),
        "place": _place(alias.place),
        "apps": list(alias.apps),
        "provider": _moved(alias.provider),
        "vendor": _moved(alias.vendor),
        "model": _moved(alias.model),
        "mode": _moved(alias.mode),
        "billing": _moved(alias.billing),
        "capabilities_lost": list(alias.capabilities_lost),
        "capabilities_gained": list(alias.capabilities_gained),
        "context_window_tokens": _moved(alias.context_window_tokens),
        "max_output_tokens": _moved(alias.max_output_tokens),
        "embedding_dimensions": _moved(alias.embedding_dimensions),
        "prices": {price.unit: _moved(price.usd, str) for price in alias.prices},
        "gaps": [{"app": gap.app, "need": gap.need} for gap in alias.gaps],
        "repriced": _repriced(alias.repriced),
    }


def _app(app: AppImpact) -> JsonValue:
    return {
        "name": app.name,
        "owner": app.owner,
        "edit": str(app.edit) if app.edit else None,
        "through": list(app.through),
        "aliases_lost": list(app.aliases_lost),
        "aliases_gained": list(app.aliases_gained),
        "keys_lost": list(app.keys_lost),
        "keys_gained": list(app.keys_gained),
        "aud": _moved(app.aud, _plain) if app.aud else None,
        "stops": app.stops or None,
    }


def _budget(budget: BudgetImpact) -> JsonValue:
    return {
        "name": budget.name,
        "apps": list(budget.apps),
        "monthly_aud": _moved(budget.cap, _plain),
        "uplift": _moved(budget.uplift),
        "spent_aud": _plain(budget.spent) if budget.spent is not None else None,
        "stops_at_once": budget.stops_at_once,
        "reach": _moved(budget.reach, _forecast) if budget.reach else None,
    }


def _forecast(forecast: Forecast) -> JsonValue:
    return {
        "reach": str(forecast.reach),
        "days": forecast.days,
        "earliest": _day(forecast.earliest),
        "likely": _day(forecast.likely),
        "latest": _day(forecast.latest),
    }


def _repriced(repriced: Repriced | None) -> JsonValue:
    if repriced is None:
        return None
    return {
        "since": _day(repriced.since),
        "until": _day(repriced.until),
        "days_with_calls": repriced.called,
        "total_aud": _moved(repriced.total, _plain),
        "apps": [
            {"app": row.app, "calls": row.calls, "aud": _moved(row.aud, _plain)}
            for row in repriced.apps
        ],
        "unpriced": list(repriced.unpriced),
    }


def _uptime(uptime: Uptime | None) -> JsonValue:
    if uptime is None:
        return None
    return {
        "effect": str(uptime.effect),
        "because": list(uptime.because),
        "seconds": uptime.seconds,
        "allowed_s": uptime.allowed_s,
        "used_s": uptime.used_s,
        "left_s": uptime.left_s,
        "watched_since": _day(uptime.watched_since),
    }


def _consent(consent: Consent) -> JsonValue:
    return {
        "change": consent.change,
        "object": object_json(consent.object),
        "why": consent.why,
        "given_by": consent.given_by or None,
        "reason": consent.reason or None,
    }


def _live(live: Live | None) -> JsonValue:
    if live is None:
        return None
    return {
        "revision": written_revision_json(live.revision) if live.revision else None,
        "taken_at": live.taken_at.astimezone(UTC).isoformat(),
        "age_s": round(live.age.total_seconds()),
        "digest": live.digest,
        "litellm": live.litellm_version,
        "traffic_days": live.traffic_days,
        "has_spend": live.has_spend,
    }


def _moved(moved: Moved[T], write: Callable[[T], Any] = lambda value: value) -> JsonValue:
    before, after = (None if one is None else write(one) for one in (moved.before, moved.after))
    return {"before": before, "after": after}


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
