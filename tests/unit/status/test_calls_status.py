"""What calls did, beside spend: on the page, in the terminal, in the metrics and in the JSON."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from aspire_gitops.server.metrics import Metrics
from aspire_gitops.spend import PriceDifferences
from aspire_gitops.spend.calls import AliasFailures, AppParameter, CallReport
from aspire_gitops.status import figures
from aspire_gitops.status.document import StatusDocument
from aspire_gitops.status.document_builder import calls_document, status_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import Status
from support.statuses import CALLS, ready

Show = Callable[[Status], str]


def status(**changes: object) -> Status:
    return replace(ready(), calls=replace(CALLS, **changes))  # type: ignore[arg-type]  # its fields


def terminal(status: Status) -> str:
    return " ".join(status_text(status_document(status)).plain.split())


def page(status: Status) -> str:
    return " ".join(status_page(status_document(status)).split())


def metrics(status: Status) -> list[str]:
    return Metrics().text(status).decode().splitlines()


QUIET = status(failures=(), parameters=(), prices=PriceDifferences())
UNKNOWN = status(
    failures=None, parameters=None, prices=None, problem="failed calls are not known: no right"
)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Calls 17 Nov to 23 Nov, as of 3 min ago", id="which days, and when"),
        pytest.param("failed qwen-vision 429 1,204 31 today", id="a failed alias"),
        pytest.param("not listed knowledge-os enable_thinking passed 2,310 calls to qwen-vision", id="a parameter"),
        pytest.param("2 calls of November 2026 are priced differently from LiteLLM", id="how many"),
        pytest.param("gpt-4o-eu: booked 0.4125 USD, LiteLLM 0.0825 USD chatcmpl-7f2c", id="the worst"),
        pytest.param("embed-small: booked 0.0000213 USD, LiteLLM 0.00 USD", id="a part of a cent"),
        pytest.param("2.10 AUD of it estimated", id="an estimate"),
    ],
)  # fmt: skip
def test_the_terminal_says(said: str) -> None:
    assert said in terminal(ready())


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Failed calls, 17 Nov to 23 Nov", id="failed calls"),
        pytest.param('<code>qwen-vision</code></th><td data-label="Outcome">429</td>', id="one"),
        pytest.param("Parameters that no reviewed file lists, 17 Nov to 23 Nov", id="parameters"),
        pytest.param('<code>guided_json</code><br><span class="soft">to claude-sonnet, qwen-vision</span></td><td data-label="Outcome">passed</td>', id="another"),
        pytest.param("2 calls of November 2026 are priced differently from LiteLLM", id="how many"),
        pytest.param("<b>0.0000213</b>", id="a part of a cent"),
        pytest.param("2.10 AUD of it estimated", id="an estimate"),
    ],
)  # fmt: skip
def test_the_page_says(said: str) -> None:
    assert said in page(ready())


def test_where_all_is_well_the_terminal_is_silent_and_the_page_says_so() -> None:
    assert "Calls" not in terminal(QUIET)
    assert "Nothing failed, nothing was unlisted, and prices agree, 17 Nov to 23 Nov." in page(
        QUIET
    )


@pytest.mark.parametrize("show", [page, terminal])
def test_what_is_not_known_is_said(show: Show) -> None:
    text = show(UNKNOWN)
    assert "ot everything is known" in text
    assert "Failed calls are not known: no right." in text
    assert "Nothing failed" not in text


def test_before_the_ledger_answered_and_without_one() -> None:
    before, without = (replace(ready(), calls=None), replace(ready(), calls=None, spend=None))
    assert "Calls</h2>" in page(before)
    assert [page(one).count("No ledger is set.") for one in (before, without)] == [0, 2]


@pytest.mark.parametrize("show", [page, terminal])
def test_long_lists_are_cut_and_counted(show: Show) -> None:
    failures = tuple(AliasFailures(f"alias-{n:03}", "5xx", 1000 - n, 1) for n in range(300))
    text = show(status(failures=failures))
    assert ("alias-009" in text, "alias-010" in text) == (True, False)
    assert "nd 290 more" in text


def test_an_app_that_invents_names_does_not_push_the_others_out() -> None:
    noise = tuple(AppParameter("noisy", f"name-{n}", "refused", 99) for n in range(500))
    other = AppParameter("shop", "top_k", "refused", 1)
    made = status_document(status(parameters=(*noise, other))).calls
    assert made
    assert made.unlisted_parameters
    assert [row.app for row in made.unlisted_parameters] == ["noisy"] * 20 + ["shop"]
    assert made.parameter_rows == 501


@pytest.mark.parametrize(
    "line",
    [
        'aspire_gitops_failed_calls{alias="qwen-vision",outcome="429"} 31.0',
        'aspire_gitops_failed_calls{alias="claude-sonnet",outcome="timeout"} 0.0',
        'aspire_gitops_unlisted_parameters{app="knowledge-os",outcome="passed"} 2358.0',
        'aspire_gitops_unlisted_parameters{app="postiz",outcome="removed"} 9.0',
        "aspire_gitops_price_differences 2.0",
        'aspire_gitops_estimated_aud{budget="knowledge-os"} 2.1',
        'aspire_gitops_estimated_aud{budget="media"} 0.0',
    ],
)
def test_the_metrics_say(line: str) -> None:
    assert line in metrics(ready())


def test_a_name_chosen_by_a_caller_is_not_a_label() -> None:
    assert "enable_thinking" not in "\n".join(metrics(ready()))


def test_what_is_unknown_is_not_zero_in_the_metrics() -> None:
    names = ("failed_calls", "unlisted_parameters", "price_differences")
    assert not [line for line in metrics(UNKNOWN) if any(name in line for name in names)]


def test_labels_are_bounded_and_lose_no_call() -> None:
    rows = tuple(AliasFailures(f"alias-{n}", "5xx", 1, 1) for n in range(250))
    found = [
        line for line in metrics(status(failures=rows)) if line.startswith("aspire_gitops_failed")
    ]
    assert len(found) == 101
    assert 'aspire_gitops_failed_calls{alias="(others)",outcome="5xx"} 150.0' in found


def test_a_status_of_an_older_controller_can_be_read() -> None:
    old = status_document(ready()).model_dump(mode="json")
    del old["calls"]
    for budget in old["spend"]["budgets"]:
        del budget["estimated_aud"], budget["estimated_calls"]
    read = StatusDocument.model_validate(old)
    assert read.calls is None
    assert "of it estimated" not in status_text(read).plain
    assert "of it estimated" not in status_page(read)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("0.0000213", "0.0000213"),
        ("-0.00999", "-0.00999"),
        ("0.4125", "0.4125"),
        ("1350", "1,350.00"),
        ("1e300", "1.000e+300"),
        ("1e-300", "0.00"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
    ],
)
def test_dollars_have_the_digits_that_matter(amount: str, text: str) -> None:
    assert figures.usd(amount) == text


def test_an_amount_that_is_none_stops_no_document() -> None:
    worst = replace(CALLS.prices.worst[0], reported=Decimal("NaN")) if CALLS.prices else None
    assert worst
    made = status_document(status(prices=PriceDifferences(1, (worst,))))
    assert StatusDocument.model_validate_json(made.model_dump_json()) == made


def test_a_report_without_an_answer_claims_nothing() -> None:
    made = calls_document(CallReport(CALLS.at, "2026-11", CALLS.since, CALLS.until))
    assert (made.failures, made.unlisted_parameters, made.price_differences) == (None,) * 3
