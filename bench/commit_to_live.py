"""From `git push` to the first call that the new target answers, beside a bare PATCH.

    PYTHONPATH=tests python bench/commit_to_live.py --runs 7

One real LiteLLM, a controller process, a bare repository. Each run moves an alias
to the other provider; who answers is what the stand-in provider says itself. The
floor is the same move by one PATCH of a bare client, judged by the same calls.

Our share is what we wait (for the hook, for the interval) and our processor time.
The gateway's time is that of the whole turn, the proof after the call went over
included, so the parts may add up to more than the whole. Quote the ratios.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click

from aspire_gitops.sandbox import Sandbox, SandboxOptions
from aspire_gitops.sandbox import running as sandbox_running
from aspire_gitops.status.document import TurnDocument
from support.daemons import SIDES, Site, running, side_that_answers, site_in, tell_of_push, until
from support.sandbox_admin import Admin, admin_of, good

LONG_S = 3_000.0
BARE = "moved-by-hand"
TOTAL, FLOOR, PUSH = "push → live", "bare PATCH → live", "git push itself"
WAITED, OWN, SOURCE, ON_GATEWAY = (
    "ours: waiting until the turn begins",
    "ours: processor time of the turn",
    "git's: reading the source",
    "gateway's: reading, writing, proof",
)


@dataclass(slots=True)
class Taken:
    """Milliseconds by part, one entry for each run."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    def add(self, part: str, seconds: float) -> None:
        self.ms.setdefault(part, []).append(seconds * 1000)

    def of(self, part: str) -> float:
        return median(self.ms[part])


def live_at(call: Callable[[], str | None], side: str, *, within_s: float = 60) -> float:
    """Call until that side answers; returns when the first such call began, by the clock."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        began = time.time()
        if call() == side:
            return began
    raise click.ClickException(f"the {side} did not answer within {within_s:g} s")


def turn_of(site: Site, commit: str) -> TurnDocument:
    """Return the turn that applied a commit, once it has ended."""
    found: list[TurnDocument] = []

    def look() -> bool:
        found[:] = [
            turn
            for turn in site.status().turns
            if turn.applied and turn.applied.commit == commit and turn.counts
        ]
        return bool(found)

    until(look)
    return found[-1]


def pushed(site: Site, side: str, taken: Taken, *, by_webhook: bool) -> None:
    site.aim(side)
    commit = site.origin.commit(f"Send {site.alias} to the {side}")
    began = time.time()
    site.origin.push()
    there = time.time()
    if by_webhook:
        url = site.daemon.url()
        if url is None or tell_of_push(url) != 202:
            raise click.ClickException("the webhook was not taken")
    live = live_at(site.answers, side)
    turn = turn_of(site, commit)
    taken.add(TOTAL, live - began)
    taken.add(PUSH, there - began)
    taken.add(WAITED, turn.started_at.timestamp() - there)
    taken.add(OWN, turn.own_s)
    taken.add(SOURCE, turn.source_s)
    taken.add(ON_GATEWAY, turn.gateway_s)


def patched(site: Site, admin: Admin, key: str, side: str, taken: Taken) -> None:
    params = {"api_base": f"{site.upstream_url}/{side}/v1"}
    began = time.time()
    good(admin.send("PATCH", f"/model/{BARE}/update", {"litellm_params": params}))
    live = live_at(lambda: side_that_answers(site.gateway_url, key, BARE), side)
    taken.add(FLOOR, live - began)


def report(what: str, taken: Taken, runs: int) -> None:
    click.echo(f"{what}: median ms of {runs} runs")
    for part in (TOTAL, PUSH, WAITED, OWN, SOURCE, ON_GATEWAY, FLOOR):
        indent = "" if part in (TOTAL, FLOOR) else "  "
        click.echo(f"  {indent + part:42}{taken.of(part):9.0f}")
    click.echo(f"  {'push → live ÷ bare PATCH → live':42}{taken.of(TOTAL) / taken.of(FLOOR):9.1f}")


@contextmanager
def prepared(sandbox: Sandbox, folder: Path) -> Iterator[tuple[Site, Admin]]:
    """Give a site that is at rest with the east, and a model of a bare client's own."""
    if sandbox.upstream_url is None:
        raise AssertionError("it was asked for")
    site = site_in(
        folder,
        gateway_url=sandbox.base_url,
        admin_key=sandbox.master_key,
        upstream_url=sandbox.upstream_url,
    )
    site.aimed(SIDES[0])
    with admin_of(sandbox) as admin:
        admin.new_model(BARE, api_base=f"{sandbox.upstream_url}/{SIDES[0]}/v1")
        yield site, admin


@click.command()
@click.option("--runs", default=7, show_default=True, help="For each trigger.")
@click.option("--interval", "interval_s", default=5.0, show_default=True, help="When polling.")
def main(runs: int, interval_s: float) -> None:
    """Measure how long a commit takes until it answers."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox_running(SandboxOptions(upstream=True)) as sandbox,
        prepared(sandbox, Path(folder)) as (site, admin),
    ):
        for what, pause_s in (("webhook", LONG_S), (f"polling, {interval_s:g} s", interval_s)):
            site.daemon.interval_s, taken = pause_s, Taken()
            with running(site.daemon):
                site.daemon.reconcile()
                side = site.answers() or SIDES[0]
                for _ in range(runs):
                    side = SIDES[1 - SIDES.index(side)]
                    pushed(site, side, taken, by_webhook=pause_s == LONG_S)
                    patched(site, admin, sandbox.master_key, side, taken)
                    time.sleep(1.5)  # the least gap between two turns is no part of it
            report(what, taken, runs)


if __name__ == "__main__":
    main()
