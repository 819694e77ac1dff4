"""What waits longer than it should is told once, still retried, and told again when it is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from aspire_gitops.controller.pace import Pace
from aspire_gitops.gateway import GatewayClient
from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.notify import notices_of, remembered
from aspire_gitops.state import Kind
from aspire_gitops.status.value import Notice, Standing, Topic, Turn
from aspire_gitops.vocabulary import (
    GatewayMisconfigured,
    JournalUnavailable,
    LedgerUnavailable,
    UsageError,
)
from support.certificates import new_certificate
from support.fake_gateway import Drop, FakeGateway, Fault, Status, run, serving
from support.folders import alias
from support.git_http import GitServer
from support.git_http import serving as git_serving
from support.spending_turns import Watched
from support.turns import Scene

_MIGRATION = (
    "The column `LiteLLM_VerificationToken.budget_limits` does not exist in the current database."
)


def litellm(status: int, message: str, kind: str = "internal_server_error") -> Status:
    return Status(status, {"error": {"message": message, "type": kind, "code": str(status)}})


@dataclass
class Told:
    """Takes turns, and keeps the notices that they cause."""

    scene: Scene
    before: Turn | None = None
    notices: list[Notice] = field(default_factory=list)

    def turn(self, later_s: float = 60) -> Turn:
        turn = self.scene.turn(later_s=later_s)
        self.notices += notices_of(turn, self.before)
        self.before = remembered(turn, self.before)
        return turn

    def topics(self) -> list[Topic]:
        return [notice.topic for notice in self.notices if not notice.quiet]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    told = Told(scene)
    assert told.turn().standing is Standing.READY
    told.notices.clear()
    return told


@contextmanager
def away(scene: Scene) -> Iterator[None]:
    aside = scene.folder.rename(scene.folder.with_name("away"))
    yield
    aside.rename(scene.folder)


def test_what_nobody_knows_to_pass_is_told_after_ten_minutes_and_once(told: Told) -> None:
    with away(told.scene):
        standings = [told.turn(120).standing for _ in range(12)]
    assert standings == [Standing.WAITING] * 5 + [Standing.STALLED] * 7
    assert told.topics() == [Topic.STALLED]
    assert "does not exist; this has lasted since 2026-11-23 23:03 AEDT" in told.notices[0].title
    assert "still retried" in "".join(told.notices[0].lines)
    assert told.turn().standing is Standing.READY
    assert told.topics() == [Topic.STALLED, Topic.RECOVERED]


def test_it_is_still_retried_with_growing_pauses(told: Told) -> None:
    with away(told.scene):
        pauses = [told.turn(240).look_again_s for _ in range(10)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_what_waits_for_half_an_hour_is_told_once_with_what_was_tried(told: Told) -> None:
    with told.scene.fake.failing(Fault(Drop())):
        standings = [told.turn(300).standing for _ in range(15)]
    assert standings == [Standing.WAITING] * 6 + [Standing.STALLED] * 9
    assert told.topics() == [Topic.STALLED]
    assert "tried 7 times" in "".join(told.notices[0].lines)
    told.turn()
    assert told.topics() == [Topic.STALLED, Topic.RECOVERED]


def test_how_long_anything_may_wait_is_a_setting(told: Told) -> None:
    told.scene.reconciler.pace = Pace(patience_s=120)
    with told.scene.fake.failing(Fault(Drop())):
        assert [told.turn(60).standing for _ in range(3)][1:] == [
            Standing.WAITING,
            Standing.STALLED,
        ]


def test_a_wait_whose_words_change_is_still_one_notice(told: Told) -> None:
    for number in range(20):
        with told.scene.fake.failing(Fault(Drop() if number % 2 else Status(502, b"<html>"))):
            told.turn(240)
    assert told.topics() == [Topic.STALLED]


def test_a_ledger_that_does_not_answer_for_half_an_hour_is_told_once(told: Told) -> None:
    watched = Watched(told.scene)
    watched.begin()
    told.turn()
    watched.ledger.broken = LedgerUnavailable("the ledger's database does not answer")
    for _ in range(12):
        told.turn(300)
    [notice] = watched.told
    assert (notice.topic, "asked 7 times" in notice.lines[1]) == (Topic.STALLED, True)
    watched.ledger.broken = None
    told.turn()
    assert [one.topic for one in watched.told] == [Topic.STALLED, Topic.RECOVERED]


def test_a_short_outage_is_told_to_nobody(told: Told) -> None:
    with told.scene.fake.failing(Fault(Status(502, b"<html>"))):
        for _ in range(6):
            assert told.turn(300).standing is Standing.WAITING
    assert told.turn().standing is Standing.READY
    assert told.topics() == []


def test_a_controller_that_is_restarted_again_and_again_is_told_all_the_same(told: Told) -> None:
    with away(told.scene):
        for _ in range(8):
            told.scene.restart()
            told.turn(120)
    assert told.topics() == [Topic.STALLED]


def test_a_journal_line_is_written_when_it_begins_and_when_it_is_told(told: Told) -> None:
    before = len(told.scene.journal.said(EntryKind.TURN))
    with away(told.scene):
        for _ in range(20):
            told.turn(60)
    assert len(told.scene.journal.said(EntryKind.TURN)) - before == 2


def test_a_journal_that_may_not_be_written_is_told(told: Told) -> None:
    with told.scene.broken_journal(JournalUnavailable("the journal may not be written to")):
        for _ in range(8):
            told.turn(120)
    assert told.topics() == [Topic.STALLED]


def test_two_troubles_in_turn_do_not_hide_each_other(told: Told) -> None:
    for number in range(20):
        if number % 2:
            with away(told.scene):
                told.turn(240)
        else:
            with told.scene.fake.failing(Fault(Drop())):
                told.turn(240)
    assert Topic.STALLED in told.topics()


# ── LiteLLM's database ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(litellm(500, f"Authentication Error, {_MIGRATION}"), id="500"),
        pytest.param(litellm(400, f"Authentication Error, {_MIGRATION}", "auth_error"), id="400"),
        pytest.param(litellm(401, f"Authentication Error, {_MIGRATION}", "auth_error"), id="401"),
        pytest.param(
            litellm(500, "The table `public.LiteLLM_X` does not exist in the current database."),
            id="a table",
        ),
    ],
)
def test_a_database_older_than_the_release_says_run_the_migration(
    told: Told, answer: Status
) -> None:
    with told.scene.fake.failing(Fault(answer, path="/key/list")):
        turn = told.turn()
    assert turn.standing is Standing.STALLED
    assert "does not exist in the current database" in turn.reason
    assert "run LiteLLM's migration" in turn.help
    assert told.topics() == [Topic.STALLED]
    assert told.turn().standing is Standing.READY


def test_a_missing_column_in_the_middle_of_an_apply_is_not_the_commits_fault(told: Told) -> None:
    scene = told.scene
    scene.declare(alias("fast", "acme"))
    scene.commit("Add an alias")
    answer = litellm(400, f"Authentication Error, {_MIGRATION}", "auth_error")
    with scene.fake.failing(Fault(answer, method="POST", path="/model/new")):
        turn = told.turn()
    assert (turn.standing, turn.blames_commit) == (Standing.STALLED, False)
    assert scene.journal.said(EntryKind.REJECTED) == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(litellm(503, "Service Unavailable", "no_db_connection"), id="503"),
        pytest.param(
            litellm(401, "Authentication Error, Can't reach database server at `db`:`5432`"),
            id="401",
        ),
        pytest.param(
            litellm(400, "Timed out fetching a new connection from the connection pool."), id="pool"
        ),
    ],
)
def test_a_database_that_is_away_for_a_moment_is_waited_for(told: Told, answer: Status) -> None:
    with told.scene.fake.failing(Fault(answer, path="/key")):
        assert told.turn().standing is Standing.WAITING
    assert told.topics() == []


# ── the way to the gateway ───────────────────────────────────────────────────


def read(url: str, key: str = "sk-x") -> None:
    run(url, lambda client: client.read(Kind.CREDENTIAL, "gw.p"), admin_key=SecretStr(key))


def test_a_key_that_cannot_be_sent_is_an_operators_matter() -> None:
    refused = pytest.raises(GatewayMisconfigured, match="or the admin key")
    with serving(FakeGateway()) as url, refused as caught:
        read(url, "sk-planted\nsecret")
    assert "planted" not in str(caught.value)


def test_an_address_that_nothing_can_be_sent_to_is_an_operators_matter() -> None:
    with pytest.raises(GatewayMisconfigured, match="fix the gateway's URL"):
        read("ftp://gateway.test")


def test_a_gateway_whose_certificate_nobody_signed_is_an_operators_matter(tmp_path: Path) -> None:
    certificate = new_certificate(tmp_path / "certificate.pem")
    refused = pytest.raises(GatewayMisconfigured, match="fix the certificate, or set SSL_CERT_FILE")
    with git_serving(GitServer(tmp_path, certificate=certificate)) as peer, refused:
        read(peer.url("").rstrip("/"))


def test_authorities_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(UsageError, match=r"nowhere\.pem that SSL_CERT_FILE .* cannot be read"):
        GatewayClient("https://gateway.example.com", SecretStr("sk-x"))
