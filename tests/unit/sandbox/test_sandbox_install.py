import json
import os
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from aspire_gitops.sandbox import PrerequisiteMissing, install, postgres
from aspire_gitops.sandbox.install import ENGINE_PACKAGES, ENGINE_PROGRAMS, without_nested_hints

DATA = resources.files("aspire_gitops.sandbox")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that has only what the test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("ASPIRE_GITOPS_POSTGRES_BIN", raising=False)
    return folder


def add_program(folder: Path, name: str, output: str = "") -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {output}\n")
    program.chmod(0o755)


def test_a_missing_node_is_named_with_how_to_get_it(programs: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"`node` is not on PATH.*apt-get install nodejs"):
        install.check_prerequisites()
    add_program(programs, "node", "v20.1.0")
    with pytest.raises(PrerequisiteMissing, match="`npm` is not on PATH"):
        install.check_prerequisites()
    add_program(programs, "npm")
    install.check_prerequisites()


def test_an_old_node_is_refused(programs: Path) -> None:
    add_program(programs, "node", "v16.20.2")
    add_program(programs, "npm")
    with pytest.raises(PrerequisiteMissing, match=r"Node\.js is v16\.20\.2"):
        install.check_prerequisites()


def test_a_missing_postgresql_is_named_with_how_to_get_it(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_POSTGRES_BIN", str(programs))
    with pytest.raises(PrerequisiteMissing, match="apt-get install postgresql"):
        postgres.programs()
    add_program(programs, "initdb")
    add_program(programs, "postgres")
    assert postgres.programs() == programs
    monkeypatch.delenv("ASPIRE_GITOPS_POSTGRES_BIN")
    assert postgres.programs() == programs


@pytest.mark.usefixtures("programs")
def test_root_without_user_namespaces_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "programs", Path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "_user_namespaces", lambda: False)
    with pytest.raises(PrerequisiteMissing, match="run the sandbox as an ordinary user"):
        postgres.check_prerequisites()


def test_an_ordinary_user_needs_no_user_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "programs", Path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(postgres, "_user_namespaces", lambda: False)
    postgres.check_prerequisites()


def test_the_package_carries_what_it_installs() -> None:
    names = [*(f"engine/{name}" for name in (*ENGINE_PROGRAMS, *ENGINE_PACKAGES))]
    for name in [*names, "constraints.txt", "config.yaml"]:
        assert (DATA / name).read_text(), name


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    text = (DATA / "engine" / "package-lock.json").read_text()
    lock = json.loads(text)["packages"]
    assert "://" not in text
    assert [name for name, package in lock.items() if name and "integrity" not in package] == []
    wanted = json.loads((DATA / "engine" / "package.json").read_text())["dependencies"]
    assert lock[""]["dependencies"] == wanted


def test_the_constraints_pin_exact_releases() -> None:
    lines = (DATA / "constraints.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if "==" not in line] == []


def test_the_engine_is_installed_with_programs_that_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: Path
) -> None:
    """A wheel may have lost the executable bit."""
    source = tmp_path / "package"
    shutil.copytree(str(DATA / "engine"), source)
    for name in ENGINE_PROGRAMS:
        (source / name).chmod(0o644)
    add_program(programs, "npm")
    folder = tmp_path / "engine"
    folder.mkdir()
    monkeypatch.setattr(install, "_DATA", tmp_path)
    install._fill_engine(source, folder, tmp_path / "log")
    engine = install.Engine(folder)
    assert all(os.access(engine.programs / name, os.X_OK) for name in ENGINE_PROGRAMS)
    assert subprocess.run([engine.programs / "prisma", "migrate"], check=False).returncode == 0


HINTS = '''\
class AInclude(TypedDict, total=False):
    """A relational arguments"""
    b: Union[bool, 'FindManyBArgsFromA']


class AIncludeFromA(TypedDict, total=False):
    """Relational arguments for A"""
    b: Union[bool, 'FindManyBArgsFromA']


class FindManyAArgsFromA(TypedDict, total=False):
    take: int


class BIncludeFromA(TypedDict, total=False):
    """Relational arguments for B"""

    a: bool


class FindManyBArgsFromA(TypedDict, total=False):
    take: int
    where: 'BWhereInput'


FindManyAArgs = FindManyAArgsFromA
AWhereInput = TypedDict('AWhereInput', {}, total=False)
class AbIncludeFromA(TypedDict, total=False):
    take: int
class AWhereInput(TypedDict, total=False):
    id: str
'''


def test_the_nested_hints_go_and_what_runs_stays() -> None:
    left = without_nested_hints(HINTS)
    gone = ("class BIncludeFromA", "class FindManyBArgsFromA", "class AbIncludeFromA")
    kept = ("AInclude(", "AIncludeFromA(", "FindManyAArgsFromA(", "FindManyAArgs =", "AWhereInput(")
    assert [name for name in gone if name in left] == []
    assert [name for name in kept if name not in left] == []
    compile(left, "types.py", "exec")
