"""The shapes of the documents that are written by hand, as JSON Schema. `schemas` makes files of them.

Every field of a mapping is there unless its name ends in `?`. A reader must let
fields pass that it does not know: later releases add some within a version.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Shape: TypeAlias = dict[str, Any]

TEXT: Final[Shape] = {"type": "string"}
WHOLE: Final[Shape] = {"type": "integer"}
NUMBER: Final[Shape] = {"type": "number"}
FLAG: Final[Shape] = {"type": "boolean"}
ANY: Final[Shape] = {}
DAY: Final[Shape] = {"type": "string", "format": "date"}
TIME: Final[Shape] = {"type": "string", "format": "date-time"}
AMOUNT: Final[Shape] = {
    "type": "string",
    "pattern": "^-?[0-9]+(\\.[0-9]+)?$",
    "description": "An exact decimal.",
}


def mapping(fields: Mapping[str, Shape]) -> Shape:
    properties = {name.removesuffix("?"): shape for name, shape in fields.items()}
    required = [name for name in fields if not name.endswith("?")]
    return {"type": "object", "properties": properties, "required": required}


def named(values: Shape) -> Shape:
    return {"type": "object", "additionalProperties": values}


def many(items: Shape) -> Shape:
    return {"type": "array", "items": items}


def maybe(shape: Shape) -> Shape:
    return {"anyOf": [shape, {"type": "null"}]}


def one_of(*words: str) -> Shape:
    return {"enum": list(words)}


def pair(shape: Shape) -> Shape:
    """Before and after; null where there was or will be none."""
    return mapping({"before": maybe(shape), "after": maybe(shape)})


PLACE: Final = mapping({"path": TEXT, "line": WHOLE, "column": WHOLE})
DIAGNOSTIC: Final = mapping(
    {
        "code": TEXT, "name": TEXT, "severity": one_of("error", "warning"), "message": TEXT,
        "help": maybe(TEXT), "path": TEXT, "line": WHOLE, "column": WHOLE, "end_column": WHOLE,
    }
)  # fmt: skip
REVISION: Final = mapping(
    {
        "reference": TEXT, "commit": maybe(TEXT), "dirty": FLAG, "author": maybe(TEXT),
        "subject": maybe(TEXT), "approvers": many(TEXT),
    }
)  # fmt: skip
OBJECT: Final = mapping({"kind": TEXT, "name": TEXT})
KINDS: Final = ("credentials", "deployments", "keys")

_FINDING = mapping(
    {**{name: DIAGNOSTIC["properties"][name] for name in DIAGNOSTIC["required"]}, "snippet": TEXT}
)
_RESULT = mapping(
    {"action": TEXT, "object": OBJECT, "status": TEXT, "message": TEXT, "seconds": NUMBER}
)
_HELD = mapping({"action": TEXT, "object": OBJECT, "waits_for": many(OBJECT)})
_REFUSED = mapping(
    {
        "code": TEXT,
        "object": OBJECT,
        "message": TEXT,
        "help": TEXT,
        "scope": one_of("plan", "object"),
    }
)
_LINE = mapping(
    {
        "number": WHOLE, "at": TIME, "kind": TEXT, "turn": TEXT, "revision": TEXT,
        "commit": maybe(TEXT), "author": maybe(TEXT), "approvers": many(TEXT),
        "plan": maybe(TEXT), "object": maybe(TEXT), "body": named(ANY), "previous": TEXT,
        "hash": TEXT,
    }
)  # fmt: skip
_STATE_THEN = mapping(
    {
        "object": OBJECT, "rows": many(named(ANY)), "entry": _LINE, "same_now": FLAG,
        "rows_now": many(named(ANY)),
        "differences": many(mapping({"path": TEXT, "then": ANY, "now": ANY})),
    }
)  # fmt: skip
_BUDGET_SPEND = mapping(
    {
        "name": TEXT, "apps": many(TEXT), "spent_aud": AMOUNT, "cap_aud": maybe(AMOUNT),
        "percent": maybe(WHOLE), "calls": WHOLE, "estimated_aud": AMOUNT,
        "estimated_calls": WHOLE,
        "forecast": maybe(mapping({
            "cap_reached": TEXT, "earliest": maybe(DAY), "likely": maybe(DAY),
            "latest": maybe(DAY), "aud_per_day": maybe(AMOUNT), "days": WHOLE,
            "month_end_aud": mapping({
                "low": maybe(AMOUNT), "middle": maybe(AMOUNT), "high": maybe(AMOUNT)
            }),
        })),
    }
)  # fmt: skip
_PART_SPEND = mapping({"name": TEXT, "spent_aud": AMOUNT, "calls": WHOLE})
_TOTAL_SPEND = mapping(
    {"spent_aud": AMOUNT, "calls": WHOLE, "estimated_aud": AMOUNT, "estimated_calls": WHOLE}
)
_COMPILED = mapping(
    {
        "declared_in": TEXT, "handle": TEXT, "fields": named(ANY), "adopt": FLAG,
        "reset_spend?": FLAG, "secrets": named(TEXT), "deliver": maybe(mapping({"file": TEXT})),
    }
)  # fmt: skip
_APPROVAL = mapping({"change": TEXT, "object": OBJECT, "owner": TEXT, "reason": TEXT})
_STEP = mapping(
    {
        "name": TEXT, "title": TEXT, "status": one_of("passed", "failed", "skipped"),
        "facts": many(TEXT), "seconds": NUMBER,
    }
)  # fmt: skip
_REPRICED = maybe(
    mapping(
        {
            "since": DAY, "until": DAY, "days_with_calls": WHOLE, "total_aud": pair(AMOUNT),
            "apps": many(mapping({"app": TEXT, "calls": WHOLE, "aud": pair(AMOUNT)})),
            "unpriced": many(TEXT),
        }
    )
)  # fmt: skip
_EDIT = mapping(
    {
        "kind": TEXT, "name": TEXT, "edit": TEXT, "place": PLACE,
        "fields": many(mapping({"path": TEXT, "before": ANY, "after": ANY})),
    }
)  # fmt: skip
_ALIAS_IMPACT = mapping(
    {
        "name": TEXT, "edit": TEXT, "place": PLACE, "apps": many(TEXT), "provider": pair(TEXT),
        "vendor": pair(TEXT), "model": pair(TEXT), "mode": pair(TEXT), "billing": pair(TEXT),
        "capabilities_lost": many(TEXT), "capabilities_gained": many(TEXT),
        "context_window_tokens": pair(WHOLE), "max_output_tokens": pair(WHOLE),
        "embedding_dimensions": pair(WHOLE), "prices": named(pair(TEXT)),
        "gaps": many(mapping({"app": TEXT, "need": TEXT})), "repriced": _REPRICED,
    }
)  # fmt: skip
_APP_IMPACT = mapping(
    {
        "name": TEXT, "owner": TEXT, "edit": maybe(TEXT), "through": many(TEXT),
        "aliases_lost": many(TEXT), "aliases_gained": many(TEXT), "keys_lost": many(TEXT),
        "keys_gained": many(TEXT), "aud": maybe(pair(AMOUNT)), "stops": maybe(TEXT),
    }
)  # fmt: skip
_REACH = mapping(
    {
        "reach": TEXT, "days": WHOLE, "earliest": maybe(DAY), "likely": maybe(DAY),
        "latest": maybe(DAY),
    }
)  # fmt: skip
_BUDGET_IMPACT = mapping(
    {
        "name": TEXT, "apps": many(TEXT), "monthly_aud": pair(AMOUNT), "uplift": pair(TEXT),
        "spent_aud": maybe(AMOUNT), "stops_at_once": FLAG, "reach": maybe(pair(_REACH)),
    }
)  # fmt: skip
_UPTIME = mapping(
    {
        "effect": TEXT, "because": many(TEXT), "seconds": maybe(NUMBER),
        "allowed_s": maybe(NUMBER), "used_s": maybe(NUMBER), "left_s": maybe(NUMBER),
        "watched_since": maybe(DAY),
    }
)  # fmt: skip
_CONSENT = mapping(
    {
        "change": TEXT, "object": OBJECT, "why": TEXT, "given_by": maybe(TEXT),
        "reason": maybe(TEXT),
    }
)  # fmt: skip
_LIVE = mapping(
    {
        "revision": maybe(REVISION), "taken_at": TIME, "age_s": WHOLE, "digest": TEXT,
        "litellm": maybe(TEXT), "traffic_days": maybe(WHOLE), "has_spend": FLAG,
    }
)  # fmt: skip

SHAPES: Final[Mapping[str, Mapping[str, Shape]]] = {
    "alias-card": {
        "alias": TEXT,
        "target": mapping({"provider": TEXT, "vendor": TEXT, "model": TEXT}),
        "card": named(ANY),
    },
    "failed-calls": {
        "month": TEXT,
        "failed_calls": WHOLE,
        "rows": many(mapping({
            "app": TEXT, "alias": TEXT, "deployment": TEXT, "outcome": TEXT, "calls": WHOLE,
        })),
    },
    "findings": {"errors": WHOLE, "warnings": WHOLE, "left_out?": WHOLE, "diagnostics": many(_FINDING)},
    "log": {"lines": many(_LINE)},
    "log-line": _LINE["properties"],
    "log-verdict": {
        "ok": FLAG, "entries": WHOLE, "head": TEXT, "broken": maybe(WHOLE), "fault": maybe(TEXT),
        "detail": TEXT, "holds_head": maybe(FLAG),
    },
    "manifest": {
        "compiler": TEXT,
        "revision": REVISION,
        "gateway": mapping({"name": TEXT, "url": TEXT, "litellm_version": TEXT}),
        "exchange": mapping({"usd_per_aud": AMOUNT, "as_of": DAY, "source": TEXT}),
        "counts": mapping(dict.fromkeys(KINDS, WHOLE)),
        "config_digest?": TEXT,
        "digests": named(TEXT),
    },
    "notice": {
        "id": TEXT, "topic": TEXT, "at": TIME, "title": TEXT, "lines": many(TEXT),
        "commit": maybe(TEXT), "gateway": TEXT, "turn": TEXT, "quiet": FLAG,
    },
    "objects": {"approvals": many(_APPROVAL), **dict.fromkeys(KINDS, named(_COMPILED))},
    "outcome": {"ok": FLAG, "plan": TEXT, "revision": REVISION, "results": many(_RESULT), "refusals": many(_REFUSED), "held": many(_HELD)},
    "probes": {
        "gateway": TEXT, "all_work": FLAG, "aud": maybe(AMOUNT), "aud_per_month": maybe(AMOUNT),
        "findings": many(mapping({
            "alias": TEXT, "variant": TEXT, "verdict": TEXT, "works": FLAG, "told": TEXT,
            "help": TEXT, "seconds": NUMBER, "aud": maybe(AMOUNT), "by_ledger": FLAG,
        })),
    },
    "rehearsal": {
        "passed": FLAG, "revision": REVISION, "gateway": TEXT, "declared": named(WHOLE),
        "seconds": NUMBER, "steps": many(_STEP),
    },
    "review": {
        "ok": FLAG, "gateway": TEXT, "base": REVISION, "head": REVISION,
        "findings": many(DIAGNOSTIC), "edits": many(_EDIT), "aliases": many(_ALIAS_IMPACT),
        "apps": many(_APP_IMPACT), "budgets": many(_BUDGET_IMPACT), "usd_per_aud": pair(AMOUNT),
        "repriced": _REPRICED, "uptime": maybe(_UPTIME), "approvals": many(_CONSENT),
        "plan": maybe({"$ref": "#/$defs/Plan"}), "live": maybe(_LIVE), "unknown": many(TEXT),
    },
    "spend": {
        "month": TEXT, "timezone": TEXT, "at": TIME, "total": _TOTAL_SPEND,
        "by": one_of("budget", "app", "alias", "provider"),
        "rows": many({"anyOf": [_BUDGET_SPEND, _PART_SPEND]}),
    },
    "state-at": {
        "at": TIME, "applied": maybe(_LINE), "objects": many(_STATE_THEN), "came": many(OBJECT),
    },
}  # fmt: skip
"""The fields of each document beside `format` and `version`."""
