"""Which files of a folder are read, and how."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from aspire_gitops.egress import folder as running
from aspire_gitops.egress.folder import FoundFile, Scan, Walk
from aspire_gitops.egress.gateway import KnownGateway

DIRECT = "from openai import OpenAI\nclient = OpenAI()\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def walked(folder: Path, *, gitignore: bool = True) -> list[str]:
    return [file.path for file in Walk(folder, gitignore=gitignore).files()]


def found(folder: Path, *, jobs: int = 1) -> list[str]:
    scanned = Scan(KnownGateway(), jobs=jobs).run(Walk(folder).files())
    return [f"{item.span.path}:{item.span.line} {item.rule.code}" for item in scanned.diagnostics()]


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "*.log\nbuild/\n/only_here.py\n!keep.log\n",
            "a.log": "", "keep.log": "", "build/a.py": "", "only_here.py": "", "sub/only_here.py": "",
            "sub/.gitignore": "!a.log\nb.py\n", "sub/a.log": "", "sub/b.py": "", "b.py": "",
        },
    )  # fmt: skip
    assert walked(tmp_path) == [".gitignore", "b.py", "keep.log", "sub/.gitignore", "sub/a.log", "sub/only_here.py"]  # fmt: skip
    assert "build/a.py" in walked(tmp_path, gitignore=False)


def test_the_rules_of_the_repository_count_below_it(tmp_path: Path) -> None:
    write(tmp_path, {".git/info/exclude": "private.py\n", ".gitignore": "/app/gone.py\n", "app/gone.py": "", "app/private.py": "", "app/a.py": ""})  # fmt: skip
    assert walked(tmp_path / "app") == ["a.py"]


def test_what_others_wrote_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/openai/a.js": "", "vendor/a.php": "", ".venv/lib/a.py": "", "package-lock.json": "", "a.png": "", "a.py": ""})  # fmt: skip
    assert walked(tmp_path) == ["a.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"outside/secret.py": DIRECT, "app/a.py": ""})
    (tmp_path / "app/out").symlink_to(tmp_path / "outside")
    (tmp_path / "app/out.py").symlink_to(tmp_path / "outside/secret.py")
    (tmp_path / "app/round").symlink_to(tmp_path / "app")
    assert walked(tmp_path / "app") == ["a.py"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("a.py", b"\0" + DIRECT.encode(), "binary", id="binary"),
        pytest.param("a.py", DIRECT.encode() * 30_000, "huge", id="huge"),
        pytest.param("a.js", b"x='api.openai.com';" * 1000, "minified", id="one long line"),
        pytest.param("a.min.js", b"x='api.openai.com';", "minified", id="its name says so"),
    ],
)
def test_generated_files_are_counted_and_left_out(tmp_path: Path, name: str, content: bytes, reason: str) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(content)
    scanned = Scan().run(Walk(tmp_path).files())
    assert (scanned.diagnostics(), dict(scanned.skipped)) == ((), {reason: 1})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + DIRECT.encode(), id="a byte order mark"),
        pytest.param(DIRECT.encode("utf-16"), id="UTF-16"),
        pytest.param(b"# caf\xe9\n" + DIRECT.encode(), id="Latin-1"),
        pytest.param(DIRECT.replace("\n", "\r\n").encode(), id="lines of Windows"),
        pytest.param(DIRECT.replace("\n", "\r").encode(), id="lines of old Macs"),
    ],
)
def test_any_encoding_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.py").write_bytes(content)
    assert [item.rpartition(" ")[2] for item in found(tmp_path)] == ["AG601"]


def test_a_strange_name_is_scanned(tmp_path: Path) -> None:
    for name in (b"a\nb.py", b"\xff.py", b"::error::.py", "größe.py".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(DIRECT)
    assert len(found(tmp_path)) == 4


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    scanned = Scan().run([FoundFile("gone.py", str(tmp_path / "gone.py"))])
    assert [item.rule.code for item in scanned.diagnostics()] == ["AG608"]


def test_a_pipe_does_not_hold_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert Scan().run([FoundFile("a.py", str(tmp_path / "a.py"))]).skipped == {"binary": 1}


def test_a_setting_leads_the_clients_of_other_files(tmp_path: Path) -> None:
    write(
        tmp_path, {"app/a.py": DIRECT, "deploy/.env": "OPENAI_BASE_URL=https://llm.aspire.au/v1\n"}
    )
    assert found(tmp_path) == []
    write(tmp_path, {"deploy/.env": "OPENAI_BASE_URL=https://api.openai.com/v1\n"})
    assert found(tmp_path) == ["app/a.py:2 AG601", "deploy/.env:1 AG602"]


def test_several_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_BATCH", 5)
    monkeypatch.setattr(running, "_PAYS_OFF", 20)
    write(tmp_path, {f"app/{number:02}.py": DIRECT for number in range(30)})
    assert found(tmp_path, jobs=2) == found(tmp_path, jobs=1) != []
