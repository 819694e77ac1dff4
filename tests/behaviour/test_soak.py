"""A controller in a storm comes to rest when the storm ends, and breaks no promise meanwhile.

Two minutes by default; ASPIRE_GITOPS_SOAK_MINUTES=60 makes it an hour, and
ASPIRE_GITOPS_SOAK_SEED repeats a run that failed (see docs/explain/soak.md).
"""

import os
import random
from pathlib import Path

import pytest

from support.sandboxes import fresh_sandbox
from support.soak import Soak, soak_on_fake, soak_on_real

pytestmark = pytest.mark.slow

MINUTES = float(os.environ.get("ASPIRE_GITOPS_SOAK_MINUTES", "2"))
SEED = int(os.environ.get("ASPIRE_GITOPS_SOAK_SEED", random.randrange(1_000_000)))
ON_THE_FAKE = 0.55  # of the time; the rest is for a real gateway, its start included
STARTS_IN_S = 20

MOST_MEMORY_MIB = 120
MOST_DESCRIPTORS = 64
MOST_THREADS = 40
MOST_JOURNAL_KIB_A_TURN = 64
MOST_NEW_DESCRIPTORS = 4
MOST_NEW_THREADS = min(32, (os.cpu_count() or 1) + 4)  # of the pool that turns work in


def test_a_storm_on_the_wire(tmp_path: Path) -> None:
    with soak_on_fake(tmp_path, SEED) as soak:
        weather(soak, MINUTES * 60 * ON_THE_FAKE)


@pytest.mark.real
def test_a_storm_around_a_real_gateway(tmp_path: Path) -> None:
    with fresh_sandbox() as sandbox, soak_on_real(tmp_path, SEED, sandbox) as soak:
        weather(soak, MINUTES * 60 * (1 - ON_THE_FAKE) - STARTS_IN_S)


def weather(soak: Soak, seconds: float) -> None:
    try:
        soak.run(seconds)
    except Exception as error:  # noqa: BLE001  # whatever it is, the seed has to be told
        pytest.fail(soak.failure(error))
    print(soak.report())  # noqa: T201  # for `pytest -s`
    figures = soak.figures
    assert soak.rounds >= 1
    assert figures.zombies == []
    assert figures.peak_mib < MOST_MEMORY_MIB
    assert figures.most("descriptors") < MOST_DESCRIPTORS
    assert figures.most("threads") < MOST_THREADS
    assert figures.growth("descriptors") <= MOST_NEW_DESCRIPTORS, sorted(figures.held)
    assert figures.growth("threads") <= MOST_NEW_THREADS
