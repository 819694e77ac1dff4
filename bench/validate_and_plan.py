"""Measure validate and plan beside a bare libyaml parse and beside octoDNS, all in one run.

Every figure is one fresh process from start to exit. The commands take turns,
so that a busy machine is busy for all of them; ratios are of medians of this
run, and absolute figures of other runs say nothing. Prints one Markdown table
for each size.

    python bench/validate_and_plan.py --sizes 100,1000 --runs 3
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click
from documents import TODAY
from processes import HERE, PROGRAMS, Command, Measured, measure

BARE = "bare libyaml parse"
VALIDATE = "aspire-gitops validate"
PLAN = "aspire-gitops plan"
OCTODNS_VALIDATE = "octodns-validate"
OCTODNS_PLAN = "octodns-sync (plan)"
YARDSTICKS = {VALIDATE: OCTODNS_VALIDATE, PLAN: OCTODNS_PLAN}


def commands(folder: Path) -> Mapping[str, Command]:
    """Return what is measured on the input that `prepare` has put into `folder`."""
    ours, reviewed = PROGRAMS / "aspire-gitops", folder / "gateway.d"
    octodns_config = ("--config-file", folder / "octodns" / "config.yaml")
    bare = (sys.executable, HERE / "bare_parse.py", reviewed)
    return {
        "libyaml alone, nothing handed to Python": (*bare, "libyaml"),
        BARE: (*bare, "events"),
        "PyYAML's CSafeLoader": (*bare, "safe_load"),
        VALIDATE: (ours, "validate", reviewed, "--today", TODAY),
        OCTODNS_VALIDATE: (PROGRAMS / "octodns-validate", *octodns_config),
        PLAN: (ours, "plan", reviewed, "--today", TODAY, "--snapshot", folder / "snapshot.json"),
        OCTODNS_PLAN: (PROGRAMS / "octodns-sync", "--quiet", *octodns_config),
    }


def prepare(folder: Path, count: int) -> None:
    """Write the files, the stored snapshot and octoDNS's records.

    In processes of their own: what this process holds would count for its
    children, whose largest size starts from ours.
    """
    size = ("--count", str(count))
    before = folder / "before"
    for script in (
        ("documents.py", folder / "gateway.d", *size),
        ("documents.py", before, *size, "--before"),
        ("stored_snapshot.py", before, folder / "snapshot.json"),
        ("octodns_records.py", folder / "octodns", *size),
    ):
        subprocess.run([sys.executable, HERE / script[0], *script[1:]], check=True)


def table(count: int, runs: int, measured: Mapping[str, Measured]) -> str:
    """Return one Markdown table."""
    bare = measured[BARE].elapsed_s
    lines = [
        f"### {count:,} documents (records), {runs} runs each",
        "",
        "| command | median s | min-max s | ÷ bare parse | octoDNS ÷ ours | CPU s | peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in measured.items():
        low, high = result.range_s
        theirs = measured[YARDSTICKS[name]].elapsed_s if name in YARDSTICKS else None
        against = f"{theirs / result.elapsed_s:.1f}" if theirs else ""
        lines.append(
            f"| {name} | {result.elapsed_s:.2f} | {low:.2f}-{high:.2f}"
            f" | {result.elapsed_s / bare:.2f} | {against} | {result.cpu_s:.2f} | {result.peak_mib:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _sizes(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter("write numbers with commas between, like 100,1000") from error


@click.command()
@click.option("--sizes", callback=_sizes, default="100,1000,10000", show_default=True)
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True)
def main(sizes: tuple[int, ...], runs: int) -> None:
    """Measure validate and plan; print a table for each size."""
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="aspire-bench-") as made:
            folder = Path(made)
            prepare(folder, count)
            click.echo(table(count, runs, measure(commands(folder), runs, folder / "stderr")))


if __name__ == "__main__":
    main()
