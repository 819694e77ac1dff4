"""A snapshot's file gives back what apps asked for, and reads nothing that it does not know."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from inline_snapshot import snapshot

from aspire_gitops.codec import snapshot_reader as saved_snapshot
from aspire_gitops.codec.snapshot_reader import SavedSnapshot, read_snapshot
from aspire_gitops.codec.snapshot_writer import snapshot_json
from aspire_gitops.state import (
    HIDDEN,
    GatewayObject,
    Holder,
    KeyFacts,
    Kind,
    Mark,
    ObjectKey,
    ReviewedGateway,
    Snapshot,
)
from aspire_gitops.usage import Downtime, Traffic, Usage
from aspire_gitops.vocabulary import UsageError
from aspire_ledger.money import Aud
from support.objects import NOON, OWNER

TUESDAY, MONDAY = date(2026, 11, 24), date(2026, 11, 23)
TRAFFIC = Traffic(
    date(2026, 10, 25),
    TUESDAY,
    (
        Usage(MONDAY, "shops", "erp", "vision", 12, Aud(Decimal("0.123456789")), 900, 100, 40),
        Usage(TUESDAY, "shops", "erp", "ocr", 1, Aud(Decimal("-0.5")), pages=7, images=2),
        Usage(TUESDAY, "shops", "erp", "vision", 1, Aud(Decimal(0))),
    ),
)
DOWNTIME = Downtime("2026-11", 61.5, date(2026, 11, 3))
EMPTY = Snapshot("http://gateway.test", "1.106.2", NOON, ())
LIVE = replace(EMPTY, traffic=TRAFFIC, downtime=DOWNTIME)


def read(text: str) -> SavedSnapshot:
    return read_snapshot(text.encode(), OWNER, name="snapshot.json")


def written(live: Snapshot = LIVE, **changed: Any) -> str:
    found = json.loads(snapshot_json(live, owner=OWNER))
    return json.dumps({**found, **changed})


def traffic_with(**changed: Any) -> str:
    return written(traffic={**json.loads(written())["traffic"], **changed})


MASKED = GatewayObject(
    ObjectKey(Kind.CREDENTIAL, "acme"),
    "gw.acme",
    {"credential_values.api_key": "pk****9f", "credential_values.api_base": "https://a.example"},
    Mark(
        OWNER,
        "acme",
        frozenset({"credential_values.api_key", "credential_values.api_base"}),
        "sha256:0",
        "main",
    ),
    "gw.acme",
)


def test_a_snapshot_keeps_no_character_of_a_secret() -> None:
    """LiteLLM shows the first and the last two, and a snapshot is published on a branch."""
    live = replace(EMPTY, objects=(MASKED,))
    text = snapshot_json(live, owner=OWNER)
    assert "pk*" not in text
    assert "*9f" not in text
    guesses = {
        replace(live, objects=(replace(MASKED, fields={**MASKED.fields, path: guess}),)).digest
        for path in ("credential_values.api_key",)
        for guess in ("pk****9f", "pk****00", "ab****9f", HIDDEN)
    }
    assert len(guesses) == 1, "nor does the digest give them away to who tries all of them"
    assert read(text).snapshot.digest == live.digest


def test_a_snapshot_of_before_still_holds_them_and_is_read() -> None:
    old = json.loads(snapshot_json(replace(EMPTY, objects=(MASKED,)), owner=OWNER))
    old["version"] = 3
    old["objects"][0]["fields"]["credential_values.api_key"] = "pk****9f"
    [item] = read(json.dumps(old)).snapshot.objects
    assert item.fields["credential_values.api_key"] == "pk****9f"


def test_a_snapshot_names_the_gateway_that_its_files_are_for() -> None:
    reviewed = ReviewedGateway("aspire", "https://llm.example.com/v1")
    live = replace(EMPTY, gateway_url="http://litellm:4000", reviewed=reviewed)
    assert read(snapshot_json(live, owner=OWNER)).snapshot.reviewed == reviewed


def test_traffic_and_downtime_in_the_file() -> None:
    found = json.loads(written())
    assert (found["traffic"], found["downtime"]) == snapshot(
        (
            {
                "columns": "day calls aud input_tokens cached_input_tokens output_tokens pages images",
                "rows": {
                    "shops": {
                        "erp": {
                            "ocr": ["2026-11-24 1 -0.5 0 0 0 7 2"],
                            "vision": [
                                "2026-11-23 12 0.123456789 900 100 40 0 0",
                                "2026-11-24 1 0 0 0 0 0 0",
                            ],
                        }
                    }
                },
                "since": "2026-10-25",
                "until": "2026-11-24",
            },
            {"month": "2026-11", "seconds": 61.5, "watched_since": "2026-11-03"},
        )
    )


def test_traffic_and_downtime_come_back_as_they_were() -> None:
    found = read(written()).snapshot
    assert found.traffic is not None
    assert (set(found.traffic.rows), found.downtime) == (set(TRAFFIC.rows), DOWNTIME)
    assert (found.traffic.since, found.traffic.until) == (TRAFFIC.since, TRAFFIC.until)


LATER = replace(
    TRAFFIC,
    rows=(
        replace(TRAFFIC.rows[0], reasoning_tokens=30, cache_write_tokens=8),
        *TRAFFIC.rows[1:],
    ),
)


def test_counts_that_came_later_are_in_the_file_only_where_any_row_has_them() -> None:
    found = json.loads(written(replace(EMPTY, traffic=LATER)))
    assert (found["format"], found["version"]) == ("aspire-gitops/snapshot", 4)
    assert found["traffic"]["columns"].endswith("images cache_write_tokens reasoning_tokens")
    assert found["traffic"]["rows"]["shops"]["erp"] == {
        "ocr": ["2026-11-24 1 -0.5 0 0 0 7 2 0 0"],
        "vision": [
            "2026-11-23 12 0.123456789 900 100 40 0 0 8 30",
            "2026-11-24 1 0 0 0 0 0 0 0 0",
        ],
    }


def test_counts_that_came_later_come_back() -> None:
    found = read(written(replace(EMPTY, traffic=LATER))).snapshot.traffic
    assert found is not None
    assert set(found.rows) == set(LATER.rows)


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_whose_format_is_a_number_is_read(number: int) -> None:
    """As programs of before wrote it, with objects and the revision as text."""
    old = json.loads(written(format=number, revision="main@sha1:" + "4f" * 20))
    del old["version"]
    for item in (*old["objects"], *old["foreign"]):
        item["object"] = "{kind}/{name}".format(**item["object"])
    found = read(json.dumps(old))
    assert (found.snapshot, found.revision) == (read(written()).snapshot, old["revision"])


def test_a_file_without_them_knows_nothing_of_them() -> None:
    found = read(written(EMPTY)).snapshot
    assert (found.traffic, found.downtime) == (None, None)


def test_what_the_controller_applied_last_comes_back() -> None:
    text = snapshot_json(LIVE, owner=OWNER, revision="main@sha1:4f2c9d1")
    assert (read(text).revision, read(written()).revision) == ("main@sha1:4f2c9d1", None)


@pytest.mark.parametrize(
    "odd", ['"}], "x": [{', "a\nb", "\u202eevil", "::error::x", "<script>", "a/b c", "ä€𝄞", ""]
)
def test_whatever_somebody_calls_an_alias_comes_back_as_that(odd: str) -> None:
    row = replace(TRAFFIC.rows[0], budget=odd, app=odd, alias=odd)
    text = snapshot_json(replace(EMPTY, traffic=replace(TRAFFIC, rows=(row,))), owner=OWNER)
    found = read(text).snapshot.traffic
    assert found is not None
    assert found.rows == (row,)


def test_a_newer_programs_file_is_called_that() -> None:
    with pytest.raises(UsageError) as caught:
        read(written(version=5, surprise={}))
    assert str(caught.value) == snapshot(
        "snapshot.json was made by a newer aspire-gitops (version 5, and this one reads 4);"
        " upgrade this one"
    )


COLUMNS = json.loads(written())["traffic"]["columns"]


def rows(*lines: str, alias: str = "chat") -> dict[str, Any]:
    return {"b": {"a": {alias: list(lines)}}}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[" * 100_000, id="brackets without end"),
        pytest.param("[]", id="no object"),
        pytest.param(written(version=4, surprise={})[:-1], id="cut off"),
        pytest.param(written(version=0), id="a version that never was"),
        pytest.param(written(version="2"), id="a version that is a text"),
        pytest.param(written(format="aspire-gitops/plan"), id="another document"),
        pytest.param(written(surprise=1), id="a field that we do not know"),
        pytest.param(written(taken_at="2026-11-23T12:00:00"), id="a moment without a zone"),
        pytest.param(traffic_with(columns="day calls"), id="other columns"),
        pytest.param(
            traffic_with(columns=f"{COLUMNS} tool_uses reasoning_tokens"), id="columns in disorder"
        ),
        pytest.param(traffic_with(columns=f"{COLUMNS} tool_uses tool_uses"), id="a column twice"),
        pytest.param(traffic_with(columns=f"{COLUMNS} tool_uses"), id="rows without that column"),
        pytest.param(traffic_with(columns=f"{COLUMNS} fees"), id="a column that we do not know"),
        pytest.param(traffic_with(since="2026-11-25"), id="a window that begins after its end"),
        pytest.param(traffic_with(since="2020-01-01"), id="a window of years"),
        pytest.param(traffic_with(rows=rows("2026-10-01 1 0 0 0 0 0 0")), id="a day outside of it"),
        pytest.param(traffic_with(rows=rows("2026-11-31 1 0 0 0 0 0 0")), id="a day that is none"),
        pytest.param(traffic_with(rows=rows("2026-11-23 1 0 0 0 0 0")), id="a column too few"),
        pytest.param(traffic_with(rows=rows("2026-11-23 1 0 0 0 0 0 0 0")), id="one too many"),
        pytest.param(traffic_with(rows=rows("2026-11-23 -1 0 0 0 0 0 0")), id="calls below zero"),
        pytest.param(traffic_with(rows=rows("2026-11-23 1 NaN 0 0 0 0 0")), id="no amount"),
        pytest.param(traffic_with(rows=rows("2026-11-23 1 1e99 0 0 0 0 0")), id="an exponent"),
        pytest.param(traffic_with(rows=rows(f"2026-11-23 {'9' * 19} 0 0 0 0 0 0")), id="too many"),
        pytest.param(traffic_with(rows=rows("2026-11-23 1 0 0 0 0 0 0\n")), id="a line's end"),
        pytest.param(traffic_with(rows=rows(alias="x" * 1001)), id="a name without end"),
        pytest.param(
            written(downtime={"month": "2026-11", "seconds": -1, "watched_since": "2026-11-03"}),
            id="downtime below zero",
        ),
        pytest.param(
            written(downtime={"month": "2026-11", "seconds": 1e9, "watched_since": "2026-11-03"}),
            id="more downtime than a month has",
        ),
        pytest.param(
            written(downtime={"month": "2026-11", "seconds": 1, "watched_since": "2026-10-31"}),
            id="watched in another month",
        ),
    ],
)
def test_what_is_no_snapshot_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a snapshot of this version"):
        read(text)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_snapshot, "MOST_BYTES", 100)
    with pytest.raises(UsageError, match="larger than any snapshot"):
        read(written())


def test_more_rows_than_anybody_counts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_snapshot, "_MOST_ROWS", 2)
    with pytest.raises(UsageError, match="not a snapshot of this version"):
        read(written())


# ── keys that somebody made by hand ──────────────────────────────────────────

BY_HAND = GatewayObject(ObjectKey(Kind.KEY, "postiz"), "postiz", {}, address="ab" * 32)


def with_key(facts: KeyFacts) -> str:
    return written(replace(EMPTY, objects=(BY_HAND,), key_facts={BY_HAND.address or "": facts}))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(KeyFacts(spend=812.4), KeyFacts(spend=812.4), id="its spend"),
        pytest.param(KeyFacts(), KeyFacts(), id="a spend that was no amount"),
        pytest.param(
            KeyFacts(0.0, blocked=True, expires="2027-01-01T00:00:00+00:00", limits=("tags",)),
            KeyFacts(0.0, blocked=True, expires="2027-01-01T00:00:00+00:00", limits=("tags",)),
            id="what may stop it",
        ),
        pytest.param(
            KeyFacts(0.0, team=Holder("t-1", ("models",)), user=Holder("eve@example.com", ())),
            KeyFacts(0.0, team=Holder("", ("models",)), user=Holder("", ())),
            id="whose it is, without the names",
        ),
        pytest.param(
            KeyFacts(0.0, team=Holder("t-1")),
            KeyFacts(0.0, team=Holder("", unread="the snapshot does not tell")),
            id="a team that nobody asked about",
        ),
    ],
)
def test_what_may_stop_an_adopted_key_survives_the_file(
    facts: KeyFacts, expected: KeyFacts
) -> None:
    assert read(with_key(facts)).snapshot.key_facts == {BY_HAND.address: expected}


def test_nobody_s_name_is_published() -> None:
    facts = KeyFacts(0.0, team=Holder("t-1", ("models",)), user=Holder("eve@example.com", ()))
    assert not {"eve@example.com", "t-1"} & set(with_key(facts).split('"'))


def test_a_snapshot_of_an_older_release_tells_nothing_of_keys() -> None:
    found = json.loads(with_key(KeyFacts(spend=812.4)))
    del found["foreign"][0]["key"]
    assert read(json.dumps(found)).snapshot.key_facts == {}


@pytest.mark.parametrize("spend", ["NaN", "1e400", '"much"'])
def test_a_spend_that_is_no_amount_is_refused_in_a_file(spend: str) -> None:
    text = with_key(KeyFacts(spend=812.4)).replace("812.4", spend)
    with pytest.raises(UsageError):
        read(text)
