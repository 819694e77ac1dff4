"""`file`: deliver a key to a file of mode 0600 on the controller's host.

An address without a slash in front is below the controller's folder of keys, which the
reviewed files do not know: `agents/default`.
"""

from aspire_gitops.delivery.base import Delivery, DeliveryMethod, Doors
from aspire_gitops.permitted import (
    DEFAULT_DELIVERY_ROOT,
    DELIVERY_BASES,
    why_not_deliver,
    written_plainly,
)
from aspire_gitops.vocabulary import DeliveryFailed
from aspire_gitops.vocabulary.spec import FilePath
from aspire_ledger.canonical import JsonValue


class FileDelivery(DeliveryMethod[str]):
    """A file, replaced in one step."""

    tag = "file"
    reviewed = FilePath
    description = "Absolute path of a file on the controller's host, written with mode 0600."
    examples = ("/srv/agents/gateway-key",)
    advice = "choose a folder of the app's own, like /srv/<app>/gateway-key"

    def parse(self, address: JsonValue) -> str:
        # Not what a reviewed file says: it may be below the folder of keys, or in a sandbox.
        if isinstance(address, str) and address and address.isprintable():
            return address
        raise DeliveryFailed(
            "no key is delivered: a file's address is not a path", about_commit=True
        )

    def own_place(self, app: str, key: str) -> str:
        """Return the place of an app's own, below the controller's folder of keys."""
        return f"{app}/{key}"

    def open(self, address: str, doors: Doors) -> Delivery:
        base, path = doors.root.rstrip("/"), address
        if not path.startswith("/"):
            return doors.file(base, path.split("/"))
        if not _is_below(path, base):
            base = next(base for base in DELIVERY_BASES if path.startswith(f"{base}/"))
        return doors.file(base, path.removeprefix(f"{base}/").split("/"))

    def shown(self, address: str) -> str:
        is_whole = address.startswith("/")
        return address if is_whole else f"{address} below the controller's delivery root"

    def why_not(self, address: str) -> str | None:
        return why_not_deliver(in_full(address))

    def why_not_open(self, address: str, root: str) -> str | None:
        base = root.rstrip("/")
        whole = address if address.startswith("/") else f"{base}/{address}"
        return None if _is_below(whole, base) else why_not_deliver(whole)

    def identity(self, address: str) -> str:
        return _normalised(in_full(address))


def _is_below(path: str, base: str) -> bool:
    below = path.removeprefix(f"{base}/")
    return below != path and written_plainly(f"/{below}")


def in_full(path: str) -> str:
    """Return a path as it is with the usual delivery root."""
    return path if path.startswith("/") else f"{DEFAULT_DELIVERY_ROOT}/{path}"


def _normalised(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)
