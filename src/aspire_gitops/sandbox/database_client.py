"""Generate the database client that LiteLLM imports, from LiteLLM's own schema.

The generator writes ten megabytes of type hints, for every way to reach one table
from another. They are never looked at when the client runs, yet importing them
takes 40 % of the proxy's start and 150 MB: the nested ones are taken out.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aspire_gitops.sandbox.cache import run_step
from aspire_gitops.sandbox.node import find_node

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
