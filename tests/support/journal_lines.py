"""Lines for a journal, and journals on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aspire_gitops.journal import Draft, EntryKind
from aspire_ledger.canonical import JsonValue

NOON = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # noon in Sydney
COMMIT = "4f2c9d1e" + "0" * 32
LATER_COMMIT = "b7d00aa1" + "1" * 32
JANE, BOB = "Jane Roe <jane@example.com>", "Bob Poe <bob@example.com>"


def draft(
    kind: EntryKind = EntryKind.TURN,
    *,
    minute: float = 0,
    commit: str | None = COMMIT,
    approvers: Sequence[str] = (BOB,),
    **more: Any,
) -> Draft:
    """Return a line of that minute after noon; `more` goes into the draft."""
    values: dict[str, Any] = {
        "turn": "t1",
        "revision": f"main@sha1:{commit}" if commit else "folder",
        "author": JANE,
        **more,
    }
    at = NOON + timedelta(minutes=minute)
    return Draft(kind, at, commit=commit, approvers=tuple(approvers), **values)


def result(name: str, state: JsonValue, *, status: str = "applied", **more: Any) -> Draft:
    """Return what became of one change."""
    body: dict[str, JsonValue] = {
        "action": "update" if state else "delete",
        "status": status,
        "message": "" if status == "applied" else "the gateway said no",
        "duration_s": 0.42,
    }
    if status == "applied":
        body["state"] = state
    return draft(EntryKind.RESULT, object=name, plan="0a1b2c3d4e5f", body=body, **more)


def observed(name: str, state: JsonValue, *, by: str | None = "admin", **more: Any) -> Draft:
    """Return what was found on the gateway though no result says so."""
    body: dict[str, JsonValue] = {"state": state, "by": by, "since": None}
    return draft(EntryKind.OBSERVED, object=name, body=body, **more)


def applied(**more: Any) -> Draft:
    """Return that a revision is live as a whole."""
    return draft(EntryKind.APPLIED, body={"subject": "Swap the vision provider"}, **more)


def deployment(
    name: str = "qwen-vision", *, provider: str = "cloud-first", model: str = "qwen3-vl"
) -> JsonValue:
    return {
        "handle": name,
        "address": f"gw.{name}.1",
        "fields": {
            "litellm_params.model": f"openai/{model}",
            "litellm_params.litellm_credential_name": f"gw.{provider}",
            "litellm_params.input_cost_per_token": 4e-07,
            "litellm_params.output_cost_per_token": 1.6e-06,
            "model_info.mode": "chat",
        },
        "mark": mark(name),
    }


def key(
    app: str = "knowledge-os",
    *,
    monthly_aud: str = "180",
    aliases: Sequence[str] = ("qwen-vision",),
) -> JsonValue:
    return {
        "handle": f"{app}.main",
        "address": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "fields": {
            "models": list(aliases),
            "max_budget": 117.216,
            "budget_duration": "1mo",
            "rpm_limit": 120,
            "metadata.app": app,
            "metadata.owner": "platform@example.com",
            "metadata.budget": app,
            "metadata.monthly_aud": monthly_aud,
        },
        "mark": mark(f"{app}.main"),
    }


def mark(name: str) -> JsonValue:
    return {
        "owner": "aspire-gitops",
        "name": name,
        "fields": ["litellm_params.model"],
        "digest": "sha256:" + "a" * 64,
        "revision": f"main@sha1:{COMMIT}",
    }
