"""A credential travels only where nobody listens."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.loading.document import Document

PLAIN_HTTP = Rule("AG313", "plain-http")


def check_address(document: Document, path: tuple[str, ...], url: str) -> Iterator[Diagnostic]:
    """Yield AG313 for a URL that sends a key unencrypted over a network."""
    if url.startswith("http://") and not _is_loopback(url):
        yield PLAIN_HTTP.at(
            document.span(*path),
            "plain http: everybody on the way can read the key that is sent with each call",
            help=f'write "https://{url.removeprefix("http://")}"',
        )


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, or no host at all
        return False
