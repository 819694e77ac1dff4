"""Find out what the gateway's processes run, and keep the journal honest about it.

Asks the ledger which processes there are, and the gateway's processes what they loaded, in
every turn. Never raises: what cannot be asked leaves the settings unverified, and says so.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aspire_gitops.controller.memory import Memory
from aspire_gitops.planning import Plan, without_waiting
from aspire_gitops.state import Compiled
from aspire_gitops.vocabulary import LedgerRefused, LedgerUnavailable, Revision
from aspire_gitops.witness import (
    Answers,
    SeenProcess,
    Settings,
    SettingsReport,
    judge,
    unknown,
    without_ledger,
)
from aspire_ledger.canonical import JsonValue, config_digest


class ProcessLedger(Protocol):
    """Which processes there are; `ledger_reading` implements it."""

    async def processes(self) -> Sequence[SeenProcess]: ...


class Asker(Protocol):
    """What the processes answer; `gateway.identity` implements it."""

    async def ask(self, expected: Collection[str], *, thoroughly: bool) -> Answers: ...


@dataclass(slots=True)
class Witness:
    """Looks at one gateway. `ledger` is None where the controller has none to read."""

    asker: Asker
    ledger: ProcessLedger | None
    # One of several processes behind a balancer answers now and then: it must not seem gone.
    suspicious: bool = False

    async def look(self, compiled: Compiled, *, deploying: bool) -> SettingsReport:
        """Return what the processes run, compared with the compiled settings.

        Args:
            compiled: The revision that they should run.
            deploying: A deployment is declared, so other settings are expected for now.
        """
        digest = config_digest(compiled.config_yaml)
        has_ledger = compiled.gateway.has_ledger
        if self.ledger is None or not has_ledger:
            return without_ledger(digest, declared=has_ledger)
        rows: Sequence[SeenProcess] = ()
        trouble: LedgerUnavailable | LedgerRefused | None = None
        try:
            rows = await self.ledger.processes()
        except (LedgerUnavailable, LedgerRefused) as error:
            trouble = error
        expected = {row.facts.process for row in rows if row.is_expected}
        answers = await self.asker.ask(expected, thoroughly=self.suspicious)
        if trouble:
            why = f"the ledger does not say which processes there are: {trouble.message}"
            answers = replace(answers, problem=why, help=trouble.help or "")
        restart = restart_help(compiled.revision, digest)
        report = judge(digest, rows, answers, deploying=deploying, restart=restart)
        self.suspicious = report.needs_restart
        return report


def unasked(compiled: Compiled) -> SettingsReport:
    """Return what a plan against a stored snapshot says: no process can be asked."""
    digest = config_digest(compiled.config_yaml)
    if not compiled.gateway.has_ledger:
        return without_ledger(digest, declared=False)
    why = "a snapshot does not say what the gateway's processes run"
    return unknown(digest, why, "plan against the gateway")


def restart_help(revision: Revision, digest: str) -> str:
    """Return how the compiled settings get live."""
    at = f" --revision {revision.commit[:12]}" if revision.commit else ""
    return (
        f"run `aspire-gitops compile{at} -o build`, deploy build/config.yaml ({digest[:19]}) and "
        "restart each process of the gateway"
    )


def is_withheld(report: SettingsReport | None) -> bool:
    """Say whether a revision may not be called live yet, though its objects are."""
    return report is not None and report.needs_restart


def without_waiting_of(plan: Plan, report: SettingsReport | None) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan without what waits for the settings; see `planning.without_waiting`."""
    if report is None:
        return plan, ()
    return without_waiting(plan, restart=report.needs_restart, guarded=report.is_guarded)


def news(report: SettingsReport, identity: str, memory: Memory) -> Mapping[str, JsonValue] | None:
    """Return what the journal keeps of a report that says something new, else None."""
    said = f"{report.state}|{report.digest}|{report.reason}|{identity}"
    if report.state is Settings.UNVERIFIABLE or said == memory.settings_said:
        return None
    memory.settings_said = said
    return {
        "state": report.state.value,
        "reason": report.reason,
        "digest": report.digest,
        "identity": identity,
        "processes": [[one.process, one.trust.value, one.settings] for one in report.processes],
    }
