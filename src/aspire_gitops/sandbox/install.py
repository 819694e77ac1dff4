"""Install what a sandbox runs on: the query engine (npm) and LiteLLM (PyPI).

Prisma's native engine is downloaded from neither registry. `engine/query-engine`
stands in for it: the same engine in its WebAssembly build, behind the native
one's command line and HTTP interface. The cache holds the installed result;
`postgres` builds the database template from it and `start` runs it.
"""

import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from aspire_gitops.releases import TESTED
from aspire_gitops.sandbox.cache import Progress, cached, digest, run_step
from aspire_gitops.sandbox.node import find_node
from aspire_gitops.vocabulary import PrerequisiteMissing

CLIENT_RECIPE = "2"  # counts what this module does differently from before: names the cache folder

# `class XIncludeFromY` and `class FindManyXArgsFromY`. Where X is Y, an alias needs them.
_NESTED_HINT = re.compile(
    r"^class (?:FindMany(?=\w))?+(\w+?)(?:Include|Args)From(?!\1\()\w+\(TypedDict.*\n"
    r"(?:(?:[ \t].*)?\n)*",
    re.MULTILINE,
)


def generate_client(venv: Path, modules: Path, engine: Mapping[str, str], log: Path) -> None:
    """Run `prisma generate` in a virtual environment that has LiteLLM.

    Args:
        venv: The virtual environment; its `prisma` package is completed in place.
        modules: The `node_modules` with Prisma's generator.
        engine: The variables that name the query engine, which stands in for every engine.
        log: Takes the output.

    Raises:
        SandboxStartFailed: The generator failed.
        PrerequisiteMissing: There is no Node.js.
    """
    program = engine["PRISMA_QUERY_ENGINE_BINARY"]
    node = find_node()
    asked = subprocess.check_output([program, "--version"], text=True, env=node.environment())
    env = {
        **engine,
        "PATH": f"{venv / 'bin'}:{node.search_path}",
        "HOME": str(venv),
        "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary",
        "PRISMA_SCHEMA_ENGINE_BINARY": program,
        "PRISMA_EXPECTED_ENGINE_VERSION": asked.split()[-1],
        "CHECKPOINT_DISABLE": "1",
    }
    schema = site_packages(venv) / "litellm" / "proxy" / "schema.prisma"
    generator = modules / "prisma" / "build" / "index.js"
    run_step([node.program, generator, "generate", "--schema", schema], log, env=env)
    client = site_packages(venv) / "prisma"
    hints = client / "types.py"
    hints.write_text(without_nested_hints(hints.read_text()))
    run_step([venv / "bin" / "python", "-m", "compileall", "-q", client], log)


def without_nested_hints(source: str) -> str:
    """Return the module without the hints that only other hints refer to, by name in a string."""
    return _NESTED_HINT.sub("", source)


def site_packages(venv: Path) -> Path:
    return next((venv / "lib").glob("python3*")) / "site-packages"


LITELLM_VERSION = TESTED.version
ENGINE_PROGRAMS = ("query-engine", "prisma")
ENGINE_PACKAGES = ("package.json", "package-lock.json")

_DATA = resources.files("aspire_gitops.sandbox")
DEFAULT_CONFIG = _DATA / "config.yaml"


@dataclass(frozen=True, slots=True)
class Engine:
    """The query engine and the Node.js packages it runs on."""

    folder: Path

    @property
    def programs(self) -> Path:
        """The folder with `query-engine`, and with the `prisma` that answers LiteLLM's check."""
        return self.folder / "bin"

    @property
    def variables(self) -> dict[str, str]:
        """What makes LiteLLM's database client use this engine."""
        return {"PRISMA_QUERY_ENGINE_BINARY": str(self.programs / "query-engine")}


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment with LiteLLM, and the engine its database client was made for."""

    venv: Path
    engine: Engine

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return site_packages(self.venv)


def check_prerequisites() -> None:
    """Check what the installation needs, before anything is downloaded.

    Raises:
        PrerequisiteMissing: With what to install and how.
    """
    if sys.platform != "linux":
        raise PrerequisiteMissing(
            "the sandbox needs Linux", help="on other systems, run it in a VM"
        )
    find_node()
    if _uv() is None and not find_spec("ensurepip"):
        raise PrerequisiteMissing(
            "this Python cannot create virtual environments",
            help="run `apt-get install python3-venv`",
        )


def install(progress: Progress) -> Installation:
    """Return the installed LiteLLM, from the cache or by downloading about 300 MB.

    Raises:
        SandboxStartFailed: npm, pip or uv failed. A fault of the network may pass: try again.
    """
    engine = _install_engine(progress)
    constraints = _DATA / "constraints.txt"
    inputs = (constraints.read_text(), TESTED.prisma_client, CLIENT_RECIPE, engine.folder.name)
    interpreter = (sys.base_prefix, platform.python_version())
    return Installation(
        cached(
            f"litellm-{LITELLM_VERSION}-{digest(*inputs, *interpreter)}",
            f"LiteLLM {LITELLM_VERSION}",
            partial(_fill_venv, engine, constraints),
            progress,
        ),
        engine,
    )


def _install_engine(progress: Progress) -> Engine:
    source = _DATA / "engine"
    texts = [(source / name).read_text() for name in (*ENGINE_PROGRAMS, *ENGINE_PACKAGES)]
    name = f"engine-{digest(*texts)}"
    return Engine(cached(name, "the query engine", partial(_fill_engine, source), progress))


def _fill_engine(source: Traversable, folder: Path, log: Path) -> None:
    for name in ENGINE_PACKAGES:
        (folder / name).write_bytes((source / name).read_bytes())
    install_locked(folder, log)
    (folder / "bin").mkdir()
    for name in ENGINE_PROGRAMS:
        program = folder / "bin" / name
        program.write_bytes((source / name).read_bytes())
        program.chmod(0o755)  # unpacking a wheel may have dropped the bit


def install_locked(folder: Path, log: Path) -> None:
    """Install what the `package-lock.json` of a folder pins, and run no script of a package.

    Raises:
        SandboxStartFailed: npm failed. A fault of the network may pass: try again.
        PrerequisiteMissing: There is no Node.js.
    """
    node = find_node()
    command = (*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run_step(command, log, cwd=folder, env=node.environment())


def _fill_venv(engine: Engine, constraints: Traversable, folder: Path, log: Path) -> None:
    with resources.as_file(constraints) as pins:
        packages = [f"litellm[proxy]=={LITELLM_VERSION}", f"prisma=={TESTED.prisma_client}"]
        _install_packages(folder, ["--constraint", str(pins), *packages], log)
    generate_client(folder, engine.folder / "node_modules", engine.variables, log)


def _install_packages(venv: Path, requirements: list[str], log: Path) -> None:
    if uv := _uv():
        run_step([uv, "venv", "--clear", "--python", sys.executable, venv], log)
        # The client is generated into its own package: a hard link would change uv's cache.
        options = (f"--python={venv}", "--link-mode=copy", "--compile-bytecode")
        run_step([uv, "pip", "install", *options, *requirements], log)
    else:
        run_step([sys.executable, "-m", "venv", venv], log)
        run_step([venv / "bin" / "pip", "install", "--quiet", *requirements], log)


def _uv() -> Path | None:
    """The uv of the interpreter that runs this, which is faster than pip when it is there."""
    program = Path(sys.executable).parent / "uv"
    return program if program.exists() else None
