"""At most one controller writes: a lock in the state folder, or one in PostgreSQL.

Both end with the process that holds them, even by `kill -9`. A lock says who holds
it; what is done with it is `controller`'s affair. `advisory` is imported by those
who have a database: its driver is large.
"""

from aspire_gitops.locking.file import FileLock
from aspire_gitops.locking.lock import WriterLock

__all__ = ["FileLock", "WriterLock"]
