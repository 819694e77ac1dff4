"""A month's spend in every format. The files beside this one are what people and programs get."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.text import Text

from aspire_gitops.spend import (
    Cap,
    Failures,
    Forecast,
    MonthRecord,
    Part,
    Reach,
    Spend,
    month_named,
    spend_of,
)
from aspire_gitops.spend.failed_calls import FAILURE_FORMATS
from aspire_gitops.spend.statement import Statement, statement_of
from aspire_gitops.spend.statement_markdown import statement_markdown
from aspire_gitops.spend.tables import FORMATS, By, spend_csv, spend_markdown, spend_text
from aspire_gitops.spend.wording import cents, month_end_text, reach_text
from aspire_ledger.money import Aud
from support.booked_lines import Booked, sums_of

HERE = Path(__file__).parent / "spend"
SYDNEY = ZoneInfo("Australia/Sydney")
NOVEMBER = month_named("2026-11", SYDNEY)
NOW = datetime(2026, 11, 23, 3, 14, tzinfo=UTC)


def part(name: str, aud: str, calls: int) -> Part:
    return Part(name, Aud(Decimal(aud)), calls)


def cap(budget: str, aud: str, *apps: str) -> Cap:
    return Cap(budget, Aud(Decimal(aud)), "Australia/Sydney", apps, (), (50, 80, 95))


def days(*amounts: str) -> dict[date, Aud]:
    """Return what the days up to yesterday cost, the last of them last."""
    return {
        date(2026, 11, 23) - timedelta(days=len(amounts) - place): Aud(Decimal(amount))
        for place, amount in enumerate(amounts)
    }


def spend() -> Spend:
    record = MonthRecord(
        "2026-11",
        budgets=(
            part("knowledge-os", "151.20456", 48_211),
            part("media", "95.5", 310),
            part("retired", "4.2", 12),
            part("marketing", "20.01", 902),
        ),
        apps=(part("knowledge-os", "151.20456", 48_211), part("transcripts", "107.84", 310), part("postiz", "24.21", 914), part("", "-12.34", 0)),
        aliases=(part("qwen-vision", "180", 40_000), part("claude-sonnet", "90.91456", 9_435)),
        providers=(part("cloud-first", "180", 40_000), part("anthropic", "90.91456", 9_425), part("", "0", 10)),
        days={
            "knowledge-os": days(*["7.1", "6.4", "8.9", "1.2", "0.8", "7.7", "9.4"] * 2),
            "media": days("40", "3", "9"),
            "marketing": days("2", "0.4"),
        },
        estimated=(part("knowledge-os", "3.25", 2), part("retired", "0.004", 1)),
    )  # fmt: skip
    caps = {
        "knowledge-os": cap("knowledge-os", "180", "knowledge-os"),
        "marketing": cap("marketing", "60", "postiz", "landing"),
        "media": cap("media", "95.50", "transcripts"),
        "agents": cap("agents", "1200", "agents"),
    }
    return spend_of(record, caps, month=NOVEMBER, now=NOW)


def statement(totals: dict[str, Aud] | None = None) -> Statement:
    def line(number: int, aud: str, app: str, alias: str, rate: str, **more: Any) -> Booked:
        at = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=number)
        more = {"is_call": True, "request_id": f"r{number}", **more}
        return Booked(number, at, "media", Aud(Decimal(aud)), app, alias, "acme", Decimal(rate), **more)  # fmt: skip

    lines = [
        line(1, "12.345678901", "transcripts", "whisper", "0.6512"),
        line(2, "0.000001", "notes", "claude-sonnet", "0.6512"),
        line(3, "70", "transcripts", "claude-sonnet", "0.6488"),
        Booked(4, NOW, "media", Aud(Decimal("-2.35")), is_adjustment=True, reason="invoice 4711 | refund (mia.okafor)"),
    ]  # fmt: skip
    caps = {"media": cap("media", "95.50", "transcripts", "notes")}
    over = datetime(2026, 12, 1, 1, tzinfo=UTC)
    return statement_of(sums_of(lines, totals), caps, month=NOVEMBER, now=over)


def golden(name: str, text: str, *, update: bool) -> None:
    if update:
        (HERE / name).write_text(text, encoding="utf-8")
    assert text == (HERE / name).read_text(encoding="utf-8")


def plain(text: Text | str) -> str:
    return text.plain if isinstance(text, Text) else text


UPDATE = False
"""True writes what is rendered now over what is expected; the diff is the review."""


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("by", ["budget", "app", "alias", "provider"])
def test_format(name: str, by: By) -> None:
    golden(f"by-{by}.{name}", plain(FORMATS[name](spend(), by)), update=UPDATE)


def test_statement() -> None:
    totals = {"media": Aud(Decimal("79.995679901"))}
    golden("statement.markdown", statement_markdown(statement(totals)), update=UPDATE)


def test_a_statement_without_estimates_keeps_the_digest_that_older_programs_gave_it() -> None:
    digest = "sha256:ce35535ec6adb6c63fd533d3133dfd081c8ec599ea79a6efa7ea4b49af8a4e4b"
    assert statement().digest == digest
    assert "## Estimated costs" not in statement_markdown(statement())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param([], (Decimal("12.345678901"), 1), id="an estimate"),
        pytest.param(
            [{"aud": "-2", "is_call": False, "request_id": "r1"}], (Decimal(0), 0), id="corrected"
        ),
        pytest.param(
            [{"aud": "-2", "is_call": False, "request_id": "r9"}],
            (Decimal("12.345678901"), 1),
            id="a correction of another call",
        ),
    ],
)
def test_a_statement_says_how_much_is_estimated(
    more: list[dict[str, Any]], expected: tuple[Decimal, int]
) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    first = Booked(1, at, "media", Aud(Decimal("12.345678901")), is_call=True, request_id="r1", estimated=True)  # fmt: skip
    later = [Booked(2, at, "media", **{**each, "aud": Aud(Decimal(each["aud"]))}) for each in more]
    made = statement_of(sums_of([first, *later]), {}, month=NOVEMBER, now=NOW)
    (line,) = made.budgets
    assert (line.estimated, line.estimated_calls) == expected
    assert ("## Estimated costs" in statement_markdown(made)) == bool(expected[1])


FAILURES = (
    Failures("knowledge-os", "qwen-vision", "qwen-vision.1", "429", 1_204),
    Failures("postiz", "claude-sonnet", "claude|odd", "timeout", 3),
)


@pytest.mark.parametrize("name", FAILURE_FORMATS)
def test_failed_calls(name: str) -> None:
    golden(f"failures.{name}", plain(FAILURE_FORMATS[name](FAILURES, "2026-11")), update=UPDATE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", "November 2026  0 failed calls\n"),
        ("markdown", "### November 2026\n\n0 failed calls.\n"),
        ("csv", "month,app,alias,deployment,outcome,calls\n"),
    ],
)
def test_a_month_without_failed_calls_says_so(name: str, expected: str) -> None:
    assert plain(FAILURE_FORMATS[name]((), "2026-11")) == expected


def test_a_statement_whose_sums_differ_says_so_on_top() -> None:
    text = statement_markdown(statement({"media": Aud(Decimal(80))}))
    assert '**Do not pay by this.** the running total of budget "media" is 80.00 AUD' in text
    assert "which is not what the ledger's running totals say" in text


@pytest.mark.parametrize(
    ("forecast", "expected"),
    [
        pytest.param(Forecast(Reach.REACHED, 9), "reached", id="reached"),
        pytest.param(Forecast(Reach.TOO_FEW_DAYS, 2), "not enough days yet", id="too few days"),
        pytest.param(Forecast(Reach.NOT_THIS_MONTH, 9), "not this month", id="not this month"),
        pytest.param(Forecast(Reach.NO_CAP, 9), "no cap is known", id="no cap"),
        pytest.param(Forecast(Reach.POSSIBLE, 9, earliest=date(2026, 11, 29)), "not this month, at worst 29 Nov", id="possible"),
        pytest.param(Forecast(Reach.LIKELY, 9, None, date(2026, 11, 26), date(2026, 11, 26), date(2026, 11, 26)), "about 26 Nov", id="the very day"),
        pytest.param(Forecast(Reach.LIKELY, 9, None, date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 29)), "about 27 Nov (26 Nov to 29 Nov)", id="a range"),
        pytest.param(Forecast(Reach.LIKELY, 9, None, date(2026, 11, 26), date(2026, 11, 27)), "about 27 Nov (26 Nov or later, perhaps not this month)", id="an open range"),
        pytest.param(None, "", id="a month that is over"),
    ],
)  # fmt: skip
def test_when_the_cap_is_reached(forecast: Forecast | None, expected: str) -> None:
    assert reach_text(forecast) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("1234.5", "1,234.50"), ("-0.004", "0.00"), ("0.005", "0.00"), ("0.015", "0.02")],
)
def test_cents(amount: str, expected: str) -> None:
    assert cents(Decimal(amount)) == expected


def test_what_the_month_may_cost_in_the_end() -> None:
    ends = (Aud(Decimal("112.4")), Aud(Decimal(120)), Aud(Decimal("1028.1")))
    assert month_end_text(Forecast(Reach.LIKELY, 9, month_end=ends)) == "112 to 1,028 AUD"


HOSTILE = "=1+1|\x1b[31m\n</td>"


def hostile() -> Spend:
    record = MonthRecord("2026-11", (part(HOSTILE, "1", 1),), apps=(part(HOSTILE, "1", 1),))
    return spend_of(record, {HOSTILE: cap(HOSTILE, "2", HOSTILE)}, month=NOVEMBER, now=NOW)


def test_a_spreadsheet_carries_out_nothing() -> None:
    assert "2026-11,\"'=1+1" in spend_csv(hostile(), "budget")


def test_a_terminal_gets_no_control_characters() -> None:
    assert "\x1b" not in spend_text(hostile(), "budget").plain


def test_a_name_adds_no_column_to_a_markdown_table() -> None:
    rows = [line for line in spend_markdown(hostile(), "app").splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
