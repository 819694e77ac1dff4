"""Judge whether the processes of a gateway run the settings that were compiled. Pure.

Two things are known of a process: a row in the ledger, which anybody with the database's
password can write, and an answer to a nonce that was just made up. Only the answer proves
what a process runs; the row says how many must answer. `gateway.identity` asks,
`ledger_reading` reads the rows.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from enum import StrEnum

STOPPED_AFTER_S = 45.0
"""A heartbeat comes every ten seconds; one that is older than this has stopped."""
FORGOTTEN_AFTER_S = 900.0
"""Until then a process whose heartbeat stopped is asked for: it may still serve."""
_SHOWN = 19  # of a digest: `sha256:` and twelve digits


@dataclass(frozen=True, slots=True)
class Facts:
    """What a process says of itself, in its row or in its answer.

    `settings` is the digest of what it loaded, `file` that of its config file now; empty where
    it has no file to read.
    """

    process: str
    settings: str
    file: str
    litellm_release: str
    ledger_release: str
    guard: str


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """A row of the ledger. `age_s`: of its heartbeat, by the database's clock; None is unreadable."""

    facts: Facts
    age_s: float | None

    @property
    def is_live(self) -> bool:
        """Whether the heartbeat goes on. One that lies in the future is no heartbeat."""
        return self.age_s is not None and -STOPPED_AFTER_S <= self.age_s <= STOPPED_AFTER_S

    @property
    def is_expected(self) -> bool:
        """Whether the process may serve calls, so that it is asked for."""
        return self.age_s is None or self.age_s <= FORGOTTEN_AFTER_S


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: facts by process, and how often there was none.

    `unguarded` are answers that no guard gave. `problem` says why nothing is known; empty
    while somebody answers.
    """

    found: Mapping[str, Facts] = field(default_factory=dict)
    unguarded: int = 0
    problem: str = ""
    help: str = ""


class Trust(StrEnum):
    """What is known of one process."""

    VERIFIED = "verified"  # it answered, and runs the compiled settings
    UNCONFIRMED = "unconfirmed"  # a row, and no answer: it may be forged
    OTHER = "other settings"
    UNGUARDED = "no guard"  # it answered as LiteLLM does, so it runs without the ledger
    SILENT = "heartbeat stopped"  # and it still serves
    UNKNOWN = "no row"  # it answered, and the ledger does not know it
    GONE = "gone"  # its heartbeat stopped, and it does not answer


_BAD = frozenset({Trust.OTHER, Trust.UNGUARDED})
_DOUBTFUL = frozenset({Trust.UNCONFIRMED, Trust.SILENT, Trust.UNKNOWN})


class Settings(StrEnum):
    """What is known of all of them together."""

    VERIFIED = "verified"
    RESTART = "restart needed"
    ROLLING = "rolling"  # other settings, during a declared deployment
    UNVERIFIABLE = "not verifiable"  # nobody could say: no ledger
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """One process, as far as it is known. `why` is for people."""

    process: str
    trust: Trust
    why: str
    settings: str = ""
    litellm_release: str = ""
    ledger_release: str = ""
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """What the gateway's processes run, compared with `digest`, that of the compiled settings."""

    state: Settings
    digest: str
    reason: str
    help: str = ""
    processes: tuple[ProcessReport, ...] = ()

    @property
    def needs_restart(self) -> bool:
        """Whether a process runs other settings, expected or not."""
        return self.state in {Settings.RESTART, Settings.ROLLING}

    @property
    def is_guarded(self) -> bool:
        """Whether nobody was found that runs without the ledger's guard."""
        return all(one.trust is not Trust.UNGUARDED for one in self.processes)

    @property
    def warning(self) -> str:
        """What is wrong, and what to do; empty where the settings are verified."""
        if self.state is Settings.VERIFIED:
            return ""
        return "; ".join(filter(None, (self.reason, self.help)))


def without_ledger(digest: str, *, declared: bool) -> SettingsReport:
    """Return that settings cannot be verified, and how to change that."""
    if declared:
        why, help_ = "the controller has no ledger to read", "set ASPIRE_GITOPS_LEDGER_URL"
    else:
        why = "the Gateway declares no ledger"
        help_ = "add `ledger: {}` to the Gateway, and restart the gateway with its config.yaml"
    return SettingsReport(
        Settings.UNVERIFIABLE, digest, f"the gateway's settings cannot be verified: {why}", help_
    )


def unknown(digest: str, why: str, help_: str = "") -> SettingsReport:
    """Return that nobody knows what the gateway runs."""
    reason = f"the gateway's settings are not verified: {why}"
    return SettingsReport(Settings.UNKNOWN, digest, reason, help_)


def judge(
    digest: str, rows: Sequence[SeenProcess], answers: Answers, *, deploying: bool, restart: str
) -> SettingsReport:
    """Return what the processes run.

    Args:
        digest: Of the compiled settings.
        rows: Of the ledger.
        answers: To several nonces, from whichever process each of them reached.
        deploying: Other settings are expected for now.
        restart: How the compiled settings get live, for the help.
    """
    found = tuple(_processes(digest, rows, answers))
    state, reason, help_ = _overall(found, answers, deploying=deploying, restart=restart)
    return SettingsReport(state, digest, reason, help_, found)


def _processes(
    digest: str, rows: Sequence[SeenProcess], answers: Answers
) -> Iterator[ProcessReport]:
    known = {row.facts.process: row for row in rows}
    for row in rows:
        said = answers.found.get(row.facts.process)
        trust, why = _of_row(digest, row, said)
        yield _report(said or row.facts, trust, why, row.age_s)
    for process in sorted(answers.found.keys() - known.keys()):
        facts = answers.found[process]
        trust, why = Trust.UNKNOWN, "it answers, and the ledger has no row of it"
        if other := _difference(digest, facts):
            trust, why = Trust.OTHER, other
        yield _report(facts, trust, why, None)
    if answers.unguarded:
        why = "a process answers as LiteLLM does without the guard, so it loaded other settings"
        yield ProcessReport("(unnamed)", Trust.UNGUARDED, why)


def _of_row(digest: str, row: SeenProcess, said: Facts | None) -> tuple[Trust, str]:
    if said is None:
        return _unanswered(digest, row)
    if other := _difference(digest, said):
        return Trust.OTHER, other
    if not said.file:
        return Trust.UNCONFIRMED, "it cannot say which file it reads"
    if not row.is_live:
        return Trust.SILENT, "its heartbeat stopped, and it still serves"
    return Trust.VERIFIED, "it answered, and runs the compiled settings"


def _unanswered(digest: str, row: SeenProcess) -> tuple[Trust, str]:
    if row.age_s is None or row.age_s < -STOPPED_AFTER_S:
        return Trust.UNCONFIRMED, "its row has a heartbeat that no process wrote"
    if not row.is_live:
        return Trust.GONE, "its heartbeat stopped, and it does not answer"
    says = _difference(digest, row.facts)
    said = f"its row says that {says}, but it did not answer" if says else "it did not answer"
    return Trust.UNCONFIRMED, f"{said}, and a row can be forged"


def _difference(digest: str, facts: Facts) -> str:
    if facts.settings != digest:
        return f"it loaded {_short(facts.settings)}"
    if facts.file and facts.file != digest:
        return f"its config file was changed under it, to {_short(facts.file)}"
    return "" if facts.guard == "on" else "the guard is not in front of it"


def _report(facts: Facts, trust: Trust, why: str, age_s: float | None) -> ProcessReport:
    return ProcessReport(
        facts.process,
        trust,
        why,
        facts.settings,
        facts.litellm_release,
        facts.ledger_release,
        age_s,
    )


def _overall(
    found: Collection[ProcessReport], answers: Answers, *, deploying: bool, restart: str
) -> tuple[Settings, str, str]:
    serving = [one for one in found if one.trust is not Trust.GONE]
    if bad := [one for one in serving if one.trust in _BAD]:
        which = f"{_counted(bad, serving)}: {bad[0].why}"
        if deploying:
            return Settings.ROLLING, f"a deployment is under way; {which}", ""
        return Settings.RESTART, f"restart needed: {which}", restart
    if answers.problem:
        return Settings.UNKNOWN, _unverified(answers.problem), answers.help
    if doubtful := [one for one in serving if one.trust in _DOUBTFUL]:
        which = f"{_counted(doubtful, serving)}: {doubtful[0].why}"
        return Settings.UNKNOWN, _unverified(which), _ROWS
    if not serving:
        return Settings.UNKNOWN, _unverified("no process has a row in the ledger"), _ROWS
    return Settings.VERIFIED, f"{_count(len(serving))} the compiled settings", ""


_ROWS = (
    "look at the processes of the gateway and at their connection to the ledger; delete a row of "
    "aspire_ledger.processes that belongs to none"
)


def _unverified(why: str) -> str:
    return f"the gateway's settings are not verified: {why}"


def _counted(some: Sized, all_: Sized) -> str:
    # Not by name: a process that restarts has another one, and the trouble is the same.
    return f"{len(some)} of {len(all_)} {'process' if len(all_) == 1 else 'processes'}"


def _count(number: int) -> str:
    return "one process runs" if number == 1 else f"all {number} processes run"


def _short(digest: str) -> str:
    return digest[:_SHOWN] if digest else "settings that tell no digest"
