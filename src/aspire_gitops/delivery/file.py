"""Hand a key over in a file: mode 0600, replaced in one step, durable before we go on."""

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aspire_gitops.errors import DeliveryFailed

_KEY = re.compile(r"sk-[A-Za-z0-9_-]{16,97}")
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file that holds one key and a final newline."""

    path: str

    def read(self) -> str | None:
        """Return the key in the file, None without a file, or raise DeliveryFailed."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
                value = file.read(_LARGEST).strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from None
        if not _KEY.fullmatch(value):
            raise DeliveryFailed(
                f"{self.path} holds something that is not a key; move it away, or deliver elsewhere"
            )
        return value

    def write(self, value: str) -> None:
        """Replace the file. A reader sees the old content or the new, never a part."""
        path = Path(self.path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(path, value)
        except OSError as error:
            raise self._failed("write", error) from None

    def _replace(self, path: Path, value: str) -> None:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{value}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(draft).unlink()
            raise
        _sync_folder(path.parent)

    def _failed(self, verb: str, error: OSError) -> DeliveryFailed:
        return DeliveryFailed(f"cannot {verb} {self.path}: {error.strerror or error}")


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may forget the rename after the gateway knows the key.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
