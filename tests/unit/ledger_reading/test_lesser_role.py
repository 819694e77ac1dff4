"""A controller whose role may not read everything in the ledger is told the rest."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from aspire_gitops.controller.spending import ask_about_calls
from aspire_gitops.ledger_reading import LedgerReading
from aspire_gitops.spend import PriceDifferences
from aspire_gitops.spend.calls import AppParameter
from aspire_ledger.money import Month
from aspire_ledger.postgres import PostgresStore
from aspire_ledger.values import SeenParameter
from ledger_support.calls import NOON, SYDNEY
from support.postgres_server import PASSWORD

pytestmark = pytest.mark.slow

GRANTS = """
CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA aspire_ledger TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA aspire_ledger TO {role};
REVOKE SELECT ON aspire_ledger.failures FROM {role}"""


@pytest.fixture
def run_statement(own_database_url: str) -> Callable[[str], None]:
    def carried_out(statement: str) -> None:
        with psycopg.connect(own_database_url, autocommit=True) as server:
            server.execute(statement.encode())

    return carried_out


def test_a_role_that_may_not_read_failed_calls_is_told_the_rest(
    own_database_url: str, run: Callable[..., Any], run_statement: Callable[[str], None]
) -> None:
    ours = PostgresStore(own_database_url)
    run(ours.count_parameters([SeenParameter("2026-11-20", "wiki", "chat", "a", "x", "passed")]))
    run(ours.close())
    role = f"reader_of_{own_database_url.rpartition('/')[2]}"
    run_statement(GRANTS.format(role=role))
    url = own_database_url.replace(f"litellm:{PASSWORD}", f"{role}:{PASSWORD}")
    reading = LedgerReading(SecretStr(url))
    found = run(ask_about_calls(reading, Month.containing(NOON, SYDNEY), NOON))
    run(reading.close())
    run_statement(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert (found.failures, found.prices) == (None, PriceDifferences())
    assert found.parameters == (AppParameter("wiki", "x", "passed", 1, ("chat",)),)
    assert found.problem.startswith("failed calls are not known: ")
    assert "InsufficientPrivilege" in found.problem
    assert PASSWORD not in found.problem
