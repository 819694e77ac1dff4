"""Where an app's key goes. The delivery is the only place that holds its value."""

from typing import Protocol

from aspire_gitops.delivery.file import DeliveredFile
from aspire_gitops.state import FileDelivery


class Delivery(Protocol):
    """One place that a key's value is handed over at."""

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


def open_delivery(where: FileDelivery) -> Delivery:
    """Return the delivery that the reviewed files name."""
    return DeliveredFile(where.path)


__all__ = ["DeliveredFile", "Delivery", "open_delivery"]
