"""Open the controller's journal to read it, beside the controller that writes it."""

from aspire_gitops.cli.invocation import Invocation
from aspire_gitops.journal import Journal, open_journal
from aspire_gitops.settings import read_secret


def journal_to_read(invocation: Invocation) -> Journal:
    """Open the journal that the settings lead to. Changes nothing in it, nor beside it.

    Raises:
        JournalUnavailable: It is not there, or cannot be reached.
        JournalDamaged: It is no whole journal.
        UsageError, SecretMissing: A setting is wrong.
    """
    settings = invocation.settings()
    url = read_secret(settings, "database_url")
    secret = url.get_secret_value() if url else None
    return open_journal(secret, settings.state_dir, read_only=True)
