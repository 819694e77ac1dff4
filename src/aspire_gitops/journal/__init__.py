"""The append-only, hash-chained record of what the controller saw and did.

Start with `open_journal`; `chain` defines and verifies the hashes, `tables` creates and
migrates the tables. Nothing here interprets a line, and nothing ever changes or removes
one.
"""

from aspire_gitops.journal.chain import GENESIS, ChainFault, ChainVerdict
from aspire_gitops.journal.entry import Draft, Entry, EntryKind
from aspire_gitops.journal.opening import journal_path, open_journal
from aspire_gitops.journal.store import Journal, Moment

__all__ = [
    "GENESIS",
    "ChainFault",
    "ChainVerdict",
    "Draft",
    "Entry",
    "EntryKind",
    "Journal",
    "Moment",
    "journal_path",
    "open_journal",
]
