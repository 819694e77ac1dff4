"""Real faults under a PostgreSQL journal, and that no message holds the password."""

import socket
import traceback
from pathlib import Path

import psycopg
import pytest

from aspire_gitops.journal import open_journal
from aspire_gitops.vocabulary import AspireGitopsError, JournalUnavailable, UsageError
from support.journal_lines import draft
from support.postgres_server import PASSWORD, PostgresServer

pytestmark = pytest.mark.slow  # other programs at work, one after the other

HERE = Path("/nowhere")  # PostgreSQL needs no state folder


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(statement.encode())


def test_a_restarted_server_is_waited_for_and_used_again(own_postgres: PostgresServer) -> None:
    with open_journal(own_postgres.make_database(), HERE) as journal:
        journal.append(draft())
        own_postgres.stop()
        with pytest.raises(JournalUnavailable, match="cannot be reached, or lost"):
            journal.append(draft())
        own_postgres.start()
        assert journal.append(draft())[0].number == 2


def test_a_locked_table_is_said_to_be(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aspire_gitops.journal.database.PATIENCE_S", 0.2)
    with (
        open_journal(database_url, HERE) as journal,
        psycopg.connect(database_url) as other,
    ):
        other.execute("LOCK TABLE aspire_gitops.entry")
        with pytest.raises(JournalUnavailable, match="is locked by another process"):
            journal.append(draft())


def test_another_writer_is_waited_for(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aspire_gitops.journal.database.PATIENCE_S", 0.2)
    with (
        open_journal(database_url, HERE) as one,
        open_journal(database_url, HERE) as two,
        one._database.writing(),
        pytest.raises(JournalUnavailable, match="is locked by another process"),
    ):
        two.append(draft())


def test_a_server_that_is_read_only_is_said_to_be(own_database_url: str) -> None:
    name = own_database_url.rpartition("/")[2]
    open_journal(own_database_url, HERE).close()
    execute(own_database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with (
        open_journal(own_database_url, HERE) as journal,
        pytest.raises(JournalUnavailable, match="the server is read-only"),
    ):
        journal.append(draft())


def test_a_user_without_the_right_is_told(
    own_database_url: str,
) -> None:
    execute(own_database_url, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")
    url = own_database_url.replace("//litellm:", "//stranger:")
    with pytest.raises(JournalUnavailable, match="the user lacks a privilege"):
        open_journal(url, HERE)


def test_a_schema_that_somebody_made_for_us_is_used(own_database_url: str) -> None:
    """A user that may not make one does not need to."""
    name = own_database_url.rpartition("/")[2]
    execute(
        own_database_url, f"DROP ROLE IF EXISTS guest_of_{name}; CREATE ROLE guest_of_{name} LOGIN"
    )
    execute(own_database_url, f"CREATE SCHEMA aspire_gitops AUTHORIZATION guest_of_{name}")
    url = own_database_url.replace("//litellm:", f"//guest_of_{name}:")
    with open_journal(url, HERE) as journal:
        assert journal.append(draft())[0].number == 1


def test_tables_of_others_in_the_database_do_not_matter(own_database_url: str) -> None:
    execute(own_database_url, 'CREATE TABLE "LiteLLM_Config" (x text); CREATE TABLE entry (x text)')
    with open_journal(own_database_url, HERE) as journal:
        assert journal.append(draft())[0].number == 1


def unreachable() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"postgresql://me:{PASSWORD}@127.0.0.1:{free.getsockname()[1]}/db"


@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [
        pytest.param(unreachable(), JournalUnavailable, "cannot be reached", id="nobody listens"),
        pytest.param(
            f"mysql://me:{PASSWORD}@h/db",
            UsageError,
            "is not a PostgreSQL URL",
            id="another database",
        ),
        pytest.param(
            f"postgresql://me:{PASSWORD}@h:port/db",
            UsageError,
            "invalid database URL",
            id="no port",
        ),
        pytest.param(PASSWORD, UsageError, "invalid database URL", id="no URL at all"),
        pytest.param(
            f"postgresql://me:half@{PASSWORD}@h/db", UsageError, "more than one @", id="@ in it"
        ),
        pytest.param(
            f"postgresql://h/db?password={PASSWORD}&nonsense={PASSWORD}",
            JournalUnavailable,
            "cannot be reached",
            id="in the query",
        ),
    ],
)
def test_no_message_and_no_traceback_holds_the_password(
    url: str, kind: type[AspireGitopsError], message: str
) -> None:
    with pytest.raises(kind, match=message) as raised:
        open_journal(url, HERE)
    shown = "".join(traceback.format_exception(raised.value))
    assert [word for word in (PASSWORD, "p@ss", "4711") if word in shown] == []


def test_the_place_is_named_without_the_password(database_url: str) -> None:
    with open_journal(database_url, HERE) as journal:
        assert journal.place.startswith("the journal in PostgreSQL at 127.0.0.1:")
        assert "4711" not in journal.place


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_each_way_to_write_the_scheme_is_understood(database_url: str, scheme: str) -> None:
    open_journal(database_url.replace("postgresql", scheme, 1), HERE).close()
