"""A credential travels only where nobody listens, and never to a metadata service."""

from collections.abc import Iterator

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import ProviderSpec
from aspire_gitops.validation.hosts import Reach, is_loopback, reach_of

PLAIN_HTTP = Rule("AG313", "plain-http")
FORBIDDEN_ADDRESS = Rule("AG333", "forbidden-address")
PRIVATE_NETWORK = Rule("AG334", "private-network")


def check_address(document: Document, path: tuple[str, ...], url: str) -> Iterator[Diagnostic]:
    """Yield AG313 or AG333 for a URL that sends a key where it must not go."""
    if reach_of(url) is Reach.FORBIDDEN:
        yield FORBIDDEN_ADDRESS.at(
            document.span(*path),
            "this host is a metadata service, a link-local address, or no address at all: "
            "who answers there hands out credentials of the machine, and would get ours",
            help="write the name of the provider's API, like https://api.example.com/v1",
        )
    elif url.startswith("http://") and not is_loopback(url):
        yield PLAIN_HTTP.at(
            document.span(*path),
            "plain http: everybody on the way can read the key that is sent with each call",
            help=f'write "https://{url.removeprefix("http://")}"',
        )


def check_provider_address(provider: Declared[ProviderSpec]) -> Iterator[Diagnostic]:
    """Yield AG313, AG333, and AG334 for a private address that nobody agreed to."""
    spec = provider.spec
    yield from check_address(provider.document, ("base_url",), spec.base_url)
    is_private = reach_of(spec.base_url) is Reach.PRIVATE
    if is_private and spec.private_network is None:
        yield PRIVATE_NETWORK.at(
            provider.span("base_url"),
            "this host is on the gateway's machine or in a private network, where a call can "
            "reach what was never meant to be called",
            help="if the provider is there, add `private_network: {reason: …}`; "
            "else write the public name of its API",
        )
    elif spec.private_network is not None and not is_private:
        yield PRIVATE_NETWORK.at(
            provider.document.key_span("private_network"),
            "`private_network` agrees to a private address, and `base_url` has a public one",
            help="remove `private_network`",
        )
