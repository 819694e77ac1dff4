"""Read a snapshot file; `saved_snapshot` knows what is in it."""

from pathlib import Path

from aspire_gitops.errors import UsageError
from aspire_gitops.saved_snapshot import MOST_BYTES, SavedSnapshot, read_snapshot


def read_snapshot_file(path: Path, owner: str) -> SavedSnapshot:
    """Read what `snapshot_json` wrote.

    Raises:
        UsageError: It cannot be read, or is no snapshot of ours.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a snapshot") from error
    return read_snapshot(content, owner, name=str(path))
