"""How fast `egress scan` goes through a large repository, against a bare read of the same bytes.

The tree is made anew: files of six languages in folders as apps have them,
most of them plain code, one in twenty about models, some vendored, ignored,
minified or binary. Each figure comes from a process of its own.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

_WORDS_AS_TEXT = (
    "order price customer window handle parse render token stream account shipping invoice list "
    "report worker queue cache index merge filter apply format result message event record field"
)
_WORDS = _WORDS_AS_TEXT.split()
_CLIENTS = {
    ".py": "from openai import OpenAI\n\nclient = OpenAI(base_url=settings.url)\nbad = OpenAI()\n",
    ".ts": 'import OpenAI from "openai";\nexport const ask = new OpenAI({ baseURL: url });\n',
    ".js": 'const { Anthropic } = require("@anthropic-ai/sdk");\nconst ask = new Anthropic();\n',
    ".php": "<?php\n$client = OpenAI::client(getenv('OPENAI_API_KEY'));\n",
    ".go": 'package app\n\nimport "github.com/openai/openai-go"\n\nvar c = openai.NewClient()\n',
    ".yaml": "env:\n  MISTRAL_API_KEY: ${MISTRAL_API_KEY}\n  URL: https://llm.example.com/v1\n",
}
_LINES = {
    ".py": 'def {0}_{1}({2}, {3}):\n    """Return the {4} of {5}."""\n    return {2}.{1}({3}) + "{4}"\n',
    ".ts": "export function {0}{1}({2}: string): string {{\n  // the {3} of {4}\n  return `${{{2}}} {5}`;\n}}\n",
    ".js": 'function {0}{1}({2}) {{\n  return {2}.{3}("{4}", {{ {5}: 1 }});\n}}\n',
    ".php": "function {0}_{1}(${2}) {{ return ${2}->{3}('{4} {5}'); }}\n",
    ".go": 'func {0}{1}({2} string) string {{\n\treturn {2} + "{3} {4} {5}"\n}}\n',
    ".yaml": "{0}_{1}:\n  {2}: {3}\n  {4}: [{5}, {0}]\n",
}
_MODEL_FILES = 20  # one file in so many has to do with models


def make_tree(root: Path, count: int) -> int:
    """Write `count` files; return how many bytes they hold."""
    drawn = random.Random(1)  # noqa: S311 (a tree, not a secret)
    suffixes = sorted(_LINES)
    total = 0
    (root / ".git").mkdir(parents=True)
    (root / ".gitignore").write_text(
        "*.log\nbuild/\n!keep.log\n/tmp/\n*.tmp\ncoverage/\n.env.local\n"
    )
    for number in range(count):
        folder = root / f"app{number % 40:02}" / f"part{number // 40 % 50:02}"
        if number % 2000 < 40:
            folder.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        suffix = suffixes[number % len(suffixes)]
        text = "".join(_pieces(drawn, suffix, drawn.randint(4, 60)))
        if number % _MODEL_FILES == 0:
            text = _CLIENTS[suffix] + text
        elif suffix == ".php":
            text = "<?php\n" + text
        total += (folder / f"file{number}{suffix}").write_bytes(text.encode())
    return total


def _pieces(drawn: random.Random, suffix: str, count: int) -> Iterator[str]:
    for _ in range(count):
        yield _LINES[suffix].format(*drawn.choices(_WORDS, k=6))


def bare_read(root: Path) -> None:
    """Read every byte of the tree, and do nothing with it."""
    for folder, _, names in os.walk(root):
        for name in names:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)  # noqa: PTH118 (as cheap as it gets)
            os.read(descriptor, 1 << 21)
            os.close(descriptor)


class Took(NamedTuple):
    """What a process took: seconds on the clock, seconds of all its processors, peak memory."""

    seconds: float
    processor_s: float
    peak_mib: float


_MEASURED = """
import json, resource, runpy, sys, time
sys.argv = sys.argv[1:]
start = time.perf_counter()
try:
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module("aspire_gitops", run_name="__main__")
except SystemExit:
    pass
seconds = time.perf_counter() - start
both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
used = sum(usage.ru_utime + usage.ru_stime for usage in both)
print(json.dumps([seconds, used, max(usage.ru_maxrss for usage in both) / 1024]), file=sys.stderr)
"""


def timed(arguments: list[str]) -> Took:
    """Run a program in a process of its own; the peak is of its largest process."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
        text=True,
    )
    return Took(*json.loads(done.stderr.strip().splitlines()[-1]))


@click.command()
@click.option("--count", type=click.IntRange(min=100), default=100_000, show_default=True)
@click.option("--times", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--bare", type=click.Path(path_type=Path), hidden=True)
def main(count: int, times: int, bare: Path | None) -> None:
    """Scan a tree of COUNT files, and print files a second, memory, and the ratio to a bare read."""
    if bare is not None:
        bare_read(bare)
        return
    with tempfile.TemporaryDirectory(prefix="egress-bench-") as folder:
        root = Path(folder)
        start = time.perf_counter()
        total = make_tree(root, count)
        click.echo(
            f"{count:,} files, {total / 1e6:.0f} MB, made in {time.perf_counter() - start:.0f} s"
        )
        read = median([timed([__file__, "--bare", folder]) for _ in range(times)])
        show("bare read", read, read, count)
        for jobs in (1, 2):
            scan = ["aspire-gitops", "egress", "scan", folder, "--jobs", str(jobs)]
            scan += ["--gateway-url", "https://llm.example.com/v1", "--format", "json"]
            show(f"scan, jobs {jobs}", median([timed(scan) for _ in range(times)]), read, count)


def median(runs: list[Took]) -> Took:
    return sorted(runs)[len(runs) // 2]


def show(what: str, took: Took, read: Took, count: int) -> None:
    click.echo(
        f"{what:<14}{took.seconds:7.2f} s, {took.processor_s:6.2f} s of processor time, "
        f"{count / took.processor_s:8,.0f} files/s of one processor, {took.peak_mib:4.0f} MiB, "
        f"{took.processor_s / read.processor_s:4.1f} of the bare read's processor time"
    )


if __name__ == "__main__":
    main()
