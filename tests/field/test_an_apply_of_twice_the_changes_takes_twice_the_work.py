"""What a plan or an apply computes for each change must not grow with the number of changes.

Counts lines that run, not seconds: a thousand changes took the controller two minutes of processor
time, because it computed the whole plan's id for each result.
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from aspire_gitops.journal import open_journal
from aspire_gitops.planning import plan as planning_plan
from support.fake_gateway import Fault, Status
from support.folders import alias, app
from support.turns import Scene

FEW = 24
_GROWS_WITH_ITS_SQUARE = 2.8  # twice the changes: 2.0 is linear, 4.0 quadratic
_COUNTS_FROM = 150  # lines; what runs once or twice says nothing
PHASES = ("created", "nothing to do", "changed", "changed by hand", "refused by the gateway")


def lines_run(work: Callable[[], object]) -> Counter[CodeType]:
    """Return how many lines of ours run, by function, in all threads."""
    counted: Counter[CodeType] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            counted[frame.f_code] += 1
        return count

    def enter(frame: FrameType, _event: str, _argument: object) -> Any:
        return count if "/src/aspire_" in frame.f_code.co_filename else None

    threading.settrace(enter)
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(None)
        threading.settrace(None)
    return counted


def phases(folder: Path, count: int) -> dict[str, Counter[CodeType]]:
    """Return what runs in each phase of a controller's life with `count` aliases and a quarter of it in apps."""
    scene = Scene(folder / "repository")
    (folder / "state").mkdir()
    names = [f"a{n}" for n in range(count)]

    def declare(model: str) -> None:
        for name in names:
            scene.declare(alias(name, "acme", target={"provider": "acme", "model": model}))
        scene.commit()

    def by_hand() -> None:
        for row in scene.fake.deployments.rows.values():
            row["litellm_params"]["model"] = "openai/by-hand"

    with open_journal(None, folder / "state") as journal:
        scene.journal = journal  # type: ignore[assignment]  # a real one, in SQLite
        scene.restart()
        scene.declare(app("shop", ["chat", *names], {"name": "main", "deliver": "file"}))
        for number in range(count // 4):
            scene.declare(app(f"app{number}", ["chat"], {"name": "main", "deliver": "file"}))
        declare("first")
        found = [lines_run(scene.turn), lines_run(scene.turn)]
        declare("second")
        found.append(lines_run(scene.turn))
        by_hand()
        found.append(lines_run(scene.turn))
        declare("third")
        with scene.fake.failing(Fault(Status(400), method="PATCH", path=r"gw\.a")):
            found.append(lines_run(scene.turn))
    return dict(zip(PHASES, found, strict=True))


@pytest.mark.slow
def test_no_function_does_more_for_each_change_when_there_are_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    runs = []
    for count in (2, FEW, 2 * FEW):  # the first imports and fills caches
        folder = tmp_path / str(count)
        folder.mkdir()
        runs.append(phases(folder, count))
    _, few, many = runs
    grown = [
        f"{phase}: {code.co_qualname} ran {few[phase][code]:,} lines, then {lines:,}"
        for phase in PHASES
        for code, lines in many[phase].items()
        if lines > max(_COUNTS_FROM, _GROWS_WITH_ITS_SQUARE * few[phase][code])
    ]
    assert grown == []


def test_the_id_of_a_plan_is_computed_once_however_often_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-acme-secret-0001")
    scene = Scene(tmp_path / "repository")
    for number in range(FEW):
        scene.declare(alias(f"a{number}", "acme"))
    scene.declare(app("shop", [f"a{n}" for n in range(FEW)], {"name": "main", "deliver": "file"}))
    scene.commit()
    counted = lines_run(scene.turn)
    (row,) = [n for code, n in counted.items() if code is planning_plan._change_row.__code__]
    changes = FEW + 3  # a credential, the alias of the scene, a key
    assert row <= 3 * changes * 4, "a plan before, at and after the apply, some lines a change"
