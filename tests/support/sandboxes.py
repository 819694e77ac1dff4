"""A real gateway for tests: one for the whole run, or one of a test's own.

A machine without the programs for it skips these tests and says what is missing;
with ASPIRE_GITOPS_REQUIRE_REAL=1 they fail instead.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from aspire_gitops.sandbox import PrerequisiteMissing, Sandbox, SandboxOptions, running


@pytest.fixture(scope="session")
def real_gateway() -> Iterator[Sandbox]:
    """The gateway that all tests of a run share: choose names that no other test uses.

    It starts when the first test asks, with an empty database and the stand-in provider.
    """
    with fresh_sandbox(SandboxOptions(upstream=True)) as sandbox:
        yield sandbox


@contextlib.contextmanager
def fresh_sandbox(
    options: SandboxOptions | None = None, *, state_dir: Path | None = None
) -> Iterator[Sandbox]:
    """Run a gateway of a test's own, for one that restarts, kills or fills it; about 10 s."""
    with contextlib.ExitStack() as stack:
        try:
            sandbox = stack.enter_context(running(options, state_dir=state_dir))
        except PrerequisiteMissing as missing:
            _skip_or_fail(missing)
        yield sandbox


def _skip_or_fail(missing: PrerequisiteMissing) -> NoReturn:
    if os.environ.get("ASPIRE_GITOPS_REQUIRE_REAL") == "1":
        raise missing
    pytest.skip(f"no real gateway here: {missing}")
