"""The status in a terminal, and a turn in one line."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.status import wording as words
from aspire_gitops.status.document_builder import status_document, turn_document
from aspire_gitops.status.page import status_page
from aspire_gitops.status.terminal import status_text
from aspire_gitops.status.value import Hold, HoldKind, Standing, Status
from aspire_gitops.status.wording import runs, turn_line
from aspire_gitops.vocabulary import clock, duration, span
from support.statuses import (
    BEFORE,
    DRIFT,
    FLAPPING,
    NOW,
    STATUSES,
    fresh,
    frozen,
    hostile,
    ready,
    stalled,
    standby,
    swap_plan,
    turn,
    waiting,
)


def shown(status: Status) -> str:
    return status_text(status_document(status)).plain


@pytest.mark.parametrize(
    ("status", "first"),
    [
        pytest.param(ready(), "● Ready  at rest", id="ready"),
        pytest.param(waiting(), "◐ Waiting  passes by itself", id="waiting"),
        pytest.param(stalled(), "■ Stalled  needs a commit or a person", id="stalled"),
        pytest.param(frozen(), "‖ Frozen  looks and reports only", id="frozen"),
        pytest.param(standby(), "‖ Standby  takes over", id="standby"),
        pytest.param(
            replace(stalled(), holds=frozen().holds), "■ Stalled", id="stalled and frozen: the worse"
        ),
    ],
)  # fmt: skip
def test_the_first_line_says_how_things_stand(status: Status, first: str) -> None:
    assert shown(status).startswith(first)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        pytest.param(ready(), "  The gateway matches git.", id="the reason"),
        pytest.param(ready(), "  last ready 24 s ago, next look in 36 s", id="the pace"),
        pytest.param(waiting(), "just now: reading the gateway", id="what is done now"),
        pytest.param(frozen(), "  Frozen by tom.berg until 04:39 UTC (in 85 min): month-end", id="a freeze"),
        pytest.param(frozen(), "It waits for the hold to end.", id="what a plan waits for"),
        pytest.param(stalled(), "  = help: Remove the alias from the app first", id="what to do"),
        pytest.param(stalled(), "  refused AG503 alias-in-use  deployment/gpt-35", id="a refusal"),
        pytest.param(stalled(), "  AG201 unknown-provider  gateway.d/aliases/chat.yaml:7:13", id="a mistake"),
        pytest.param(stalled(), "key/postiz.main was changed on the gateway, outside of git, by sam.lee@aspiredigital.group, 9 min ago, first seen 8 min ago; healed\n      max_budget: 48.84 → 500\n", id="drift"),
        pytest.param(stalled(), "deployment/whisper was deleted on the gateway, outside of git; only reported", id="an object that is gone"),
        pytest.param(stalled(), "flapping: max_budget of key/postiz.main, 4 times in the last hour", id="a flapping field"),
        pytest.param(stalled(), "! LIVE FALLBACK calls to gpt-4o-eu may be answered by claude-sonnet", id="a fallback"),
        pytest.param(stalled(), "1 of 2 keys live", id="a key that is missing"),
        pytest.param(stalled(), "qwen3-vl-235b-a22b-instruct  ≠ differs from git", id="an alias that differs"),
        pytest.param(ready(), "and 5 turns like it, back to 5 min ago", id="quiet turns are told once"),
        pytest.param(ready(), "knowledge-os  180 AUD a month", id="a cap"),
        pytest.param(waiting(), "3 notices not delivered", id="notices"),
    ],
)  # fmt: skip
def test_it_says(status: Status, line: str) -> None:
    assert line in shown(status)


def test_what_is_empty_is_left_out() -> None:
    assert not {"Drift", "Pending plan", "Aliases", "Apps"} & set(shown(fresh()).split("\n"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_character_acts_on_a_terminal(text: str) -> None:
    acting = {"Cc", "Cf", "Co", "Zl", "Zp"}
    told = shown(hostile(text)) + turn_line(hostile(text).turns[0])
    assert not [c for c in told if c not in "\n\t" and unicodedata.category(c) in acting]


def test_no_text_of_others_begins_a_line() -> None:
    forged = "x\n● Ready  at rest"
    lines = shown(hostile(forged)).splitlines()[1:]
    assert not [line for line in lines if line.startswith("●")]


@pytest.mark.parametrize(
    ("turned", "line"),
    [
        pytest.param(
            turn(),
            "ready: the gateway matches git · main@sha1:4f2c9d1a0b3c · no changes · "
            "0.21 s (gateway 0.15 s, git 28 ms, own 31 ms)",
            id="a quiet turn",
        ),
        pytest.param(
            turn(plan=swap_plan(), counts={"applied": 4, "failed": 1}, reason="1 change failed"),
            "ready: 1 change failed · main@sha1:4f2c9d1a0b3c · 4 applied, 1 failed · "
            "0.21 s (gateway 0.15 s, git 28 ms, own 31 ms)",
            id="changes by result",
        ),
        pytest.param(
            turn(standing=Standing.WAITING, wanted=None, reason="no answer", drift=DRIFT),
            "waiting: no answer · no changes · drift in 2 objects · "
            "0.21 s (gateway 0.15 s, git 28 ms, own 31 ms)",
            id="no revision yet, and drift",
        ),
        pytest.param(
            turn(plan=swap_plan(), reason="frozen\nby tom"),
            "ready: frozen\\nby tom · main@sha1:4f2c9d1a0b3c · 5 planned · "
            "0.21 s (gateway 0.15 s, git 28 ms, own 31 ms)",
            id="a reason of two lines stays in one",
        ),
    ],
)
def test_turn_line(turned: object, line: str) -> None:
    assert turn_line(turned) == line  # type: ignore[arg-type]  # a Turn


def test_a_turn_that_was_asked_for_reads_as_in_the_log() -> None:
    assert turn_line(turn_document(turn())) == turn_line(turn())


@pytest.mark.parametrize(
    ("kept", "rows"),
    [
        pytest.param((turn(3), turn(2), turn(1)), 1, id="three alike"),
        pytest.param((turn(2), turn(1, reason="other")), 2, id="another reason"),
        pytest.param((turn(2), turn(1, counts={"applied": 1})), 2, id="one that changed something"),
        pytest.param((turn(2), turn(1, wanted=None)), 2, id="another revision"),
        pytest.param((turn(2, failures=("x",)), turn(1, failures=("x",))), 2, id="failures"),
        pytest.param((), 0, id="none"),
    ],
)
def test_only_quiet_turns_are_told_once(kept: tuple[object, ...], rows: int) -> None:
    assert len(runs([turn_document(one) for one in kept])) == rows  # type: ignore[arg-type]  # Turns


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.0312, "31 ms"), (0.0999, "0.10 s"), (0.214, "0.21 s"), (0.999, "1.0 s"), (3.42, "3.4 s"), (9.99, "10 s"), (31.2, "31 s"), (119.9, "120 s"), (600, "10 min")],
)  # fmt: skip
def test_seconds_have_the_digits_that_matter(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (99, "99 s"), (100, "2 min"), (3_840, "64 min"), (7_200, "2 h"), (86_400 * 2, "2 days")],
)  # fmt: skip
def test_spans_have_one_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_moment_on_another_day_has_its_day() -> None:
    assert clock(NOW - timedelta(days=2), NOW) == "21 Nov 03:14 UTC"


def test_times_are_those_of_the_gateways_people_and_name_their_zone() -> None:
    frozen_there = replace(frozen(), timezone="Australia/Sydney")
    assert "Frozen by tom.berg until 15:39 AEDT (in 85 min)" in shown(frozen_there)
    document = status_document(frozen_there)
    page = status_page(document)
    assert ">14:14:15 AEDT</time>" in page
    assert "until 15:39 AEDT" in page
    assert " UTC" not in page
    assert document.model_dump(mode="json")["at"].endswith("Z"), "JSON stays in UTC"
    assert clock(NOW, NOW, ZoneInfo("Asia/Dubai")) == "07:14 UTC+04"


def test_a_zone_that_this_machine_does_not_know_is_no_fault() -> None:
    shown(replace(frozen(), timezone="Mars/Olympus"))
    assert "04:39 UTC" in shown(replace(frozen(), timezone="Mars/Olympus"))


def test_a_suspension_ends_when_it_is_resumed() -> None:
    hold = Hold(HoldKind.SUSPEND, "mia", "moving house", NOW)
    status = status_document(replace(ready(), holds=(hold,)))
    assert words.headline(status).word == "Suspended"
    assert words.hold_text(status.brakes[0], NOW) == (
        "Suspended by mia until resumed: moving house"
    )


def test_a_revert_is_not_called_a_suspension_because_it_writes() -> None:
    end = NOW + timedelta(hours=2)
    hold = Hold(HoldKind.REVERT, "mia", "OCR fails", NOW, end, commit="4f2c9d1" + "0" * 33)
    status = status_document(replace(ready(), holds=(hold,)))
    assert words.headline(status).hint == "holds an older revision"
    assert words.hold_text(status.brakes[0], NOW).startswith("Held at an older revision by mia")


def test_a_pause_of_healing_that_is_over_is_not_called_now() -> None:
    """A field flaps for an hour in the status; its pause ended long before."""
    fights = tuple(
        replace(FLAPPING, heals_again_at=NOW + timedelta(minutes=minutes)) for minutes in (21, -23)
    )
    status = replace(stalled(), flapping=fights)
    slow, over = (line for line in shown(status).splitlines() if "flapping" in line)
    assert slow.endswith("4 times in the last hour; healed again in 21 min")
    assert over.endswith("4 times in the last hour; healed at once again since 23 min")
    page = status_page(status_document(status))
    assert "at once again since 23 min" in page
    assert ">now<" not in page


def reverted() -> Status:
    hold = Hold(HoldKind.REVERT, "mia", "OCR fails", NOW, commit=BEFORE.commit)
    return replace(ready(), holds=(hold,), wanted=BEFORE, applied=BEFORE, in_git=ready().wanted)


def test_during_a_revert_the_held_revision_is_not_called_gits() -> None:
    newest, held = ready().wanted, BEFORE
    assert newest is not None
    text = shown(reverted())
    assert f"  git              {(newest.commit or '')[:12]}  {newest.subject}" in text
    assert f"  held by a revert {(held.commit or '')[:12]}  {held.subject}" in text
    assert "git and gateway" not in text
    page = status_page(status_document(reverted()))
    assert "In git and on the gateway" not in page
    assert f"a revert holds {(held.commit or '')[:12]}" in page
    unread = shown(replace(reverted(), in_git=None))
    assert "  git              nothing yet" in unread, (
        "git could not be read: it is not the held one"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the gateway waits", "The gateway waits."),
        ("main@sha1:4f2 is refused", "main@sha1:4f2 is refused."),
        ("did you mean it?", "Did you mean it?"),
        ("", ""),
    ],
)
def test_sentence(text: str, said: str) -> None:
    assert words.sentence(text) == said


@pytest.mark.parametrize("name", STATUSES)
def test_the_page_and_the_terminal_begin_with_the_same_word(name: str) -> None:
    assert words.headline(status_document(STATUSES[name])).word in shown(STATUSES[name])
