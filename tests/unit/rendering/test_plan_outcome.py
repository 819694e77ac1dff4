"""What an apply did, as people and machines read it."""

import json

from inline_snapshot import snapshot

from aspire_gitops.applying import Outcome, Result, Status
from aspire_gitops.applying.outcome_text import outcome_json, outcome_summary, outcome_text
from aspire_gitops.planning import Action, Change
from aspire_gitops.state import Kind, ObjectKey

CREDENTIAL = Change(Action.CREATE, ObjectKey(Kind.CREDENTIAL, "acme"))
CHAT = Change(Action.UPDATE, ObjectKey(Kind.DEPLOYMENT, "chat"))
SHOP = Change(Action.DELETE, ObjectKey(Kind.KEY, "shop.main"))
MIXED = Outcome(
    "4f2c9d1a0b3c",
    "main@sha1:4f2c9d1",
    (
        Result(CREDENTIAL, Status.APPLIED, duration_s=0.125),
        Result(CHAT, Status.FAILED, "no answer\x1b[2K", 2.5),
        Result(SHOP, Status.SKIPPED, "not tried: update deployment/chat failed"),
    ),
)
DONE = Outcome("4f2c9d1a0b3c", "main@sha1:4f2c9d1", MIXED.results[:1])


def test_text() -> None:
    assert outcome_text(MIXED).plain == snapshot("""\
  applied  + create   credential/acme  0.12 s
  failed   ~ update   deployment/chat  2.50 s
           no answer\\x1b[2K
  skipped  - delete   key/shop.main
           not tried: update deployment/chat failed

3 changes: 1 applied, 1 failed, 1 skipped. Fix the cause and run `apply` again; it resumes where it stopped.
""")


def test_what_is_done_needs_no_advice() -> None:
    assert outcome_summary(DONE).plain == "1 change: 1 applied."


def test_nothing_to_do() -> None:
    assert outcome_summary(Outcome("x", "y", ())).plain == "Nothing to do."


def test_json() -> None:
    found = json.loads(outcome_json(MIXED))
    assert found == snapshot(
        {
            "format": "aspire-gitops/outcome",
            "held": [],
            "ok": False,
            "plan": "4f2c9d1a0b3c",
            "refusals": [],
            "results": [
                {
                    "action": "create",
                    "message": "",
                    "object": {"kind": "credential", "name": "acme"},
                    "seconds": 0.125,
                    "status": "applied",
                },
                {
                    "action": "update",
                    "message": "no answer\x1b[2K",
                    "object": {"kind": "deployment", "name": "chat"},
                    "seconds": 2.5,
                    "status": "failed",
                },
                {
                    "action": "delete",
                    "message": "not tried: update deployment/chat failed",
                    "object": {"kind": "key", "name": "shop.main"},
                    "seconds": 0,
                    "status": "skipped",
                },
            ],
            "revision": {
                "approvers": [],
                "author": None,
                "commit": "4f2c9d1",
                "dirty": False,
                "reference": "main",
                "subject": None,
            },
            "version": 1,
        }
    )
