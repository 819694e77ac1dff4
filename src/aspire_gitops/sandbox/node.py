"""Choose the Node.js that runs the query engine, and the npm that installs packages.

The machine's, if it is new enough and npm is beside it; else the packaged one.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.sandbox.packaged import HOW_TO_GET_IT, machine_counts, node_folder
from aspire_gitops.vocabulary import PrerequisiteMissing

OLDEST = 18  # the major release


@dataclass(frozen=True, slots=True)
class Node:
    """One Node.js.

    Attributes:
        program: The file `node`.
        npm: The words that start its npm.
        search_path: A `PATH` on which `node` is this program.
    """

    program: Path
    npm: tuple[str, ...]
    search_path: str

    def environment(self) -> dict[str, str]:
        """Return the variables of this process, with a `PATH` that finds this Node.js."""
        return {**os.environ, "PATH": self.search_path}


def find_node() -> Node:
    """Return the Node.js to use.

    Raises:
        PrerequisiteMissing: The machine's does not do, and none came as a package.
    """
    missing = _what_the_machine_lacks() if machine_counts() else "the machine's was passed over"
    if missing is None:
        return Node(Path(shutil.which("node") or "node"), ("npm",), os.environ["PATH"])
    if packaged := _packaged():
        return packaged
    raise PrerequisiteMissing(
        missing,
        help=f"the sandbox needs Node.js {OLDEST} or newer with npm: `apt-get install "
        f"nodejs npm`, {HOW_TO_GET_IT}",
    )


def _what_the_machine_lacks() -> str | None:
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return f"`{tool}` is not on PATH"
    version = subprocess.check_output(["node", "--version"], text=True).strip()
    major = int(version.lstrip("v").split(".")[0])
    return None if major >= OLDEST else f"Node.js is {version}"


def _packaged() -> Node | None:
    root = node_folder()
    if root is None:
        return None
    folder = root / "bin"
    # A wheel holds no links, so `bin/npm` is a copy that does not find its own library.
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(
        folder / "node",
        (str(folder / "node"), str(npm)),
        os.pathsep.join((str(folder), os.environ.get("PATH", os.defpath))),
    )
