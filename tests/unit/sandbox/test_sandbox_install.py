import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.sandbox import PrerequisiteMissing, install, packaged, postgres
from aspire_gitops.sandbox.install import ENGINE_PACKAGES, ENGINE_PROGRAMS, without_nested_hints
from aspire_gitops.sandbox.node import find_node
from support.postgres_server import PostgresServer

DATA = resources.files("aspire_gitops.sandbox")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that has only what the test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("ASPIRE_GITOPS_POSTGRES_BIN", "ASPIRE_GITOPS_PACKAGED"):
        monkeypatch.delenv(name, raising=False)
    return folder


def add_program(folder: Path, name: str, output: str = "") -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {output}\n")
    program.chmod(0o755)


@pytest.fixture
def nothing_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `pip install aspire-gitops` without the extra `sandbox`."""
    monkeypatch.setattr(packaged, "_package", lambda _name: None)


@pytest.mark.usefixtures("nothing_packaged")
def test_a_missing_node_is_named_with_how_to_get_it(programs: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"`node` is not on PATH.*apt-get install nodejs"):
        install.check_prerequisites()
    add_program(programs, "node", "v20.1.0")
    with pytest.raises(
        PrerequisiteMissing, match=r"`npm` is not on PATH.*aspire-gitops\[sandbox\]"
    ):
        install.check_prerequisites()
    add_program(programs, "npm")
    install.check_prerequisites()


@pytest.mark.usefixtures("nothing_packaged")
def test_an_old_node_is_refused(programs: Path) -> None:
    add_program(programs, "node", "v16.20.2")
    add_program(programs, "npm")
    with pytest.raises(PrerequisiteMissing, match=r"Node\.js is v16\.20\.2"):
        install.check_prerequisites()


@pytest.mark.parametrize(
    ("version", "hidden", "is_the_machine_s"),
    [
        pytest.param("v18.0.0", "", True, id="the machine's is preferred"),
        pytest.param("v16.20.2", "", False, id="the machine's is too old"),
        pytest.param(None, "", False, id="the machine has none"),
        pytest.param("v24.0.0", "1", False, id="the machine's is hidden"),
    ],
)
def test_node_is_the_machine_s_or_else_the_packaged_one(
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str | None,
    hidden: str,
    *,
    is_the_machine_s: bool,
) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_PACKAGED", hidden)
    if version:
        add_program(programs, "node", version)
        add_program(programs, "npm")
    node = find_node()
    assert (node.program == programs / "node") == is_the_machine_s
    assert shutil.which("node", path=node.search_path) == str(node.program)


@pytest.mark.usefixtures("programs")
def test_the_packaged_node_and_npm_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASPIRE_GITOPS_PACKAGED", "1")
    node = find_node()
    for command in ([node.program], node.npm):
        output = subprocess.check_output([*command, "--version"], text=True, env=node.environment())
        assert int(output.strip().lstrip("v").split(".")[0]) >= 10


@pytest.mark.usefixtures("nothing_packaged")
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
    monkeypatch.setenv("ASPIRE_GITOPS_PACKAGED", "1")
    with pytest.raises(PrerequisiteMissing, match="PostgreSQL is not installed"):
        postgres.programs()


def test_the_machine_s_postgresql_is_preferred_and_can_be_hidden(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_program(programs, "initdb")
    add_program(programs, "postgres")
    assert postgres.programs() == programs
    monkeypatch.setenv("ASPIRE_GITOPS_PACKAGED", "1")
    folder = postgres.programs()
    assert folder.is_relative_to(sys.prefix)
    monkeypatch.setenv("ASPIRE_GITOPS_POSTGRES_BIN", str(programs))
    assert postgres.programs() == programs


@pytest.mark.slow
def test_the_packaged_postgresql_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root too: PostgreSQL then runs as somebody else, who must be able to read the package."""
    monkeypatch.setenv("ASPIRE_GITOPS_PACKAGED", "1")
    server = PostgresServer(tmp_path)
    server.start()
    try:
        with psycopg.connect(server.make_database()) as connection:
            row = connection.execute("SELECT current_setting('server_version_num')::int").fetchone()
    finally:
        server.stop()
    assert row is not None
    assert row[0] >= 180_000


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


@pytest.mark.slow
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
