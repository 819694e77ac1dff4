"""Fixtures that every room may ask for; pytest finds them here by name.

Properties are tried on a hundred examples each, and on ten by `make test-fast`
(`--hypothesis-profile=fast`).
"""

import gc

import pytest
from hypothesis import settings

from ledger_support.fixtures import ledger_database_url, run, store
from support.ledger_real import shared_ledger
from support.postgres_server import (
    database_url,
    own_database_url,
    own_postgres,
    postgres_server,
    shared_database_url,
)
from support.sample import split
from support.sandboxes import real_gateway

__all__ = [
    "database_url",
    "ledger_database_url",
    "own_database_url",
    "own_postgres",
    "postgres_server",
    "real_gateway",
    "run",
    "shared_database_url",
    "shared_ledger",
    "store",
]


# Thousands of tests and their modules live until the end. Searched for garbage again and again,
# they cost a tenth of all time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        choices=("sample", "all"),
        default="sample",
        help="try a sample of what is many (attacks, mutants), or all and write docs/explain/attacks.md",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--matrix") == "sample":
        items[:], left_out = split(items)
        config.hook.pytest_deselected(items=left_out)


# Time is never asserted: on a busy machine an example takes as long as it takes.
settings.register_profile("unhurried", settings(), deadline=None)
settings.register_profile("fast", settings(), deadline=None, max_examples=10)
settings.load_profile("unhurried")
