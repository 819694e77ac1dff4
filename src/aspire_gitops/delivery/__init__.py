"""Where an app's key goes. The delivery is the only place that holds its value."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from aspire_gitops.delivery.file import DeliveredFile
from aspire_gitops.own_files import OwnFiles
from aspire_gitops.permitted import DELIVERY_BASES, why_not_deliver, written_plainly
from aspire_gitops.state import FileDelivery
from aspire_gitops.vocabulary.errors import DeliveryFailed


class Delivery(Protocol):
    """One place that a key's value is handed over at."""

    @property
    def place(self) -> str:
        """The place as the journal writes it: `file:/var/lib/aspire-gitops/keys/agents/default`."""
        ...

    def read(self) -> str | None:
        """Return the value that is there, or None.

        Raises:
            DeliveryFailed: Something is there that is not a key, or it cannot be read.
        """
        ...

    def write(self, value: str) -> None:
        """Put the value there, whole or not at all.

        Raises:
            DeliveryFailed: It could not be written. Try again.
        """
        ...


def deliveries_in(root: Path, own: OwnFiles | None = None) -> Callable[[FileDelivery], Delivery]:
    """Return what opens the deliveries that compiled keys name.

    Opening raises DeliveryFailed for a path that no reviewed file may name, also
    where nobody validated it. Only a commit helps then.

    Args:
        root: The controller's delivery root, which a relative path is below.
        own: The controller's own files, which are never written.
    """
    return partial(_opened, root, own or OwnFiles())


def _opened(root: Path, own: OwnFiles, where: FileDelivery) -> Delivery:
    base, path = str(root).rstrip("/"), where.path
    whole = path if path.startswith("/") else f"{base}/{path}"
    below = whole.removeprefix(f"{base}/")
    if below != whole and written_plainly(f"/{below}"):
        return DeliveredFile(base, tuple(below.split("/")), own)
    if why := why_not_deliver(whole):
        raise DeliveryFailed(f"no key is handed over in {whole}: the path {why}")
    base = next(base for base in DELIVERY_BASES if whole.startswith(f"{base}/"))
    return DeliveredFile(base, tuple(whole.removeprefix(f"{base}/").split("/")), own)


__all__ = ["DeliveredFile", "Delivery", "deliveries_in"]
