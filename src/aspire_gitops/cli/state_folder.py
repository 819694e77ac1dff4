"""The state folder: its owner's alone, and one controller's at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path

from aspire_gitops.cli.options import Invocation
from aspire_gitops.journal import EntryKind, Journal, open_journal
from aspire_gitops.journal.locking import FileLock
from aspire_gitops.settings import PREFIX, read_secret
from aspire_gitops.spend import zone
from aspire_gitops.vocabulary import AspireGitopsError, UsageError

_OTHERS = 0o077


def make_state_folder(path: Path) -> None:
    """Make the folder with mode 0700, or check the one that is there.

    Raises:
        UsageError: It cannot be created or written, or it belongs to another user.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        if status.st_uid != os.geteuid():
            raise UsageError(
                f"the state folder {path} belongs to another user", help=f"set {PREFIX}STATE_DIR"
            )
        if status.st_mode & _OTHERS:
            path.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the state folder {path} cannot be used: {error.strerror}",
            help=f"set {PREFIX}STATE_DIR",
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(
            f"the state folder {path} cannot be written",
            help=f"make this user its owner, or set {PREFIX}STATE_DIR",
        )


@contextmanager
def only_controller(state_dir: Path) -> Iterator[FileLock]:
    """Hold the folder's lock for the block.

    Raises:
        AspireGitopsError: Another controller uses the folder.
    """
    lock = FileLock(state_dir / "controller.lock")
    if not lock.try_acquire():
        holder = lock.holder() or "another process"
        raise AspireGitopsError(
            f"a controller already runs with {state_dir}: {holder}",
            help=f"stop it first, or set {PREFIX}STATE_DIR",
        )
    try:
        yield lock
    finally:
        lock.release()


def gateways_zone(journal: Journal) -> tzinfo | None:
    """Return the Gateway's timezone, as of the revision that was applied last; None if unknown."""
    entries = journal.read(kinds=(EntryKind.APPLIED,), newest_first=True, limit=1)
    name = next((entry.draft.body.get("timezone") for entry in entries), None)
    return zone(name) if isinstance(name, str) and name else None


def journal_to_read(invocation: Invocation, state_dir: Path | None = None) -> Journal:
    """Open the journal that the settings, or the named folder, lead to. Changes nothing in it, nor beside it.

    Raises:
        JournalUnavailable: It does not exist, or cannot be reached.
        JournalDamaged: The journal is damaged.
        UsageError, SecretMissing: A setting is wrong.
    """
    settings = invocation.settings(state_dir=state_dir)
    url = read_secret(settings, "database_url")
    secret = url.get_secret_value() if url else None
    return open_journal(secret, settings.state_dir, read_only=True)
