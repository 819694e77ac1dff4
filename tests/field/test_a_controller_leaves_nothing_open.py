"""After many turns a controller holds no more than after its first, and a leak would be seen."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from support.daemons import running, site_in, tell_of_push
from support.fake_gateway import ADMIN_KEY, FakeGateway, serving
from support.soak.figures import Figures

pytestmark = pytest.mark.slow

TURNS = 12
MOST_NEW = 4  # as the soak allows

# What a turn leaves open by mistake, said before the program begins.
LEAKS = {
    "file": "held.append(open(os.devnull))",
    "socket": "held.append(socket.socket())",
}
PLANT = """
import os, socket
from aspire_gitops.controller.reconcile import Reconciler

held, turn = [], Reconciler.turn

async def leaking(self, causes):
    {leak}
    return await turn(self, causes)

Reconciler.turn = leaking
"""
# Seven connections that are kept for a while, like those to a gateway, and never fewer.
KEEPS = """
import random, socket, sys, time
{leak}
kept = []
while True:
    kept.append((socket.socket(), time.monotonic() + random.uniform(0.1, 2)))
    kept = [one for one in kept if one[1] > time.monotonic() or len(kept) < 8]
    while len(kept) < 7:
        kept.append((socket.socket(), time.monotonic() + random.uniform(0.1, 2)))
    time.sleep(0.01)
"""


@contextmanager
def busy_machine() -> Iterator[None]:
    """Let other programs take what processor time there is."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def grown(folder: Path, *, patience_s: float = 60, busy: bool = False, **variables: str) -> int:
    """Let a controller take turns. Returns how much more it holds than before."""
    figures = Figures(patience_s)
    with serving(FakeGateway()) as url:
        site = site_in(folder, gateway_url=url, admin_key=ADMIN_KEY, **variables)
        site.aimed("east")
        with running(site.daemon) as daemon:
            daemon.first_turn()
            figures.rest(daemon.pid)
            with busy_machine() if busy else nullcontext():
                for number in range(TURNS):
                    site.applied(("west", "east")[number % 2])
                    tell_of_push(daemon.url() or "")
                figures.rest(daemon.pid)
    return figures.growth("descriptors")


def test_many_turns_leave_nothing_open(tmp_path: Path) -> None:
    assert grown(tmp_path, busy=True) <= MOST_NEW


@pytest.mark.parametrize("kind", LEAKS)
def test_a_turn_that_leaves_something_open_is_found(tmp_path: Path, kind: str) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(PLANT.format(leak=LEAKS[kind]))
    assert grown(tmp_path, patience_s=12, PYTHONPATH=str(planted)) >= TURNS > MOST_NEW


@pytest.mark.parametrize(
    ("leak", "expected"),
    [
        pytest.param("", 0, id="kept for a while"),
        pytest.param("held = [socket.socket() for _ in range(5)]", 5, id="five for ever"),
    ],
)
def test_connections_that_come_and_go_are_no_leak(leak: str, expected: int) -> None:
    figures = Figures(patience_s=12)
    for program in (KEEPS.format(leak=""), KEEPS.format(leak=leak)):
        with subprocess.Popen([sys.executable, "-c", program]) as process, busy_machine():
            time.sleep(1)
            figures.rest(process.pid)
            process.kill()
    assert figures.growth("descriptors") == expected
