"""A pull request cannot hang whoever checks it: time and output grow with the size of the files alone.

Time is never judged by itself: each case is measured beside valid files of the same size, in the
same process and by its processor time. What grew with the square took 100 to 10,000 times as long.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import click
import pytest

from aspire_gitops.egress.folder import Walk
from aspire_gitops.pipeline.catalog import AsOf, Checked, check_tree
from aspire_gitops.rendering.diagnostics import DIAGNOSTIC_RENDERERS
from aspire_gitops.sources import DirectorySource
from aspire_gitops.vocabulary import Revision, SourceFile, SourceTree
from support.hostile_files import (
    MUTANTS,
    WORST,
    Files,
    clean_file,
    clean_folder,
    mutants,
    worked_example,
)
from support.worked_example import rate_day

AT_MOST_TIMES_CLEAN = 40  # valid files of the same size; the slowest case takes about 15
A_MOMENT_S = 0.5  # nothing below says anything: the first finding loads jsonschema
SHOWN_OF_A_FILE, SHOWN_IN_ALL = 100, 2000
LONGEST_MESSAGE = 1300
NOON = datetime.combine(rate_day(), datetime.min.time(), UTC)
SAMPLE = 200
EXAMPLE = worked_example()


def checked(files: Files) -> Checked:
    """Check the worked example with these files added or in place of its own."""
    listed = sorted({**EXAMPLE, **files}.items())
    tree = tuple(SourceFile(f"gateway.d/{path}", content) for path, content in listed)
    return check_tree(SourceTree(Revision("test"), tree), AsOf(NOON))


def seconds(files: Files) -> tuple[float, Checked, Mapping[str, str]]:
    """Return the processor time of checking and of writing the findings in every format."""
    started = time.process_time()
    result = checked(files)
    shown = {name: render(result.diagnostics) for name, render in DIAGNOSTIC_RENDERERS.items()}
    return time.process_time() - started, result, shown


@cache
def clean_seconds_per_byte(*, many: bool) -> float:
    """Return what a byte of valid files takes: of one large file, or of many small ones."""
    files = clean_folder(3000) if many else clean_file(200_000)
    seconds({"apps/wrong.yaml": b"kind: App\n"})  # loads what only findings need
    least = min(seconds(files)[0] for _ in range(2))
    return least / sum(map(len, files.values()))


def allowed_s(files: Files) -> float:
    size = sum(map(len, files.values()))
    per_byte = clean_seconds_per_byte(many=len(files) > 1)
    return A_MOMENT_S + AT_MOST_TIMES_CLEAN * per_byte * max(size, 5000)


def assert_bounded(result: Checked, shown: Mapping[str, str]) -> None:
    by_file: dict[str, int] = {}
    for one in result.diagnostics:
        by_file[one.span.path] = by_file.get(one.span.path, 0) + 1
        assert len(one.message) + len(one.help or "") + len(one.span.snippet) < LONGEST_MESSAGE
    assert max(by_file.values(), default=0) <= SHOWN_OF_A_FILE
    assert len(result.diagnostics) <= SHOWN_IN_ALL
    assert max(map(len, shown.values())) < 10_000 + 3000 * len(result.diagnostics)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORST)
def test_the_worst_files_take_no_longer_than_their_size_explains(name: str) -> None:
    files = WORST[name]()
    allowed = allowed_s(files)
    took, result, shown = seconds(files)
    assert took < allowed, f"{name}: {took:.2f} s, and {allowed:.2f} s are allowed"
    assert_bounded(result, shown)


@pytest.mark.slow
def test_mutants_of_the_worked_example_take_no_longer_than_their_size_explains(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """None ends with an exception, either. `--matrix all` tries all 2,000, `make check` a tenth."""
    every = request.config.getoption("--matrix") == "all"
    slowest, tried = (0.0, "none"), 0
    for mutant in mutants(range(0, MUTANTS, 1 if every else MUTANTS // SAMPLE)):
        files = {mutant.path: mutant.content}
        allowed = allowed_s(files)
        took, result, shown = seconds(files)
        assert took < allowed, f"{mutant}: {took:.2f} s, and {allowed:.2f} s are allowed"
        assert_bounded(result, shown)
        tried += 1
        per_byte = clean_seconds_per_byte(many=False) * max(len(mutant.content), 5000)
        slowest = max(slowest, (took / per_byte, f"{took:.2f} s for {mutant}"))
    with capsys.disabled():
        click.echo(
            f"\n{tried} mutants; the slowest for its size took {slowest[0]:.1f} times clean: {slowest[1]}"
        )
    assert tried == (MUTANTS if every else SAMPLE)


@pytest.mark.parametrize(
    ("name", "kept", "more"),
    [
        pytest.param("8,000 lines of a tab", 99, 15_900, id="tabs, and one key 8,000 times"),
        pytest.param("6,000 unknown keys", 99, 5901, id="unknown keys"),
        pytest.param("6,000 duplicate keys", 99, 5901, id="duplicate keys"),
        pytest.param("6,000 wrong references", 99, 5901, id="wrong references"),
        pytest.param("5,000 secrets, one a line", 99, 4901, id="secrets"),
    ],
)
def test_how_many_findings_are_left_out_is_said(name: str, kept: int, more: int) -> None:
    result = checked(WORST[name]())
    about = [one for one in result.diagnostics if one.span.path == "gateway.d/apps/big.yaml"]
    assert len(about) == kept + 1
    assert about[-1].rule.code == "AG019"
    assert about[-1].message == f"{more:,} more findings of this file are not shown"
    shown = {name: render(result.diagnostics) for name, render in DIAGNOSTIC_RENDERERS.items()}
    assert all(f"{more:,} more findings" in text for text in shown.values())
    assert shown["text"].rstrip().endswith(f"{more:,} more not shown")
    assert json.loads(shown["json"])["left_out"] == more


def test_every_broken_file_of_thousands_is_named_before_any_is_named_twice() -> None:
    wrong = b"kind: App\nx: 1\ny: 1\n"  # each lacks five fields, and has two of its own
    result = checked({f"apps/n{n:04}.yaml": wrong for n in range(1500)})
    files = {
        one.span.path for one in result.diagnostics if one.span.path.startswith("gateway.d/apps/n")
    }
    assert len(files) == 1500
    assert len(result.diagnostics) == SHOWN_IN_ALL
    assert result.diagnostics[-1].left_out == 1500 * 7 - SHOWN_IN_ALL + 1 + _of_the_example(result)


def _of_the_example(result: Checked) -> int:
    others = [one for one in result.diagnostics if "apps/n" not in one.span.path]
    return len(others)


@pytest.fixture
def nested(tmp_path: Path) -> Iterator[Path]:
    """A folder with the Gateway's file, and a thousand folders one inside the other."""
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("a", dir_fd=folder)
        inner = os.open("a", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    (tmp_path / "gateway.yaml").write_bytes(EXAMPLE["gateway.yaml"])
    yield tmp_path
    subprocess.run(["rm", "-r", tmp_path / "a"], check=True)  # Python's own way calls itself, too


def test_folders_nested_a_thousand_deep_are_reported(nested: Path) -> None:
    """They ended the program with "this is a bug in aspire-gitops (RecursionError)"."""
    (problem,) = DirectorySource(nested, ask_git=False).read().problems
    assert problem.message == "the folder is more than 64 levels deep"
    assert [file.path for file in Walk(nested).files()] == ["gateway.yaml"]


def test_warnings_never_crowd_out_the_only_error() -> None:
    """Otherwise a folder with thousands of warnings and one error would be applied."""
    files = {**WORST["3,000 unused aliases"](), "budgets/zz.yaml": b"kind: Budget\nname: zz\n"}
    result = checked(files)
    assert not result.ok
    assert "gateway.d/budgets/zz.yaml" in {one.span.path for one in result.diagnostics}


@pytest.mark.parametrize(
    "name",
    [
        "5,000 secrets, one a line",
        "4,000 secrets in one line",
        "4,000 unknown keys with secrets in one line",
    ],
)
def test_no_secret_is_shown_however_many_there_are(name: str) -> None:
    result = checked(WORST[name]())
    texts = [render(result.diagnostics) for render in DIAGNOSTIC_RENDERERS.values()]
    assert [text for text in texts if "Zx9Kq2" in text] == []
