"""What a hash covers, and how a broken chain is told; no database."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspire_gitops.journal import ChainFault, EntryKind
from aspire_gitops.journal.chain import GENESIS, Row, chained, entry_of, verified
from support.journal_lines import deployment, draft, observed, result


def rows(count: int = 5) -> list[Row]:
    return list(chained(GENESIS, 1, [draft(minute=n) for n in range(count)]))


def test_a_chain_is_proved_to_its_end() -> None:
    whole = rows()
    verdict = verified(whole)
    assert (verdict.ok, verdict.entries, verdict.head) == (True, 5, whole[-1].hash)


CHANGED: dict[str, Any] = {
    "number": 9,
    "at": "2026-11-20T01:00:00.000001Z",
    "kind": "brake",
    "turn": "t9",
    "revision": "",
    "git_commit": None,
    "author": "",
    "approvers": "[]",
    "plan": "",
    "object": "",
    "tells_state": True,
    "body": '{"x":1}',
    "previous": GENESIS[:-1] + "1",
}


@pytest.mark.parametrize("column", [f.name for f in fields(Row) if f.name != "hash"])
def test_the_hash_covers_every_column(column: str) -> None:
    row = rows(1)[0]
    assert replace(row, **{column: CHANGED[column]}).digest() != row.digest()


def test_the_hash_is_the_same_for_ever() -> None:
    """Journals that exist were written with it: when this fails, fix the code and not the test."""
    line = result("deployment/chat", {"fields": {"x": [1.0, "ü"]}})
    assert next(chained(GENESIS, 1, [line])).hash == (
        "sha256:3a5367b8c7f98eaadf64036856f6e5931b3facca1ef8c7c1334935736f0a62c8"
    )


def test_a_line_that_was_hashed_anew_breaks_the_next_one() -> None:
    whole = rows()
    forged = replace(whole[1], author="Mallory")
    whole[1] = replace(forged, hash=forged.digest())
    verdict = verified(whole)
    assert (verdict.broken, verdict.fault) == (3, ChainFault.OUT_OF_ORDER)


def test_a_line_before_the_first_is_out_of_order() -> None:
    early = list(chained(GENESIS, 0, [draft()]))
    assert verified([*early, *rows()]).fault is ChainFault.OUT_OF_ORDER


def test_bytes_in_a_column_are_a_change() -> None:
    verdict = verified([replace(rows(1)[0], turn=b"t1")])  # type: ignore[arg-type] # what SQLite may give
    assert verdict.fault is ChainFault.CHANGED


@given(st.integers(0, 4), st.integers(0, 4))
def test_no_two_lines_can_change_places(one: int, other: int) -> None:
    whole = rows()
    whole[one], whole[other] = whole[other], whole[one]
    assert verified(whole).ok == (one == other)


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        pytest.param(result("deployment/a", deployment()), True, id="applied"),
        pytest.param(result("deployment/a", None), True, id="deleted"),
        pytest.param(observed("deployment/a", deployment()), True, id="found"),
        pytest.param(result("deployment/a", None, status="failed"), False, id="failed"),
        pytest.param(draft(EntryKind.OBSERVED, body={"state": {}}), False, id="of no object"),
        pytest.param(
            draft(EntryKind.DRIFT, object="deployment/a", body={"state": {}}),
            False,
            id="of another kind",
        ),
    ],
)
def test_which_lines_say_what_an_object_is(line: object, *, tells: bool) -> None:
    assert line.tells_state is tells  # type: ignore[attr-defined] # a table of drafts


def test_a_row_is_read_back_as_it_was() -> None:
    one = result("deployment/a", deployment())
    assert entry_of(next(chained(GENESIS, 1, [one]))).draft == one
