"""What is known about the gateway: its address, and the alias for a model that code names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from aspire_gitops.catalog import Catalog

_SIZES = frozenset(
    "mini nano micro small medium large lite flash pro max plus turbo opus sonnet haiku vision vl "
    "embedding embed ocr coder reasoner".split()
)
_SAME = {"vl": "vision", "embed": "embedding", "ada": "embedding"}


@dataclass(frozen=True, slots=True)
class KnownAlias:
    """One alias of the gateway and the model behind it."""

    name: str
    model: str
    mode: str = "chat"
    reads_pages: bool = False


@dataclass(frozen=True, slots=True)
class KnownGateway:
    """The gateway as apps reach it. `url` is None when its address is unknown."""

    url: str | None = None
    aliases: tuple[KnownAlias, ...] = ()

    @property
    def origin(self) -> str | None:
        """Return the address without `/v1`, for clients that add it themselves."""
        return self.url and re.sub(r"/v1/?$", "", self.url).rstrip("/")

    def is_at(self, address: str) -> bool:
        """Return whether an address leads to the gateway."""
        own = _host(self.url or "")
        return bool(own) and _host(address) == own

    def alias_for_pages(self) -> str | None:
        """Return an alias that replaces an OCR or vision service."""
        return next((alias.name for alias in self.aliases if alias.reads_pages), None)

    def alias_for(self, model: str) -> str | None:
        """Return the alias closest to a model's name; None when none is of its family.

        The model behind an alias counts first, then its family (`claude`,
        `qwen`) with the same size (`sonnet`, `mini`), then the family alone.
        """
        for alias in self.aliases:
            if model in (alias.model, alias.name):
                return alias.name
        best = max(self.aliases, key=lambda alias: _likeness(model, alias), default=None)
        return best.name if best and _likeness(model, best)[0] else None


def gateway_of(catalog: Catalog) -> KnownGateway:
    """Return what a catalog says about its gateway. Aliases of deferred providers are left out."""
    deferred = {name for name, item in catalog.providers.items() if item.spec.deferred}
    aliases = tuple(
        KnownAlias(
            name,
            item.spec.target.model,
            item.spec.mode,
            reads_pages=item.spec.mode == "ocr" or "ocr" in item.spec.capabilities,
        )
        for name, item in catalog.aliases.items()
        if item.spec.target.provider not in deferred
    )
    return KnownGateway(catalog.gateway.spec.url if catalog.gateway else None, aliases)


def is_public(address: str) -> bool:
    """Return whether an address is public: a full host name or a public IP, not a placeholder.

    `localhost`, a name without a dot (a service in a compose file), names under
    `.local`, `.internal`, `.test` and `example.com` are not public.
    """
    host = _host(address)
    if not host or "." not in host or any(mark in host for mark in "{}$%<>*"):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        pass
    last = host.rsplit(".", 1)[-1]
    parts = host.split(".")
    return last not in {"local", "internal", "test", "invalid", "example", "localhost", "svc", "lan"} and not (
        "example" in parts or "your" in host
    )  # fmt: skip


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower() if "://" in address else ""
    except ValueError:  # an invalid address, such as "http://[x"
        return ""


def _likeness(model: str, alias: KnownAlias) -> tuple[bool, int, int, str]:
    wanted, offered = set(_words(model)), {*_words(alias.model), *_words(alias.name)}
    family = bool((wanted - _SIZES) & (offered - _SIZES))
    sizes = {_SAME.get(word, word) for word in wanted & _SIZES}
    shared = len(sizes & {_SAME.get(word, word) for word in offered})
    extra = len({_SAME.get(word, word) for word in offered & _SIZES} - sizes)
    return (
        family and _is_embedding(model) == (alias.mode == "embedding"),
        shared,
        -extra,
        alias.name,
    )


def _is_embedding(model: str) -> bool:
    return "embed" in model


def _words(name: str) -> Iterator[str]:
    """Yield the words of a model's name without versions: `qwen3-vl-235b` has qwen and vl."""
    for word in re.split(r"[^a-z0-9]+", name.lower().rsplit("/", 1)[-1]):
        letters = re.sub(r"[0-9]+[a-z]?$", "", word)
        if len(letters) >= 2 and letters not in {
            "instruct",
            "latest",
            "preview",
            "chat",
            "exp",
            "text",
        }:
            yield letters  # fmt: skip
