"""The real server over real sockets: where it listens, what it refuses, how it ends."""

import asyncio
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from aspire_gitops.server import serving as served
from aspire_gitops.server.local import LocalController
from aspire_gitops.server.options import ServerOptions
from aspire_gitops.server.sockets import SOCKET
from aspire_gitops.status.value import Standing, Turn
from aspire_gitops.vocabulary import AspireGitopsError, UnsafePlan, UsageError
from support.serving import serving
from support.statuses import StandIn, fresh, turn

pytestmark = pytest.mark.slow  # a minute for all fast tests is not much


def options(folder: Path, **more: str) -> ServerOptions:
    return ServerOptions(**{"state_dir": folder, "listen": "127.0.0.1:0", **more})  # type: ignore[arg-type]  # fields of it


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_the_same_status_is_told_on_the_network_and_on_the_socket(tmp_path: Path) -> None:
    with serving(StandIn(), options(tmp_path)) as url:
        over_network = httpx.get(f"{url}/api/status", trust_env=False).json()
        over_socket = LocalController(tmp_path).status().model_dump(mode="json")
    assert over_socket == over_network


def test_reconcile_waits_for_the_turn_and_returns_it(tmp_path: Path) -> None:
    controller = StandIn(answer=turn(7, standing=Standing.STALLED, reason="a person must act"))
    with serving(controller, options(tmp_path)):
        ended = LocalController(tmp_path).reconcile()
    assert (ended.id, ended.standing, controller.woken) == ("t-0007", "stalled", ["reconcile"])


def test_reconcile_says_why_there_was_no_turn(tmp_path: Path) -> None:
    controller = StandIn(answer=UnsafePlan("another controller holds the lock"))
    with (
        serving(controller, options(tmp_path)),
        pytest.raises(AspireGitopsError, match="another controller holds the lock"),
    ):
        LocalController(tmp_path).reconcile()


@pytest.mark.parametrize(("asked", "cause"), [("brake", "brake"), ("<made up>", "reconcile")])
def test_only_causes_that_we_know_are_passed_on(tmp_path: Path, asked: str, cause: str) -> None:
    controller = StandIn()
    with serving(controller, options(tmp_path)):
        LocalController(tmp_path).reconcile(cause=asked)
    assert controller.woken == [cause]


class Busy(StandIn):
    """A controller whose turn does not end."""

    async def turn(self, cause: str) -> Turn:
        await asyncio.Event().wait()
        return await super().turn(cause)


def test_reconcile_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_STOP_PATIENCE_S", 0.1)
    with (
        serving(Busy(), options(tmp_path)),
        pytest.raises(AspireGitopsError, match=r"did not answer within 0\.2 s"),
    ):
        LocalController(tmp_path).reconcile(timeout_s=0.2)


def test_a_controller_that_ends_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "_STOP_PATIENCE_S", 0.1)
    with ThreadPoolExecutor(1) as pool:
        with serving(Busy(), options(tmp_path)):
            asked = pool.submit(LocalController(tmp_path).reconcile, timeout_s=20)
            time.sleep(0.3)
        with pytest.raises(AspireGitopsError, match="ended before it answered"):
            asked.result(10)


def test_nobody_on_the_network_can_ask_for_a_turn(tmp_path: Path) -> None:
    controller = StandIn()
    with serving(controller, options(tmp_path)) as url:
        assert httpx.post(f"{url}/reconcile", trust_env=False).status_code == 404
    assert controller.woken == []


def test_without_a_controller_the_client_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no controller answers at .*controller\.sock"):
        LocalController(tmp_path).status()


def test_a_state_folder_whose_path_is_too_long_for_a_socket_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    before = descriptors()
    with serving(StandIn(), options(deep)):
        assert LocalController(deep).status().version == 2
    assert not (deep / SOCKET).exists()
    assert descriptors() == before


def test_only_its_owner_may_open_the_socket(tmp_path: Path) -> None:
    with serving(StandIn(), options(tmp_path / "new")):
        modes = [stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) for name in ("", SOCKET)]
    assert modes == [0o700, 0o600]


def test_a_socket_that_a_killed_controller_left_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET))
    with serving(StandIn(), options(tmp_path)):
        assert LocalController(tmp_path).status().version == 2


def test_a_second_controller_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(StandIn(now=fresh()), options(tmp_path)):
        with (
            pytest.raises(UsageError, match="another controller uses"),
            serving(StandIn(), options(tmp_path)),
        ):
            pass
        assert LocalController(tmp_path).status().reason == "no turn has ended yet"


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / SOCKET).write_text("mine")
    with (
        pytest.raises(UsageError, match="is not a socket; remove it"),
        serving(StandIn(), options(tmp_path)),
    ):
        pass
    assert (tmp_path / SOCKET).read_text() == "mine"


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        pytest.param("0.0.0.0:0", "anyone who can reach 0.0.0.0:0 could read", id="everybody"),
        pytest.param("[::]:0", r"anyone who can reach \[::\]:0 could read", id="everybody, IPv6"),
        pytest.param("nowhere.invalid:1", "invalid listen address", id="an unknown name"),
        pytest.param("192.0.2.1:0", "anyone who can reach", id="somebody else's address"),
    ],
)
def test_an_address_is_refused_with_a_reason(tmp_path: Path, listen: str, message: str) -> None:
    with (
        pytest.raises(UsageError, match=message),
        serving(StandIn(), options(tmp_path, listen=listen)),
    ):
        pass


def test_a_taken_port_is_refused_with_a_reason(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(UsageError, match=f"cannot listen on {listen}: address already in use"),
            serving(StandIn(), options(tmp_path, listen=listen)),
        ):
            pass


def test_with_a_token_it_may_listen_everywhere(tmp_path: Path) -> None:
    with serving(StandIn(), options(tmp_path, listen="0.0.0.0:0", token="t0ken")) as url:
        port = url.rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 401


def test_stopping_takes_less_than_a_second(tmp_path: Path) -> None:
    with httpx.Client(trust_env=False) as client:
        with serving(StandIn(), options(tmp_path)) as url:
            client.get(f"{url}/healthz")
            began = time.monotonic()
        assert time.monotonic() - began < 1


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    shown = repr(options(tmp_path, token="t0ken-value", webhook_secret="hook-value"))
    assert not {"t0ken-value", "hook-value"} & set(shown.replace("'", " ").split())
    assert "t0ken-value" not in shown
