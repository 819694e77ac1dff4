"""`file`: hand a key over in a file of mode 0600 on the controller's host.

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
from aspire_gitops.vocabulary.errors import DeliveryFailed
from aspire_gitops.vocabulary.spec import FilePath
from aspire_ledger.canonical import JsonValue


class FileDelivery(DeliveryMethod):
    """A file, replaced in one step."""

    tag = "file"
    reviewed = FilePath
    description = "Absolute path of a file on the controller's host, written with mode 0600."
    examples = ("/srv/agents/gateway-key",)
    advice = "choose a folder of the app's own, like /srv/<app>/gateway-key"

    def own_place(self, app: str, key: str) -> str:
        """Return the place of an app's own, below the controller's folder of keys."""
        return f"{app}/{key}"

    def open(self, address: JsonValue, doors: Doors) -> Delivery:
        base, path = doors.root.rstrip("/"), str(address)
        whole = path if path.startswith("/") else f"{base}/{path}"
        below = whole.removeprefix(f"{base}/")
        if below != whole and written_plainly(f"/{below}"):
            return doors.file(base, below.split("/"))
        if why := why_not_deliver(whole):
            raise DeliveryFailed(f"no key is handed over in {whole}: the path {why}")
        base = next(base for base in DELIVERY_BASES if whole.startswith(f"{base}/"))
        return doors.file(base, whole.removeprefix(f"{base}/").split("/"))

    def shown(self, address: JsonValue) -> str:
        path = str(address)
        return path if path.startswith("/") else f"{path} below the controller's delivery root"

    def why_not(self, address: JsonValue) -> str | None:
        return why_not_deliver(in_full(str(address)))

    def identity(self, address: JsonValue) -> str:
        return _normalised(in_full(str(address)))


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
