"""The append-only, hash-chained record of what the controller saw and did.

`open_journal` is the way in; `chain` says what a line's hash covers, `verifying`
proves a chain, `migrations` makes and updates the tables. Nothing here judges what
a line says, and nothing here ever changes or removes one.
"""

from aspire_gitops.journal.chain import GENESIS, ChainFault, Verdict
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.journal.opening import journal_path, open_journal
from aspire_gitops.journal.store import Journal, Moment

__all__ = [
    "GENESIS",
    "ChainFault",
    "Draft",
    "Entry",
    "EntryKind",
    "Journal",
    "Moment",
    "Verdict",
    "journal_path",
    "open_journal",
]
