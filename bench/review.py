"""Measure a review of one changed alias among many resources, beside validating them, in one run.

Every figure is one fresh process from start to exit, the git that it starts
included. The commands take turns; ratios are of medians of this run. The last
row reviews a change of all but one.

    python bench/review.py --count 2000 --runs 5
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from documents import TODAY
from processes import HERE, PROGRAMS, Command, Measured, measure

VALIDATE = "validate the folder"
COMMITS = "review one alias, two commits"
WORK_TREE = "review one alias, the folder as it is"
EVERYTHING = "review a change of every file"


def commands(folder: Path) -> Mapping[str, Command]:
    """Return what is measured in the repository that `prepare` has put into `folder`."""
    ours, reviewed = PROGRAMS / "aspire-gitops", folder / "gateway.d"
    review = (ours, "review", reviewed, "--today", TODAY, "--format", "markdown")
    return {
        VALIDATE: (ours, "validate", reviewed, "--today", TODAY),
        COMMITS: (*review, "--base", "before", "--head", "after"),
        WORK_TREE: (*review, "--base", "before"),
        EVERYTHING: (*review, "--base", "before", "--head", "all"),
    }


def prepare(folder: Path, count: int) -> None:
    """Make a repository: `before`, `after` with one alias on another model, `all` with every file but the gateway changed."""
    subprocess.run(
        [sys.executable, HERE / "documents.py", folder / "gateway.d", "--count", str(count)],
        check=True,
    )
    git(folder, "init", "--quiet", "--template=", "-b", "before")
    commit(folder, "before")
    swap(sorted((folder / "gateway.d" / "aliases").iterdir())[:1])
    commit(folder, "after")
    git(folder, "checkout", "--quiet", "-b", "all")
    for file in sorted((folder / "gateway.d").glob("*/*.yaml")):
        describe(file)
    commit(folder, "all")
    git(folder, "checkout", "--quiet", "after")


def swap(aliases: Sequence[Path]) -> None:
    for alias in aliases:
        text = alias.read_text(encoding="utf-8")
        head, _, rest = text.partition("model: ")
        alias.write_text(f"{head}model: another-model{rest[rest.index('}') :]}", encoding="utf-8")


def describe(file: Path) -> None:
    """Give a resource another description."""
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("description:")]
    file.write_text("\n".join([*kept, "description: Changed."]) + "\n", encoding="utf-8")


def commit(folder: Path, branch: str) -> None:
    git(folder, "checkout", "--quiet", "-B", branch)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", branch)


def git(folder: Path, *words: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@bench.example"}
    identity |= {key.replace("AUTHOR", "COMMITTER"): text for key, text in identity.items()}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], cwd=folder, check=True, env=os.environ | identity | settings)


def table(count: int, runs: int, measured: Mapping[str, Measured]) -> str:
    """Return one Markdown table."""
    yardstick = measured[VALIDATE].cpu_s
    lines = [
        f"### {count:,} resources, {runs} runs each",
        "",
        "| command | processor s | ÷ validate | median s | min-max s | peak MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, result in measured.items():
        low, high = result.range_s
        lines.append(
            f"| {name} | {result.cpu_s:.2f} | {result.cpu_s / yardstick:.2f}"
            f" | {result.elapsed_s:.2f} | {low:.2f}-{high:.2f} | {result.peak_mib:.0f} |"
        )
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--count", type=click.IntRange(min=8), default=2000, show_default=True)
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True)
def main(count: int, runs: int) -> None:
    """Measure a review beside validate; print one table."""
    with tempfile.TemporaryDirectory(prefix="aspire-bench-") as made:
        folder = Path(made)
        prepare(folder, count)
        click.echo(table(count, runs, measure(commands(folder), runs, folder / "stderr")))


if __name__ == "__main__":
    main()
