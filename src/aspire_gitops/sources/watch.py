"""Watch a folder's reviewed files. The only module that imports watchfiles."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from watchfiles import Change, watch

from aspire_gitops.sources.files import is_hidden, is_reviewed
from aspire_gitops.vocabulary import SourceUnavailable

QUIET_MS = 200  # an editor's save is several changes


def changes(path: Path, *, stop: Event | None = None) -> Iterator[None]:
    """Yield once after each burst of changes to reviewed files, until interrupted or stopped.

    Raises:
        SourceUnavailable: The folder does not exist. Try again when it does.
    """
    root = path.resolve()

    def counts(_change: Change, changed: str) -> bool:
        inside = Path(changed).relative_to(root).parts if changed.startswith(str(root)) else ()
        return is_reviewed(changed) and not any(is_hidden(part) for part in inside)

    try:
        for _ in watch(root, watch_filter=counts, debounce=QUIET_MS, stop_event=stop):
            yield
    except FileNotFoundError as error:
        raise SourceUnavailable(f"{path} cannot be watched: no such folder") from error
