"""Run a composite action's steps as GitHub's runner would: in order, in bash, on real files.

What it does not know it refuses: keys of a step, expressions, and actions that have no
stand-in. A stand-in says what an action of somebody else's is used for here.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.workflow_expressions import condition, evaluated, shown

_KEYS = {"name", "id", "if", "shell", "env", "run", "uses", "with", "continue-on-error"}
_PINNED = re.compile(r"(?P<action>[\w.-]+/[\w./-]+)@[0-9a-f]{40}")
_VARIABLES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")

Given = Mapping[str, str]
StandIn = Callable[[Given], bool]
"""Takes a step's `with`, returns whether the step succeeds."""


@dataclass(frozen=True)
class Step:
    """What became of one step."""

    name: str
    outcome: str
    log: str = ""
    given: Given = field(default_factory=dict)
    outputs: Given = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """What became of the action."""

    steps: Mapping[str, Step]
    outputs: Given
    summary: str
    succeeded: bool

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps.values())

    def outcomes(self, outcome: str) -> list[str]:
        return [step.name for step in self.steps.values() if step.outcome == outcome]


@dataclass
class StepRunner:
    """`github` is the context of that name, `variables` what the job sets, `temp` RUNNER_TEMP.

    `uses` has a stand-in for each action of somebody else's; `instead_of` the outputs of steps
    that are not run, by the name of the step.
    """

    action: Path
    workspace: Path
    temp: Path
    github: Mapping[str, Any]
    variables: Mapping[str, str]
    uses: Mapping[str, StandIn]
    instead_of: Mapping[str, Given] = field(default_factory=dict)

    def run(self, **inputs: str) -> Ran:
        declared = yaml.safe_load(self.action.read_text())
        unknown = inputs.keys() - declared["inputs"].keys()
        assert not unknown, f"the action has no input {unknown}"
        status, steps = "success", {}
        outputs: dict[str, dict[str, Any]] = {}
        contexts: dict[str, Any] = {
            "github": self.github,
            "runner": {"temp": str(self.temp)},
            "steps": outputs,
        }
        contexts["inputs"] = {
            name: inputs.get(name, shown(evaluated(str(one.get("default", "")), contexts)))
            for name, one in declared["inputs"].items()
        }
        self._begin()
        for step in declared["runs"]["steps"]:
            assert step.keys() <= _KEYS, f"{step.keys() - _KEYS} is not understood"
            made = self._step(step, contexts, status)
            steps[made.name] = made
            outputs[step.get("id", made.name)] = {"outputs": made.outputs, "outcome": made.outcome}
            if made.outcome == "failure" and not step.get("continue-on-error"):
                status = "failure"
        given = {
            name: shown(evaluated(one["value"], contexts))
            for name, one in declared["outputs"].items()
        }
        return Ran(steps, given, self._summary.read_text(), status == "success")

    @property
    def _summary(self) -> Path:
        return self.temp / "_summary"

    def _begin(self) -> None:
        self.temp.mkdir(exist_ok=True)
        self._summary.write_text("")

    def _step(self, step: Mapping[str, Any], contexts: Mapping[str, Any], status: str) -> Step:
        name = step["name"]
        if not condition(str(step.get("if", "success()")), contexts, status):
            return Step(name, "skipped")
        key = "with" if "uses" in step else "env"
        given = {
            item: shown(evaluated(str(value), contexts))
            for item, value in step.get(key, {}).items()
        }
        if "uses" in step:
            return self._used(name, step["uses"], given)
        assert step["shell"] == "bash", "only bash is understood"
        assert "${{" not in step["run"], "an expression in a script is an injection"
        if name in self.instead_of:
            return Step(name, "success", given=given, outputs=self.instead_of[name])
        return self._bash(name, step["run"], given)

    def _used(self, name: str, uses: str, given: Given) -> Step:
        pinned = _PINNED.fullmatch(uses)
        assert pinned, f"{uses} is not pinned by its commit"
        stand_in = self.uses.get(pinned["action"])
        assert stand_in, f"nobody said what {pinned['action']} is used for"
        return Step(name, _outcome(succeeded=stand_in(given)), given=given)

    def _bash(self, name: str, script: str, given: Given) -> Step:
        path = self.temp / "_script.sh"
        path.write_text(script)
        files = {variable: self.temp / f"_{variable}" for variable in _VARIABLES}
        for file in files.values():
            file.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)],
            cwd=self.workspace,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.temp),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self.action.parent),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_STEP_SUMMARY": str(self._summary),
                "RUNNER_TEMP": str(self.temp),
                **{variable: str(file) for variable, file in files.items()},
                **self.variables,
                **given,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        for variable in ("GITHUB_ENV", "GITHUB_PATH"):
            assert not files[variable].read_text(), f"{name} writes {variable}, which lasts"
        outputs = self._written(name)
        return Step(name, _outcome(succeeded=not done.returncode), done.stdout, given, outputs)

    def _written(self, name: str) -> Given:
        path = self.temp / "_GITHUB_OUTPUT"
        lines = path.read_text().splitlines() if path.exists() else []
        assert all("=" in line and "<<" not in line for line in lines), f"{name} writes {lines}"
        return dict(line.split("=", 1) for line in lines)


def _outcome(*, succeeded: bool) -> str:
    return "success" if succeeded else "failure"


def commands(log: str) -> list[tuple[str, str]]:
    """Return the commands in a log that the runner would obey: their name, and the rest.

    As its source has it: `::name …::…` at the start of a line, blanks aside, and the old
    `##[name …]…` anywhere in one; none between `::stop-commands::TOKEN` and `::TOKEN::`.
    """
    found: list[tuple[str, str]] = []
    stopped = ""
    for line in log.splitlines():
        new = re.match(r"\s*::(?P<name>[^\s:]+)(?P<rest>.*)", line)
        old = re.search(r"##\[(?P<name>[^\s\]]+)(?P<rest>.*)", line)
        command = new or old
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
        elif command and command["name"] == "stop-commands":
            stopped = command["rest"].removeprefix("::")
        elif command:
            found.append((command["name"], command["rest"]))
    assert not stopped, "commands stay switched off for the steps that follow"
    return found
