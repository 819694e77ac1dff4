"""What LiteLLM's environment gets with the ledger: psycopg and tzdata, and nothing else."""

import ast
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]
DRIVER = ("psycopg", "psycopg_binary", "psycopg_binary.libs", "typing_extensions.py", "tzdata")
OLD_ADDRESS = {"aspire_gitops/ledger/__init__.py", "aspire_gitops/ledger/hook.py"}
THEIRS = {"litellm", "openai"}  # LiteLLM's own, which brings OpenAI's library
# Importing these asks LiteLLM; the contract tests do it inside of it.
INSIDE_LITELLM = {"aspire_ledger.hook", "aspire_ledger.callback"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).parent / "uv"
    command: list[str | Path] = [
        uv,
        "build",
        "--wheel",
        "--no-build-isolation",
        "--offline",
        "--quiet",
    ]
    command += ["--python", sys.executable, "--out-dir", folder, PACKAGE]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_requires_the_driver_and_the_timezones_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = message_from_bytes(archive.read(name))
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    required = {text.partition(">=")[0] for text in metadata.get_all("Requires-Dist", [])}
    assert required == {"psycopg[binary]", "tzdata"}
    assert {name for name in names if not name.startswith("aspire_ledger/")} == OLD_ADDRESS


@pytest.mark.slow
def test_every_module_is_imported_beside_the_driver_alone(wheel: Path, tmp_path: Path) -> None:
    """Python without its site folder: a module that asked for more would not be found."""
    site = tmp_path / "site"
    site.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    installed = Path(sysconfig.get_paths()["platlib"])
    for name in DRIVER:
        if (installed / name).exists():
            (site / name).symlink_to(installed / name)
    names = [name for name in _modules(site) if name not in INSIDE_LITELLM]
    code = f"import sys; sys.path.append({str(site)!r})\nimport {', '.join(names)}"
    words = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_source_names_no_other_package() -> None:
    known = {"aspire_ledger", *sys.stdlib_module_names}
    found = {
        name.partition(".")[0]
        for path in (PACKAGE / "src").rglob("*.py")
        for name in _imported(path)
    }
    assert found - known == {"psycopg", *THEIRS}
    assert packages_distributions()["psycopg"] == ["psycopg"]


def _modules(site: Path) -> list[str]:
    return sorted(
        ".".join(path.relative_to(site).with_suffix("").parts).removesuffix(".__init__")
        for path in (site / "aspire_ledger").rglob("*.py")
    )


def _imported(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    return names
