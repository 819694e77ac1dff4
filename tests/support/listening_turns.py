"""Turns as a controller would end them, for tests of what is told."""

from datetime import timedelta
from typing import Any

from aspire_gitops.planning import Action, Cause, Change, FieldChange, Plan
from aspire_gitops.state import Kind, ObjectKey
from aspire_gitops.status.value import (
    Answer,
    Drifted,
    FlappingField,
    Hold,
    HoldKind,
    Standing,
    Turn,
)
from aspire_gitops.vocabulary import Diagnostic, Revision, Rule, Span
from support.listening_notices import NOON

A = Revision("main", "a" * 40, author="Ada", subject="Swap qwen", approvers=("Bob",))
B = Revision("main", "b" * 40, author="Bob", subject="Mend it")
KEY = ObjectKey(Kind.DEPLOYMENT, "qwen")
FREEZE = Hold(HoldKind.FREEZE, "ada", "quarter end", NOON, NOON + timedelta(hours=2))
SUSPEND = Hold(HoldKind.SUSPEND, "bob", "looking into it", NOON)
REVERT = Hold(HoldKind.REVERT, "ada", "B is slow", NOON, NOON + timedelta(hours=1), "a" * 40)
MISTAKE = Diagnostic(
    Rule("AG201", "unknown-provider"), Span("gateway.d/a.yaml", 7, 13), "provider unknown"
)


def drifted(name: str = "deployment/qwen", answer: Answer = Answer.HEALED, *fields: str) -> Drifted:
    return Drifted(name, fields or ("litellm_params.model",), answer)


def flap(name: str = "deployment/qwen", path: str = "litellm_params.model") -> FlappingField:
    return FlappingField(name, path, 3, NOON, NOON + timedelta(minutes=1))


def plan(*actions: Action, cause: Cause = Cause.GIT, **more: Any) -> Plan:
    field = FieldChange("litellm_params.model", "old", "new", cause)
    changes = tuple(Change(action, KEY, (field,)) for action in actions)
    values: dict[str, Any] = {"gateway_name": "aspire", "gateway_url": "http://gateway.test"}
    values |= {"revision": str(A), "owner": "o", "based_on": "sha256:0", "changes": changes}
    return Plan(**(values | more))


def turn(number: int, standing: Standing = Standing.READY, **more: Any) -> Turn:
    """Return a turn that found everything as A says, unless told otherwise."""
    values: dict[str, Any] = {
        "id": f"t{number}",
        "causes": ("interval",),
        "started_at": NOON + timedelta(minutes=number),
        "duration_s": 1.0,
        "standing": standing,
        "reason": "the gateway matches main@aaaaaaa",
        "wanted": A,
        "applied": A,
        "plan": plan(),
    }
    return Turn(**(values | more))


def stalled(number: int, reason: str = "no key", **more: Any) -> Turn:
    return turn(number, Standing.STALLED, **({"reason": reason, "plan": None} | more))


def waiting(number: int, **more: Any) -> Turn:
    return turn(number, Standing.WAITING, **({"reason": "no answer", "plan": None} | more))


def applied(number: int, revision: Revision = A, changes: int = 2, **more: Any) -> Turn:
    values: dict[str, Any] = {
        "wanted": revision,
        "applied": revision,
        "reason": "applied it",
        "plan": plan(*[Action.UPDATE] * changes),
        "counts": {"applied": changes} if changes else {},
    }
    return turn(number, **(values | more))
