"""One page from whatever stands in front of LiteLLM, at any moment of an apply.

Traefik answers so for some seconds while a container is recreated. No commit is
rejected for it, nothing is deleted or made twice, and the next turn finishes.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from aspire_gitops.journal.entry import EntryKind
from aspire_gitops.notify import notices_of, remembered
from aspire_gitops.status.value import Standing, Topic
from aspire_ledger.canonical import JsonValue
from support.busy_change import Story
from support.fake_gateway import Fault, Request, Status
from support.folders import alias, app
from support.turns import Scene

_PLAIN = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
PAGES = {
    "Traefik's 404": Status(404, b"404 page not found\n", _PLAIN),
    "a 404 page": Status(404, b"<html><h1>404 Not Found</h1></html>"),
    "a 400 page": Status(400, b"<html><h1>400 Bad Request</h1></html>"),
    "a 403 page": Status(403, b"<html>Request blocked</html>"),
    "a 401 page": Status(401, b"<html>Sign in</html>"),
    "a 413 page": Status(413, b"<html>Too large</html>"),
    "a 503 page": Status(503, b"<html>No server is available</html>"),
    "a 500 page": Status(500, b"<html>Oops</html>"),
    "a 200 page": Status(200, b"<!doctype html><p>Starting"),
    "an empty 200": Status(200, b""),
    "a 200 of a list": Status(200, []),
    "a 200 of something else": Status(200, {"status": "ok"}),
    "an empty object": Status(200, {}),
    "Kong's 404": Status(404, {"message": "no Route matched with those values"}),
    "Google's 404": Status(404, {"error": {"code": 404, "message": "x", "status": "NOT_FOUND"}}),
    "Azure's 404": Status(404, {"error": {"code": "404", "message": "Resource not found"}}),
    "Django's 404": Status(404, {"detail": "Not found."}),
    "a list of errors": Status(400, {"success": False, "errors": [{"code": 1000}]}),
    "a 204": Status(204, b""),
}
EXPECTED_WRITES = 16
pages = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
FEW = ("Traefik's 404", "a 400 page", "a 503 page", "an empty 200", "a 200 of something else")
few_pages = pytest.mark.parametrize("page", [PAGES[name] for name in FEW], ids=FEW)


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    return scene


def change_much(scene: Scene) -> None:
    """Commit a change that creates, updates and deletes."""
    scene.declare(alias("chat", "acme", target={"provider": "acme", "model": "chat-2"}))
    scene.declare(alias("fast", "acme"))
    scene.declare(app("blog", ["fast"], {"name": "main", "deliver": "file"}))
    scene.commit("Change much")


def before_the_change(folder: Path) -> Scene:
    folder.mkdir()
    scene = Scene(folder / "repository")
    scene.commit("Begin")
    assert scene.turn().standing is Standing.READY
    change_much(scene)
    return scene


def requests_of_the_change(folder: Path) -> int:
    scene = before_the_change(folder)
    assert scene.turn().standing is Standing.READY
    return len(scene.fake.log)


@few_pages
@pytest.mark.slow
def test_one_page_at_any_request_of_a_turn_is_over_with_the_next_turn(
    page: Status, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    total = requests_of_the_change(tmp_path / "undisturbed")
    assert total > 15
    for number in range(1, total + 1):
        scene = before_the_change(tmp_path / str(number))
        with scene.fake.failing(Fault(page, number=number)):
            first = scene.turn()
        assert first.standing is not Standing.STALLED, (number, first.reason)
        assert first.look_again_s < 3 or first.standing is Standing.READY
        assert scene.journal.said(EntryKind.REJECTED) == [], number
        assert scene.turn(later_s=2).standing is Standing.READY, number
        assert {row["model_name"] for row in scene.fake.deployments.rows.values()} == {
            "chat",
            "fast",
        }
        assert scene.params("chat")["model"] == "openai/chat-2"


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + 1))
@few_pages
def test_a_page_at_any_write_of_a_change_of_every_kind(
    page: Status, write: int, tmp_path: Path, undisturbed: Mapping[str, JsonValue]
) -> None:
    story = Story(tmp_path)
    with story.fake.failing(Fault(page, write=write)):
        first = story.apply()
    assert len(first.results) == 12
    assert story.apply().ok
    story.check_finished(undisturbed)


class PageFrom(Fault):
    """From the request after one write on, every answer is the page: read-backs too."""

    seen: bool = False

    def strikes(self, request: Request, number: int, write: int) -> bool:  # noqa: ARG002  # the signature of Fault
        before, self.seen = self.seen, self.seen or (self.write is not None and write >= self.write)
        return before


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, EXPECTED_WRITES + 1))
@pytest.mark.parametrize("name", ["Traefik's 404", "a 400 page", "a 200 of something else"])
def test_a_page_at_any_read_back_and_from_there_on(
    name: str, write: int, tmp_path: Path, undisturbed: Mapping[str, JsonValue]
) -> None:
    story = Story(tmp_path)
    with story.fake.failing(PageFrom(PAGES[name], write=write)):
        story.apply()
    assert story.apply().ok
    story.check_finished(undisturbed)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, JsonValue]:
    story = Story(tmp_path_factory.mktemp("undisturbed"))
    assert story.apply().ok
    return story.end_state()


@pages
def test_a_page_for_as_long_as_it_lasts_rejects_no_commit(settled: Scene, page: Status) -> None:
    """A firewall that lets reads through and answers writes with a page of its own."""
    change_much(settled)
    with settled.fake.failing(Fault(page, path=r"/model/(new|gw\.chat)|/key/generate")):
        turns = [settled.turn(later_s=30) for _ in range(4)]
    assert [turn.standing for turn in turns] == [Standing.WAITING] * 4
    assert settled.journal.said(EntryKind.REJECTED) == []
    assert settled.turn().standing is Standing.READY


def test_a_page_that_stays_is_told_and_blames_no_commit(settled: Scene) -> None:
    change_much(settled)
    known, told = None, []
    with settled.fake.failing(Fault(PAGES["a 403 page"], method="POST", path="/model/new")):
        for _ in range(9):
            turn = settled.turn(later_s=120)
            told += [
                notice for notice in notices_of(turn, known) if notice.topic is not Topic.DRIFT
            ]
            known = remembered(turn, known)
    assert [notice.topic for notice in told] == [Topic.STALLED]
    assert told[0].commit is None
    assert "HTML page" in told[0].title
    assert settled.turn(later_s=300).standing is Standing.READY


def test_litellms_own_no_still_rejects_at_once(settled: Scene) -> None:
    change_much(settled)
    no = Status(400, {"error": {"message": "no", "type": "bad_request", "code": "400"}})
    with settled.fake.failing(Fault(no, method="POST", path="/model/new")):
        turn = settled.turn()
    assert (turn.standing, turn.blames_commit) == (Standing.STALLED, True)
    assert len(settled.journal.said(EntryKind.REJECTED)) == 1
    settled.now += timedelta(hours=2)
    assert settled.turn().standing is Standing.READY


def test_an_object_is_gone_only_if_litellm_says_so(settled: Scene) -> None:
    with settled.fake.failing(Fault(PAGES["a 400 page"], path="litellm_model_id")):
        change_much(settled)
        turn = settled.turn()
    assert turn.standing is Standing.WAITING
    assert len(settled.fake.deployments.rows) <= 3, "no second row was made beside the first"
    assert settled.turn().standing is Standing.READY
