"""The hooks in a real repository, run by the real pre-commit when somebody commits.

The entries are those of `.pre-commit-hooks.yaml`; only `language: python` becomes
`system`, so that the program of this environment runs and nothing is downloaded.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from support.command_line import CommandLine
from support.small_source import write_files

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
PROGRAMS = Path(sys.executable).parent
KEY = "sk-ant-" + "api03-Abcdefgh0123456789"

pytestmark = pytest.mark.slow


class Clone:
    """A work tree with the hooks installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
        }

    def run(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    def commit(self) -> tuple[int, str]:
        assert self.run("git", "add", "--all")[0] == 0
        return self.run("git", "commit", "-qm", "a change")

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "repository")
    clone.folder.mkdir()
    assert clone.run("git", "init", "-q", "-b", "main")[0] == 0
    renew_rate(write_files(clone.folder) / "gateway.yaml")
    shell = CommandLine(clone.folder)
    assert shell.run("schema", "-o", "schemas").returncode == 0
    (clone.folder / ".github").mkdir()  # -o makes no folder, because it may be a slip
    assert shell.run("codeowners", "-o", ".github/CODEOWNERS").returncode == 0
    hooks = [{**hook, "language": "system"} for hook in yaml.safe_load(MANIFEST.read_text())]
    for hook in hooks:
        hook.pop("additional_dependencies", None)  # they are installed here already
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (clone.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    assert clone.run("pre-commit", "install")[0] == 0
    return clone


def renew_rate(gateway: Path) -> None:
    """Hooks judge by today; let the rate hold, and say who owns the rest."""
    today = subprocess.run(["date", "+%F"], capture_output=True, text=True, check=True).stdout
    text = gateway.read_text().replace("2026-11-20", today.strip())
    gateway.write_text(f"{text}owner: ops@example.com\n")


def test_the_hook_of_egress_installs_what_its_extra_does() -> None:
    project = tomllib.loads((MANIFEST.parent / "pyproject.toml").read_text())["project"]
    (hook,) = (one for one in yaml.safe_load(MANIFEST.read_text()) if "egress" in one["id"])
    assert hook["additional_dependencies"] == project["optional-dependencies"]["egress"]


def test_the_manifest_is_one() -> None:
    done = subprocess.run([PROGRAMS / "pre-commit", "validate-manifest", MANIFEST], check=False)
    assert done.returncode == 0


def test_commits_pass_or_are_refused_for_their_reason(clone: Clone) -> None:
    code, shown = clone.commit()
    assert code == 0, shown
    assert shown.count("Passed") == len(yaml.safe_load(MANIFEST.read_text()))

    clone.edit("gateway.d/aliases/chat.yaml", "provider: acme", "provider: acne")
    code, shown = clone.commit()
    assert (code, "AG201 unknown-provider" in shown) == (1, True)
    clone.edit("gateway.d/aliases/chat.yaml", "provider: acne", "provider: acme")

    (clone.folder / "gateway.d" / "notes [old].txt").write_text(f"not: [yaml, {KEY}\n")
    code, shown = clone.commit()
    assert (code, "notes [old].txt:1:13: AG304 literal-secret" in shown) == (1, True)
    assert "Abcdefgh" not in shown
    (clone.folder / "gateway.d" / "notes [old].txt").unlink()

    app = clone.folder / "gateway.d" / "apps" / "shop.yaml"
    app.unlink()  # pre-commit hands over no file that is gone
    code, shown = clone.commit()
    assert (code, "out of date: .github/CODEOWNERS" in shown) == (1, True)

    (clone.folder / "ask.py").write_text("from openai import OpenAI\nclient = OpenAI()\n")
    code, shown = clone.commit()
    assert (code, "ask.py:2:10: AG601 direct-client" in shown) == (1, True)
    (clone.folder / "ask.py").unlink()

    clone.edit("schemas/app.schema.json", '"Calls per minute', '"Call per minute')
    code, shown = clone.commit()
    assert (code, "out of date: schemas/app.schema.json" in shown) == (1, True)
