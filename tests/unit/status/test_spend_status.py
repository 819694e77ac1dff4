"""Spend beside everything else: on the page, in the terminal, in the metrics; absent without a ledger."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.spend import OwnSpend, Verdict
from aspire_gitops.state import Kind, ObjectKey
from aspire_gitops.status.document import StatusDocument
from aspire_gitops.status.document_builder import status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import SpendReport, Status
from support.statuses import SPEND, ready

WITHOUT = replace(ready(), spend=None)
AWAY = replace(ready(), spend=replace(SPEND, problem="the ledger cannot answer; try again"))
BEFORE = replace(ready(), spend=SpendReport())


def terminal(status: Status) -> str:
    return status_text(status_document(status)).plain


def page(status: Status) -> str:
    return status_page(status_document(status))


def metrics(status: Status) -> list[str]:
    return Metrics().text(status).decode().splitlines()


def test_the_terminal_shows_each_budget_beside_its_cap() -> None:
    lines = [" ".join(line.split()) for line in terminal(ready()).splitlines()]
    outlook = "cap reached: about 28 Nov (27 Nov to 29 Nov)"
    assert f"knowledge-os 151.20 AUD 84 % of 180.00 AUD {outlook}" in lines


def test_without_a_ledger_the_page_says_so() -> None:
    assert "No ledger is set." in page(WITHOUT)


def test_without_a_ledger_the_terminal_says_nothing_of_spend() -> None:
    assert "Spend" not in terminal(WITHOUT)


def test_without_a_ledger_there_are_no_metrics_of_spend() -> None:
    assert not [line for line in metrics(WITHOUT) if "_spend_" in line or "_ledger_" in line]


@pytest.mark.parametrize("show", [page, terminal])
def test_a_ledger_that_does_not_answer_shows_what_it_said_last(show: object) -> None:
    assert callable(show)
    text = show(AWAY)
    assert "he ledger cannot answer; try again" in text
    assert "151.20" in text


def test_before_the_ledger_answered_nothing_is_made_up() -> None:
    assert "Spend not known yet" in terminal(BEFORE)


def test_the_metrics_of_a_budget() -> None:
    found = [line for line in metrics(ready()) if 'budget="knowledge-os"' in line]
    assert found[:2] == [
        'aspire_gitops_spend_aud{budget="knowledge-os"} 151.2046',
        'aspire_gitops_spend_cap_aud{budget="knowledge-os"} 180.0',
    ]
    assert found[2].startswith('aspire_gitops_spend_forecast_aud{budget="knowledge-os"} ')


@pytest.mark.parametrize(("status", "expected"), [(ready(), 1), (AWAY, 0), (BEFORE, 0)])
def test_whether_the_ledger_answers(status: Status, expected: int) -> None:
    assert f"aspire_gitops_ledger_up {expected}.0" in metrics(status)


def test_a_status_of_an_older_controller_can_be_read() -> None:
    old = status_document(ready()).model_dump(mode="json")
    del old["spend"]
    assert StatusDocument.model_validate(old).spend is None


# ── LiteLLM's own spend ──────────────────────────────────────────────────────


def unlike(litellm: str, ledger: str, verdict: Verdict) -> Status:
    key = ObjectKey(Kind.KEY, "shop.main")
    one = OwnSpend(key, "ab" * 32, Decimal(litellm), Decimal(ledger), Decimal(100), verdict)
    return replace(ready(), spend=replace(SPEND, unlike=(one,)))


@pytest.mark.parametrize("show", [page, terminal])
@pytest.mark.parametrize(
    ("litellm", "verdict", "said"),
    [
        pytest.param(
            "812.4",
            Verdict.HIGH,
            "LiteLLM counts 812.40 USD this month, the ledger has 3.25 USD: LiteLLM refuses the app"
            " at 100.00 USD although it has money left.",
            id="too high",
        ),
        pytest.param("0", Verdict.LOW, "the backstop at 100.00 USD is blind", id="blind"),
        pytest.param("1e300", Verdict.HIGH, "LiteLLM counts 1.000e+300 USD", id="absurd"),
        pytest.param("-1e300", Verdict.LOW, "LiteLLM counts -1.000e+300 USD", id="below zero"),
    ],
)
def test_a_key_of_which_the_two_disagree_is_shown(
    show: object, litellm: str, verdict: Verdict, said: str
) -> None:
    assert callable(show)
    text = " ".join(show(unlike(litellm, "3.25", verdict)).split())
    assert said in text
    assert "key/shop.main" in text


def test_who_may_go_on_refusing_is_said() -> None:
    shown = " ".join(terminal(unlike("812.4", "3.25", Verdict.HIGH)).split())
    assert "another proxy process without Redis may go on refusing for ten minutes" in shown


@pytest.mark.parametrize(("verdict", "other"), [("high", "low"), ("low", "high")])
def test_such_keys_are_counted_by_verdict(verdict: str, other: str) -> None:
    lines = metrics(unlike("812.4", "3.25", Verdict(verdict)))
    name = "aspire_gitops_own_spend_unlike_keys"
    assert f'{name}{{verdict="{verdict}"}} 1.0' in lines
    assert f'{name}{{verdict="{other}"}} 0.0' in lines


def test_an_older_controller_says_nothing_of_own_spend() -> None:
    found = status_document(unlike("812.4", "3.25", Verdict.HIGH)).model_dump(mode="json")
    assert found["spend"].pop("unlike")
    read = StatusDocument.model_validate(found)
    assert read.spend
    assert read.spend.unlike == ()
