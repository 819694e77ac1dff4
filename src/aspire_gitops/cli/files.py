"""Write results to files: whole, or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from aspire_gitops.errors import UsageError


def write_file(path: Path, text: str) -> bool:
    """Replace a file in one step; returns False if it said the same already.

    Raises:
        UsageError: The place cannot be written to.
    """
    content = text.encode()
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}; name another place"
        ) from error
    return True


def _replace(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), 0o666 & ~mask)  # mkstemp says 0600; these files are for people
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
