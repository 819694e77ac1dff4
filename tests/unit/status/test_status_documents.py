"""The status in the form that leaves the program: complete, safe to show, without secrets."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.planning import Action, Change, Plan
from aspire_gitops.state import GatewayObject, Kind, ObjectKey
from aspire_gitops.status.document import StatusDocument, TurnDocument
from aspire_gitops.status.document_builder import SHOWN, status_document, turn_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import Status, Turn
from aspire_gitops.vocabulary import Diagnostic, Rule, Span
from support.statuses import STATUSES, hostile, ready, stalled, swap_plan, turn

ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
_ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


@given(ANYTHING)
def test_no_character_in_it_acts(text: str) -> None:
    found = texts(status_document(hostile(text)).model_dump())
    assert not [
        t for t in found for c in t if c not in "\n\t" and unicodedata.category(c) in _ACTING
    ]


@given(ANYTHING)
def test_it_reads_back_the_same(text: str) -> None:
    made = status_document(hostile(text))
    assert StatusDocument.model_validate_json(made.model_dump_json()) == made


def test_half_a_character_does_not_stop_it() -> None:
    broken = replace(ready(), reason="\ud800", unmanaged=("key/\udfff",))
    assert "\\\\ud800" in status_document(broken).model_dump_json()


def test_a_newer_controller_can_be_asked() -> None:
    newer = status_document(ready()).model_dump() | {"mood": "sunny"}
    assert StatusDocument.model_validate(newer) == status_document(ready())


def test_what_a_controller_of_another_format_says_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        StatusDocument.model_validate(status_document(ready()).model_dump() | {"version": 3})


_SHOWN_OTHERWISE = {  # the document keeps the names that its readers know
    "version": "program_version",
    "holds": "brakes",
    "flapping": "fights",
    "unmanaged": "foreign",
    "problem": "reason",  # a part of it
    "is_overdue": "standing",
    "blames_commit": "standing",  # notices tell it by their topic
    "gateway_name": "gateway",
    "gateway_url": "gateway",
    "litellm_version": "gateway",
}


def test_every_field_of_a_status_is_told() -> None:
    told = set(StatusDocument.model_fields) - {"format", "version"} | {"timezone"}  # the gateway's
    assert told == {_SHOWN_OTHERWISE.get(name, name) for name in Status.__dataclass_fields__}


def test_every_field_of_a_turn_is_told() -> None:
    told = set(TurnDocument.model_fields) - {"planned"}
    assert told == {_SHOWN_OTHERWISE.get(name, name) for name in Turn.__dataclass_fields__}


def test_a_long_plan_is_cut_and_counted() -> None:
    change = swap_plan().changes[-1]
    made = status_document(replace(ready(), pending=replace(swap_plan(), changes=(change,) * 999)))
    assert made.pending
    assert (len(made.pending.changes), made.pending.total) == (SHOWN, 999)


PLANTED = "sk-planted-secret-41c7"


def with_planted_secrets() -> Status:
    """Return a status with secrets in every place of a plan and a diagnostic that is not for show."""
    key = ObjectKey(Kind.DEPLOYMENT, "chat")
    secret = GatewayObject(key, "chat", {"litellm_params.api_key": PLANTED}, address="gw.chat.1")
    plan = Plan(
        revision="main",
        gateway_name="aspire",
        gateway_url="https://llm.aspiredigital.group",
        owner="aspire-gitops",
        based_on="sha256:0",
        changes=(Change(Action.DELETE, key, before=secret, after=secret),),
    )
    found = Diagnostic(
        Rule("AG304", "literal-secret"),
        Span("gateway.d/providers/acme.yaml", 6, 9, 30, f"  credential: {PLANTED}"),
        "the credential is written into the file",
        "put it into a variable, and its name here",
    )
    last = turn(plan=plan, diagnostics=(found,))
    return replace(stalled(), pending=plan, turns=(last,))


def test_no_secret_of_an_object_or_a_file_is_told() -> None:
    made = status_document(with_planted_secrets())
    shown = [made.model_dump_json(), status_page(made), status_text(made).plain]
    assert not [text for text in shown if PLANTED in text]
    assert "AG304" in shown[1]


@pytest.mark.parametrize("name", STATUSES)
def test_a_turn_alone_is_as_in_the_status(name: str) -> None:
    status = STATUSES[name]
    assert status_document(status).turns == tuple(map(turn_document, status.turns))
