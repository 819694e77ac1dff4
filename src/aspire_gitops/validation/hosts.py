"""Where a host name or address leads, and where a credential may be sent. Never asks DNS."""

import re
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aspire_gitops.catalog import Declared
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import ProviderSpec
from aspire_gitops.vocabulary import Diagnostic, Rule

PLAIN_HTTP = Rule("AG313", "plain-http")
FORBIDDEN_ADDRESS = Rule("AG333", "forbidden-address")
PRIVATE_NETWORK = Rule("AG334", "private-network")

_METADATA_NAMES = frozenset(
    [
        "instance-data",
        "metadata",
        "metadata.azure.com",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.oraclecloud.com",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
    ]
)
_METADATA_ADDRESSES = frozenset(
    map(
        ip_address,
        ["100.100.100.200", "168.63.129.16", "169.254.169.254", "192.0.0.192", "fd00:ec2::254"],
    )
)
# Names under these services resolve to the address that is part of the name.
_ADDRESS_IN_NAME = ("nip.io", "sslip.io", "xip.io", "traefik.me", "localtest.me", "lvh.me")
_PRIVATE_ZONES = (
    "arpa", "corp", "home", "intern", "internal", "intranet", "lan", "local", "localdomain",
    "localhost", "private", "svc",
)  # fmt: skip
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_MAPPED = IPv6Network("::ffff:0:0/96"), IPv6Network("::/96"), IPv6Network("64:ff9b::/96")
_MAPPED_ANYWHERE = IPv6Network("64:ff9b:1::/48"), IPv6Network("2001::/32")  # also Teredo


class Reach(StrEnum):
    """Who can be at an address."""

    PUBLIC = "public"
    PRIVATE = "private"  # this machine, or a network that only its members reach
    FORBIDDEN = "forbidden"  # a metadata service, a link-local address, or not a valid address


def check_provider_address(provider: Declared[ProviderSpec]) -> Iterator[Diagnostic]:
    """Yield AG313, AG333, and AG334 for a private address without agreement."""
    spec = provider.spec
    yield from check_address(provider.document, ("base_url",), spec.base_url)
    is_private = reach_of(spec.base_url) is Reach.PRIVATE
    if is_private and spec.private_network is None:
        yield PRIVATE_NETWORK.at(
            provider.span("base_url"),
            "this host is on the gateway's machine or in a private network, where calls can "
            "reach services that must not be exposed",
            help="if the provider is there, add `private_network: {reason: …}`; "
            "otherwise use the public name of its API",
        )
    elif spec.private_network is not None and not is_private:
        yield PRIVATE_NETWORK.at(
            provider.document.key_span("private_network"),
            "`private_network` agrees to a private address, but `base_url` has a public one",
            help="remove `private_network`",
        )


def check_address(document: Document, path: tuple[str, ...], url: str) -> Iterator[Diagnostic]:
    """Yield AG313 or AG333 for a URL that sends a key where it must not go."""
    if reach_of(url) is Reach.FORBIDDEN:
        yield FORBIDDEN_ADDRESS.at(
            document.span(*path),
            "this host is a metadata service, a link-local address, or not a valid address: "
            "such a service hands out the machine's credentials, and would receive ours",
            help="use the host name of the provider's API, like https://api.example.com/v1",
        )
    elif url.startswith("http://") and not is_loopback(url):
        yield PLAIN_HTTP.at(
            document.span(*path),
            "plain http: anyone on the network path can read the key that is sent with each call",
            help=f'write "https://{url.removeprefix("http://")}"',
        )


def reach_of(url: str) -> Reach:
    """Return who can be at the host of a URL."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        port = urlsplit(url).port
    except ValueError:
        return Reach.FORBIDDEN
    del port  # read to see whether it is a number
    return _reach_of_host(host.rstrip(".") if host.strip(".") else "")


def is_loopback(url: str) -> bool:
    """Return whether the host is this machine, by an obvious name or address."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, or no host at all
        return False


def _reach_of_host(host: str) -> Reach:
    if ":" in host:
        return _reach_of_six(host)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        address = _old_spelling(labels)
        return Reach.FORBIDDEN if address is None else _reach_of_address(address)
    if not all(map(_LABEL.fullmatch, labels)):
        return Reach.FORBIDDEN
    if host in _METADATA_NAMES or labels[0] == "instance-data" or _is_in(host, _ADDRESS_IN_NAME):
        return Reach.FORBIDDEN
    return Reach.PRIVATE if len(labels) == 1 or _is_in(host, _PRIVATE_ZONES) else Reach.PUBLIC


def _is_in(host: str, zones: tuple[str, ...]) -> bool:
    return any(host == zone or host.endswith(f".{zone}") for zone in zones)


def _old_spelling(labels: list[str]) -> IPv4Address | None:
    """Read an IPv4 address as `inet_aton` does: one to four numbers, decimal, octal or hex."""
    if len(labels) > 4 or not all(map(_NUMBER.fullmatch, labels)):
        return None
    try:
        *firsts, last = (_number(label) for label in labels)
    except ValueError:
        return None
    if any(first > 255 for first in firsts) or last >= 256 ** (4 - len(firsts)):
        return None
    return IPv4Address(sum(n << 8 * (3 - at) for at, n in enumerate(firsts)) + last)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if len(text) > 1 and text.startswith("0") else 10)


def _reach_of_six(host: str) -> Reach:
    try:
        address = IPv6Address(host)
    except ValueError:
        return Reach.FORBIDDEN
    within = _within(address)
    if within is not None and int(address) > 1:  # `::` and `::1` are addresses of their own
        return _reach_of_address(within)
    if any(address in network for network in _MAPPED_ANYWHERE):
        return Reach.FORBIDDEN
    return _reach_of_address(address)


def _within(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway of the network would send the call to."""
    if address.sixtofour:
        return address.sixtofour
    if any(address in network for network in _MAPPED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _reach_of_address(address: IPv4Address | IPv6Address) -> Reach:
    if address in _METADATA_ADDRESSES or address.is_link_local or address.is_multicast:
        return Reach.FORBIDDEN
    if address.is_loopback or address.is_private or address.is_unspecified:
        return Reach.PRIVATE
    if address.is_reserved:
        return Reach.FORBIDDEN
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE
