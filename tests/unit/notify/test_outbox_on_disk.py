"""What waits survives kill -9 and a full disk, and its files hold no secret."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from aspire_gitops.forge import GithubStatuses, Repository
from aspire_gitops.notify import Outbox, SlackReceiver, WebhookReceiver
from aspire_gitops.status.value import Topic
from aspire_gitops.vocabulary import NotificationFailed
from support.listening import OK, Listener, Say, dead_port, listening
from support.listening_notices import QUICK, Friend, ids, notice, put_all, run_until
from support.listening_writer import receiver

pytestmark = pytest.mark.slow  # other programs at work, one after the other

TESTS = Path(__file__).parents[2]


@contextmanager
def writer(
    folder: Path, *urls: str, first: int = 1, count: int
) -> Iterator["subprocess.Popen[str]"]:
    program = TESTS / "support" / "listening_writer.py"
    arguments = [str(folder), ",".join(urls), str(first), str(count)]
    with subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout is not None
    while True:
        read = process.stdout.readline()
        assert read, "the program ended before that line"
        if read.strip() == line:
            return


def test_a_full_outbox_survives_kill_9_and_the_rest_is_told(tmp_path: Path) -> None:
    with listening() as up:
        up.script = lambda _heard: OK if len(up.heard) <= 10 else Say(wait_s=0.05)
        urls = (up.base, f"http://127.0.0.1:{dead_port()}")
        with writer(tmp_path / "outbox", *urls, count=60) as process:
            wait_for_line(process, "60")
            up.waits_for(15)
            process.send_signal(signal.SIGKILL)
            process.wait()
        before = len(up.heard)
        with listening() as revived:
            up.script = lambda _heard: OK
            both = [receiver("hook-0", up.base), receiver("hook-1", revived.base)]
            run_until(Outbox(tmp_path / "outbox", both, pace=QUICK))

            assert revived.ids() == ids(*range(1, 61))
        assert list(dict.fromkeys(up.ids())) == ids(*range(1, 61))
        # The one in hand when the program died may be told twice: a stable id drops it.
        assert before < 60 <= len(up.heard) <= 61
    assert list((tmp_path / "outbox").iterdir()) == []


@pytest.mark.parametrize("kill_after", [1, 23])
def test_what_was_put_before_kill_9_is_never_lost_or_half_written(
    tmp_path: Path, kill_after: int
) -> None:
    with writer(tmp_path, f"http://127.0.0.1:{dead_port()}", count=10_000) as process:
        wait_for_line(process, str(kill_after))
        process.send_signal(signal.SIGKILL)

    friend = Friend("hook-0")
    with capture_logs() as logs:
        run_until(Outbox(tmp_path, [friend], pace=QUICK))

    assert friend.ids[:kill_after] == ids(*range(1, kill_after + 1))
    assert friend.ids == ids(*range(1, len(friend.ids) + 1))
    assert logs == []


def test_only_we_may_read_what_waits(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "outbox"
    Outbox(folder, [Friend()]).put(notice(1))

    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_full_disk_keeps_notices_in_memory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    friend = Friend()
    box = Outbox(tmp_path / "outbox", [friend], pace=QUICK)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk, capture_logs() as logs:
        disk.setattr(os, "fsync", full)
        put_all(box, [notice(1), notice(2)])

    assert (box.untold, box.unsaved) == (2, 2)
    assert {log["why"] for log in logs} == {"No space left on device"}
    assert list((tmp_path / "outbox").iterdir()) == []

    box.put(notice(3))  # there is room again
    assert (box.untold, box.unsaved) == (3, 0)
    assert len(list((tmp_path / "outbox").iterdir())) == 3
    run_until(box)
    assert friend.ids == ids(1, 2, 3)


def test_on_a_full_disk_what_was_told_still_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Friend("dead", [NotificationFailed("down")] * 10_000, frozenset({Topic.APPLIED}))
    alive = Friend("alive")
    box = Outbox(tmp_path, [dead, alive], pace=QUICK)
    put_all(box, [notice(1), notice(2, Topic.DRIFT)])

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with capture_logs():
        run_until(box, lambda: len(alive.heard) == 2 and box.untold == 1)

    assert [path.name for path in tmp_path.iterdir()] == ["000000000001.json"]


def test_a_folder_that_cannot_be_made_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    friend = Friend()
    with capture_logs():
        box = Outbox(tmp_path / "outbox", [friend], pace=QUICK)
        put_all(box, [notice(1), notice(2)])
        run_until(box)

    assert friend.ids == ids(1, 2)


def test_a_full_disk_is_tried_once_for_each_notice_not_for_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox(tmp_path, [Friend()])
    tries = []

    def full(descriptor: int) -> None:
        tries.append(descriptor)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with capture_logs():
        put_all(box, [notice(n) for n in range(50)])

    assert len(tries) == 50


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"number": 1, "noti', id="half"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[" * 100_000, id="bottomless"),
        pytest.param(b"x" * 2_000_000, id="large"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_damaged_file_is_set_aside_and_the_others_are_told(
    tmp_path: Path, content: bytes
) -> None:
    put_all(Outbox(tmp_path, [Friend()]), [notice(n) for n in (1, 2, 3)])
    (tmp_path / "000000000002.json").write_bytes(content)
    friend = Friend()

    with capture_logs() as logs:
        run_until(Outbox(tmp_path, [friend], pace=QUICK))

    assert friend.ids == ids(1, 3)
    assert [log["file"] for log in logs] == ["000000000002.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["000000000002.unreadable"]


def test_a_draft_of_a_killed_program_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".draft-x1").write_text("{")
    (tmp_path / "notes.txt").write_text("somebody else's")

    Outbox(tmp_path, [Friend()])

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    Outbox(tmp_path, [Friend()]).put(notice(1))
    Outbox(tmp_path, [Friend()]).put(notice(2))

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000000000001.json",
        "000000000002.json",
    ]


def test_text_that_is_no_unicode_can_be_kept(tmp_path: Path) -> None:
    Outbox(tmp_path, [Friend()]).put(notice(1, lines=("half a pair: \ud83d",)))
    friend = Friend()

    run_until(Outbox(tmp_path, [friend], pace=QUICK))

    assert friend.heard[0].lines == ("half a pair: ?",)


SECRETS = ["ghp_planted_token", "planted-webhook-secret", "/services/T0/B0/planted-path"]


def receivers(up: Listener) -> list[GithubStatuses | SlackReceiver | WebhookReceiver]:
    return [
        GithubStatuses(Repository("github.com", "a", "b"), SecretStr(SECRETS[0]), api_url=up.base),
        SlackReceiver(up.url(SECRETS[2])),
        WebhookReceiver(up.url("/hook?key=planted-key"), SecretStr(SECRETS[1])),
    ]


def test_no_secret_of_a_receiver_is_on_disk_in_a_log_or_in_a_repr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    echo = Say(500, body=" ".join(SECRETS).encode())
    with listening(lambda _heard: echo) as up, capture_logs() as logs:
        box = Outbox(tmp_path, receivers(up), pace=QUICK)
        box.put(notice(1))
        run_until(box, lambda: all(t.failed_tries > 1 for t in box.counts.values()))
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode()
        shown = f"{receivers(up)} {box.__dict__}"

    assert "t1-applied" in kept
    assert len(logs) >= 6
    out = capfd.readouterr()
    assert "planted" not in kept + str(logs) + shown + out.out + out.err
