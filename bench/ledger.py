"""What the spend ledger holds and costs, beside LiteLLM's own budgets, through real gateways.

    python bench/ledger.py caps       a cap worth 100 calls, 64 clients
    python bench/ledger.py crash      kill -9 in the middle of calls, ten times
    python bench/ledger.py overhead   milliseconds and calls per second, interleaved
    python bench/ledger.py            all three; about half an hour

Every row of a table comes from one run. Absolute figures depend on the machine: quote ratios.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "aspire-ledger" / "tests"))

from aspire_ledger.audit import verify
from aspire_ledger.postgres import PostgresStore
from ledger_support.desk import CHAT_AUD
from support.ledger_real import SAY_HI, LedgerGateway, ledger_config, ledger_gateway
from support.ledger_real_kill import Got, kill_under_load, recovered
from support.ledger_real_load import Caller, Made, premature, storm

WORTH, CLIENTS = 100, 64
AT_MOST_S = 20.0
CHAT_USD = float(CHAT_AUD) / 2
EMPTY_CALLBACK = """
from litellm.integrations.custom_logger import CustomLogger

class Empty(CustomLogger):
    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        return data

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        pass

empty = Empty()
"""


def config(folder: Path, *, callback: str | None = None, **general: Any) -> Path:
    """Write the compiled config without the ledger: with another callback, or with none."""
    path = ledger_config(folder)
    settings = yaml.safe_load(path.read_text())
    del settings["litellm_settings"]["callbacks"]
    settings["general_settings"].update(general)
    if callback:
        (folder / "empty.py").write_text(EMPTY_CALLBACK)
        settings["litellm_settings"]["callbacks"] = [callback]
    path.write_text(yaml.safe_dump(settings))
    return path


@contextmanager
def gateway(**more: Any) -> Iterator[LedgerGateway]:
    """Run a gateway; `plain=…` leaves the ledger out and gives `config` its keywords."""
    with tempfile.TemporaryDirectory() as folder:
        plain = more.pop("plain", None)
        path = None if plain is None else config(Path(folder), **plain)
        with ledger_gateway(Path(folder), config=path, **more) as running:
            for address in addresses(running):
                asyncio.run(warm_up(running, address))
            yield running


def addresses(running: LedgerGateway) -> list[str]:
    return [running.sandbox.base_url, *running.sandbox.extra_base_urls]


async def warm_up(running: LedgerGateway, address: str) -> None:
    app = running.app("1")
    async with Caller(address, app.key) as caller:
        for _ in range(20):
            await caller.post({"model": "chat", "max_tokens": 20, **SAY_HI})


# ── a cap worth a hundred calls ─────────────────────────────────────────────

ALONE: Mapping[str, Mapping[str, Any]] = {
    "LiteLLM, default": {"disable_budget_reservation": False},
    "LiteLLM, fail closed": {
        "disable_budget_reservation": False,
        "fail_closed_budget_enforcement": True,
    },
    "LiteLLM, no reservation": {"disable_budget_reservation": True},
}


def caps() -> None:
    """Print how many of 100 calls are admitted, and how many are refused while money is left."""
    click.echo(f"{'':36}{'max_tokens sent':>26}{'not sent':>26}")
    click.echo(f"{'admitted / refused too early':36}" + f"{'stop':>13}{'go on':>13}" * 2)
    for name, general in ALONE.items():
        with gateway(plain=general) as running:
            _row(
                name,
                [
                    _storm(running, _capped_in_usd(running), more, go_on=go_on)
                    for more, go_on in _CASES
                ],
            )
    for extra in (0, 1):
        with gateway(extra_proxies=extra) as running:
            for mode in ("strict", "fair"):
                made = [
                    _storm(running, _capped(running, mode), more, go_on=go_on)
                    for more, go_on in _CASES
                ]
                _row(f"ledger, {mode}, {1 + extra} proxies", made)


_CASES = [({"max_tokens": 20}, False), ({"max_tokens": 20}, True), ({}, False), ({}, True)]


def _capped(running: LedgerGateway, mode: str) -> str:
    return running.app(CHAT_AUD * WORTH, budget_mode=mode).key


def _capped_in_usd(running: LedgerGateway) -> str:
    return running.admin.new_key(models=["chat"], max_budget=CHAT_USD * WORTH)


def _storm(running: LedgerGateway, key: str, more: Mapping[str, Any], *, go_on: bool) -> list[Made]:
    body = {"model": "chat", **SAY_HI, **more}
    return asyncio.run(
        storm(addresses(running), key, body, clients=CLIENTS, go_on=go_on, at_most_s=AT_MOST_S)
    )


def _row(name: str, cases: Sequence[Sequence[Made]]) -> None:
    cells = [f"{sum(call.ok for call in made)} / {premature(made, WORTH)}" for made in cases]
    click.echo(f"{name:36}" + "".join(f"{cell:>13}" for cell in cells))


# ── kill -9 ─────────────────────────────────────────────────────────────────


def crash(rounds: int = 10, seconds: float = 8.0) -> None:
    """Print what clients got, what the ledger booked, and what LiteLLM's own spend says."""
    grace = {"ASPIRE_LEDGER_GRACE_SECONDS": "5"}
    with gateway(env=grace, timeout_s=5) as running:
        clients = [Got(running.app("10")) for _ in range(8)]
        sandbox = running.sandbox
        for number in range(rounds):
            sandbox = kill_under_load(sandbox, clients, after_s=seconds)
            answered = sum(got.answered for got in clients)
            click.echo(f"round {number + 1}: {answered} answered so far")
        recovered(running, clients, within_s=60)
        time.sleep(10)  # LiteLLM writes its spend every few seconds
        _tell_crash(running, clients)


def _tell_crash(running: LedgerGateway, clients: Sequence[Got]) -> None:
    entries = [running.entries(got.app) for got in clients]
    kinds = [entry.kind for of_one in entries for entry in of_one]
    answered, cut = (sum(getattr(got, name) for got in clients) for name in ("answered", "cut_off"))
    short = [
        got.app.name
        for got, of_one in zip(clients, entries, strict=True)
        if not got.answered <= len(of_one) <= got.answered + got.cut_off
    ]
    own = sum(running.admin.key_row(got.app.key)["spend"] for got in clients) / CHAT_USD
    click.echo(f"answered with 200 {answered}, cut off {cut}")
    click.echo(
        f"ledger: {len(kinds)} calls booked ({kinds.count('settled')} settled, "
        f"{kinds.count('recovered')} recovered); clients with too few or too many: {short or 0}"
    )
    click.echo(f"totals that differ from their entries: {len(_differences(running))}")
    lost = answered - own
    click.echo(f"LiteLLM's own spend: {own:.0f} calls; lost {lost:.0f} ({lost / answered:.0%})")


def _differences(running: LedgerGateway) -> Sequence[object]:
    async def verified() -> Sequence[object]:
        async with PostgresStore(running.url) as store:
            return (await verify(store)).differences

    return asyncio.run(verified())


# ── overhead ────────────────────────────────────────────────────────────────


@dataclass
class Subject:
    """One gateway under measurement, and all that was measured."""

    name: str
    address: str
    key: str
    alone: list[float]
    per_s: list[float]


def overhead(rounds: int = 8, calls: int = 60) -> None:
    """Print milliseconds of a call with one client, and calls per second with sixteen.

    One client calls each gateway in turn, so that whatever else the machine does meets all alike.
    """
    with ExitStack() as stack:
        subjects = [
            _subject("no callback", stack.enter_context(gateway(plain={}))),
            _subject(
                "empty callback", stack.enter_context(gateway(plain={"callback": "empty.empty"}))
            ),
            _subject("ledger", stack.enter_context(gateway())),
        ]
        for number in range(rounds):
            turned = subjects[number % 4 :] + subjects[: number % 4]
            asyncio.run(_in_turn(turned, calls))
            for subject in turned:
                asyncio.run(_at_once(subject, calls // 4))
    _tell_overhead(subjects)


def _subject(name: str, running: LedgerGateway) -> Subject:
    return Subject(name, running.sandbox.base_url, running.app("1000").key, [], [])


async def _in_turn(subjects: Sequence[Subject], calls: int) -> None:
    async with AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(Caller(subject.address, subject.key))
            for subject in subjects
        ]
        for _ in range(calls):
            for subject, caller in zip(subjects, callers, strict=True):
                subject.alone.append((await _call(subject, caller)).ms)


async def _at_once(subject: Subject, calls: int) -> None:
    async def one() -> None:
        async with Caller(subject.address, subject.key) as caller:
            for _ in range(calls):
                await _call(subject, caller)

    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(CLIENTS // 4)))
    subject.per_s.append(CLIENTS // 4 * calls / (time.monotonic() - began))


async def _call(subject: Subject, caller: Caller) -> Made:
    made, _ = await caller.post({"model": "chat", "max_tokens": 20, **SAY_HI})
    if not made.ok:
        raise click.ClickException(f"{subject.name} answered {made.status}")
    return made


def _tell_overhead(subjects: Sequence[Subject]) -> None:
    click.echo(
        f"{'':24}{'p50 ms':>9}{'p95':>9}{'p99':>9}{'over empty':>12}{'calls/s':>10}{'÷ empty':>9}"
    )
    empty = subjects[1]
    for subject in subjects:
        cuts = statistics.quantiles(subject.alone, n=100)
        more = statistics.median(
            mine - other for mine, other in zip(subject.alone, empty.alone, strict=True)
        )
        ratio = statistics.median(
            mine / other for mine, other in zip(subject.per_s, empty.per_s, strict=True)
        )
        click.echo(
            f"{subject.name:24}{cuts[49]:9.1f}{cuts[94]:9.1f}{cuts[98]:9.1f}{more:+12.1f}"
            f"{statistics.median(subject.per_s):10.1f}{ratio:9.2f}"
        )


PARTS = {"caps": caps, "crash": crash, "overhead": overhead}


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(parts: tuple[str, ...]) -> None:
    """Measure the ledger."""
    for name in parts or PARTS:
        click.echo(f"\n── {name} ──")
        PARTS[name]()


if __name__ == "__main__":
    main()
