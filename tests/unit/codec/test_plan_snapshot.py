"""A snapshot's file: ours in full, of the others a name, an address and a digest."""

import json
from dataclasses import replace
from pathlib import Path

from inline_snapshot import snapshot

from aspire_gitops.cli.plan import read_snapshot_file
from aspire_gitops.codec.snapshot_writer import snapshot_json
from aspire_gitops.state import GatewayObject, Kind, LiveFallback, Mark, ObjectKey, Snapshot
from support.objects import NOON, OWNER, deployment

OURS = replace(
    deployment(),
    address="gw.chat.1",
    fields={"litellm_params.model": "openai/chat-1", "litellm_params.api_key": "sk-by-hand"},
    mark=Mark(OWNER, "chat", frozenset({"litellm_params.model"}), "sha256:0", "main@sha1:4f2c9d1"),
)
THEIRS = GatewayObject(
    ObjectKey(Kind.KEY, "n8n"), "n8n", {"metadata.token": "sk-of-somebody"}, address="ab" * 32
)
OF_ANOTHER_OWNER = replace(OURS, mark=Mark("other", "x", frozenset(), "sha256:1", "r"))
LIVE = Snapshot(
    "http://gateway.test",
    "1.106.2",
    NOON,
    (THEIRS, OURS, OF_ANOTHER_OWNER),
    (LiveFallback("chat", "general", ("other",)),),
)


def test_the_file() -> None:
    found = json.loads(snapshot_json(LIVE, owner=OWNER))
    assert found == snapshot(
        {
            "digest": "sha256:2cf1a4f0de5725dbe2683563dded5c469bd2d26181134ca36a1161a014116247",
            "fallbacks": [{"alias": "chat", "answers": ["other"], "kind": "general"}],
            "foreign": [
                {
                    "address": "gw.chat.1",
                    "digest": "sha256:157d1373d311687009c421e8652cd6f6472b808506d39c2d2b8fc8f4db6017e8",
                    "handle": "chat",
                    "object": {"kind": "deployment", "name": "chat"},
                },
                {
                    "address": "abababababababababababababababababababababababababababababababab",
                    "digest": "sha256:50fd3216670bde82dbe910ad14a3c054b378b4ba6fd650a42f56fc7a90cdeca8",
                    "handle": "n8n",
                    "object": {"kind": "key", "name": "n8n"},
                },
            ],
            "format": "aspire-gitops/snapshot",
            "gateway": "http://gateway.test",
            "litellm": "1.106.2",
            "objects": [
                {
                    "address": "gw.chat.1",
                    "fields": {
                        "litellm_params.api_key": "set by hand (bc663420)",
                        "litellm_params.model": "openai/chat-1",
                    },
                    "handle": "chat",
                    "mark": {
                        "digest": "sha256:0",
                        "fields": ["litellm_params.model"],
                        "name": "chat",
                        "revision": "main@sha1:4f2c9d1",
                    },
                    "object": {"kind": "deployment", "name": "chat"},
                }
            ],
            "owner": "aspire-gitops",
            "revision": None,
            "taken_at": "2026-11-23T12:00:00+00:00",
            "version": 4,
        }
    )


def test_what_others_set_is_not_in_it() -> None:
    text = snapshot_json(LIVE, owner=OWNER)
    assert [secret for secret in ("sk-by-hand", "sk-of-somebody") if secret in text] == []


def test_the_same_objects_in_another_order_are_the_same_file() -> None:
    turned = replace(LIVE, objects=LIVE.objects[::-1])
    assert snapshot_json(turned, owner=OWNER) == snapshot_json(LIVE, owner=OWNER)


def test_what_is_spent_survives_the_file(tmp_path: Path) -> None:
    """So that a review that holds no credential can tell a cap that is too low."""
    path = tmp_path / "snapshot.json"
    path.write_text(snapshot_json(replace(LIVE, spent={"shops": "76.4"}), owner=OWNER))
    assert read_snapshot_file(path, OWNER).snapshot.spent == {"shops": "76.4"}


def test_a_snapshot_without_a_ledger_says_nothing_about_spend(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(snapshot_json(LIVE, owner=OWNER))
    assert read_snapshot_file(path, OWNER).snapshot.spent == {}
