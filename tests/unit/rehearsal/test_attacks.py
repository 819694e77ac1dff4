"""The attacks are data: each has a name of its own, and says exactly what is sent."""

import json
from typing import Any

import pytest

from aspire_gitops.rehearsal.attacks import Attack, AttackKind, Names, all_attacks, sample
from aspire_gitops.rehearsal.attacks.values import (
    CALL_TYPES,
    CHAT,
    EDITS,
    MESSAGES,
    body_of,
    digest,
    http_call,
)
from aspire_gitops.rehearsal.calling import received_from
from aspire_gitops.sandbox import UpstreamCall

NAMES = Names("chat", "other", "gw.zeta", "http://127.0.0.1:9/elsewhere/v1")
ATTACKS = all_attacks()


def test_each_attack_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", AttackKind)
def test_each_kind_is_played_on_every_call_type_it_fits(kind: AttackKind) -> None:
    played = {attack.call.path for attack in ATTACKS if attack.kind is kind}
    assert played == {call.path for call in CALL_TYPES}


def test_the_sample_has_every_kind_and_no_name_that_is_gone() -> None:
    assert {attack.kind for attack in sample()} == set(AttackKind)
    assert len(sample()) >= 25


def test_every_attack_can_be_sent() -> None:
    for attack in ATTACKS:
        sent = http_call(attack, NAMES, "sk-1")
        written = sent.path + json.dumps(dict(sent.headers)) + sent.content[:5000].decode()
        for name in ("alias", "other", "credential", "elsewhere"):
            assert f"{{{name}}}" not in written, attack.name


def sent(**change: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(http_call(Attack(**change), NAMES, "sk-1").content)
    return found


def test_a_change_is_merged_into_the_honest_body() -> None:
    body = sent(kind=AttackKind.BOUND, title="t", call=CHAT, change={"n": 2}, drop=("max_tokens",))
    assert body == {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "n": 2}


def test_names_are_filled_in_at_every_depth() -> None:
    body = sent(
        kind=AttackKind.SECRET, title="t", call=CHAT, change={"a": [{"b": "{credential}/{other}"}]}
    )
    assert body["a"] == [{"b": "gw.zeta/other"}]


def test_a_raw_body_is_sent_as_it_is() -> None:
    attack = Attack(AttackKind.INPUT, "t", CHAT, raw='{"model": "{alias}", "model": "{other}"}')
    assert http_call(attack, NAMES, "k").content == b'{"model": "chat", "model": "other"}'


def test_a_key_makes_room_for_the_callers_own_authorization() -> None:
    plain = http_call(Attack(AttackKind.HONEST, "t", CHAT), NAMES, "sk-1")
    assert plain.headers["authorization"] == "Bearer sk-1"
    own = Attack(AttackKind.SECRET, "t", CHAT, headers={"authorization": "Bearer x"})
    found = http_call(own, NAMES, "sk-1").headers
    assert (found["authorization"], found["x-litellm-api-key"]) == ("Bearer x", "Bearer sk-1")


def test_a_form_has_fields_and_a_file() -> None:
    found = http_call(Attack(AttackKind.BOUND, "t", EDITS, {"n": 10}), NAMES, "sk-1")
    assert (found.fields["n"], list(found.files), found.content) == ("10", ["image"], b"")


def test_padding_makes_the_prompt_longer() -> None:
    body = body_of(Attack(AttackKind.INPUT, "t", MESSAGES, padding=100), NAMES)
    assert body["messages"] == [{"role": "user", "content": "x" * 100}]


def test_a_digest_changes_with_an_attack_and_with_the_guard() -> None:
    before = digest(ATTACKS, "guard")
    assert digest(ATTACKS[1:], "guard") != before
    assert digest(ATTACKS, "another guard") != before
    assert digest(all_attacks(), "guard") == before


def test_litellm_looking_up_a_providers_models_is_no_call() -> None:
    def received(path: str, body: object) -> UpstreamCall:
        return UpstreamCall(at=0, provider="acme", path=path, model=None, headers={}, body=body)

    lookup = received("/acme/v1/models", {})
    unread = received("/acme/v1/chat/completions", None)
    disguised = received("/acme/v1/models", {"model": "m"})
    counted = received_from([lookup, unread, disguised])
    assert [(one.path, one.unread) for one in counted] == [
        ("/acme/v1/chat/completions", True),
        ("/acme/v1/models", False),
    ]
