"""Refuse configuration that leads a call to a model, vendor or secret other than the reviewed one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from aspire_gitops.loading.document import Document
from aspire_gitops.resources import ResourceKind
from aspire_gitops.validation.forbidden_words import (
    FALLBACK_ROAD,
    FORBIDDEN_EVERYWHERE,
    forbidden_parameter,
    never_allowed,
)
from aspire_gitops.vocabulary import Diagnostic, Rule, Span

Path: TypeAlias = tuple[str | int, ...]
Finding: TypeAlias = tuple[Path, Diagnostic]
"""A diagnostic and the path that it explains, so that the schema does not explain it again."""

NAME_FOR_SEVERAL = Rule("AG302", "name-for-several")

_AUTO_ROUTERS = ("auto_router", "complexity_router", "quality_router", "adaptive_router")
_RESERVED = {
    "all-proxy-models": "means every alias to LiteLLM",
    "all-team-models": "means every alias of a team to LiteLLM",
    "no-default-models": "means no alias at all to LiteLLM",
}

SECRET_INDIRECTION = Rule("AG330", "secret-indirection")

# LiteLLM resolves the first three, compared exactly and at the start. A reader
# that trims, folds case or joins texts must find nothing either.
_STORES = (
    "oidc", "aws_kms", "azure_ad", "azure_ad_token", "azure_key_vault", "env", "environ",
    "google_kms", "google_secret_manager", "hashicorp_vault", "secret", "secrets", "vault",
)  # fmt: skip
_INDIRECTION = re.compile(
    rf"os\.environ|(?<![a-z0-9_./-])(?:(?:{'|'.join(_STORES)}):?/|file://)",
    re.IGNORECASE,
)
_HINTS = ("environ", "file:/", *(f"{store}{mark}" for store in _STORES for mark in ("/", ":/")))


def check_parameters(document: Document, names: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield each name that an alias's `parameters` must not have, with its path."""
    for name in names:
        if forbidden := forbidden_parameter(name):
            path: Path = ("parameters", name)
            yield path, forbidden.at(document.key_span(*path))


def check_allowed_parameters(document: Document, names: object) -> Iterator[Finding]:
    """Yield each parameter that an alias must not let apps send, with its path."""
    for index, name in enumerate(names if isinstance(names, list | tuple) else ()):
        if isinstance(name, str) and (forbidden := never_allowed(name)):
            path: Path = ("allow_parameters", index)
            yield path, forbidden.at(document.span(*path))


def check_alias_names(document: Document, name: object, model: object) -> Iterator[Finding]:
    """Yield AG302 when an alias's name or model stands for more than one model."""
    for path, value in ((("name",), name), (("target", "model"), model)):
        if isinstance(value, str) and (reason := _several(value)):
            yield (
                path,
                NAME_FOR_SEVERAL.at(
                    document.span(*path),
                    f"`{'.'.join(path)}` {reason}",
                    help="name one model; declare each alias in its own file",
                ),
            )


def check_listed_aliases(document: Document, names: object) -> Iterator[Finding]:
    """Yield AG302 for each listed alias that stands for more than one."""
    for index, name in enumerate(names if isinstance(names, list | tuple) else ()):
        if isinstance(name, str) and (reason := _several(name)):
            path: Path = ("aliases", index)
            yield (
                path,
                NAME_FOR_SEVERAL.at(
                    document.span(*path),
                    f"the listed alias {reason}",
                    help="list each alias by name",
                ),
            )


def check_raw(document: Document, kind: ResourceKind) -> Iterator[Finding]:
    """Yield the same for a document that the schema refuses, and every forbidden key in it.

    The paths say which of the schema's mistakes this explains.
    """
    value = document.value
    for path, key, is_name in _texts(value):
        if is_name and key in FORBIDDEN_EVERYWHERE and not _says_forbid(kind, path):
            yield path, FORBIDDEN_EVERYWHERE[key].at(document.key_span(*path))
    if kind is ResourceKind.ALIAS:
        yield from _raw_alias(document)
    elif kind is ResourceKind.APP:
        yield from check_listed_aliases(document, value.get("aliases"))
    elif kind is ResourceKind.GATEWAY:
        yield from _raw_policy(document)


def check_indirections(document: Document) -> Iterator[Finding]:
    """Yield AG330, with its path, for each text or name that stands for a secret stored elsewhere."""
    if document.text and "\\" not in document.text and not _has_hint(document.text):
        return  # nearly every file; only an escape could hide a hint from this check
    for path, text, is_name in _texts(document.value):
        if _is_prose(path) and not _INDIRECTION.match(text.strip()):
            continue
        if found := _INDIRECTION.search(text):
            place = document.key_span(*path) if is_name else document.span(*path)
            yield path, _diagnostic(found[0], place)


def is_several(name: str) -> bool:
    """Return whether a name stands for more than one model, which AG302 reports."""
    return _several(name) is not None


def stands_for_secret(text: str) -> bool:
    """Return whether LiteLLM would substitute a secret of its own for a text."""
    return _INDIRECTION.search(text) is not None


def _several(name: str) -> str | None:
    if "*" in name:
        return "is a wildcard: it grows with whatever a provider offers"
    if "," in name:
        return "is a list to LiteLLM, which answers once for each model in it"
    if name.startswith(_AUTO_ROUTERS) or "/auto_router" in name:
        return "is a router that picks the model by itself"
    return _RESERVED.get(name)


def _raw_alias(document: Document) -> Iterator[Finding]:
    target, parameters = document.value.get("target"), document.value.get("parameters")
    model = target.get("model") if isinstance(target, dict) else None
    yield from check_alias_names(document, document.value.get("name"), model)
    yield from check_allowed_parameters(document, document.value.get("allow_parameters"))
    if isinstance(parameters, dict):
        # The forbidden keys are in the walk already.
        names = {str(name): None for name in parameters if name not in FORBIDDEN_EVERYWHERE}
        yield from check_parameters(document, names)


def _raw_policy(document: Document) -> Iterator[Finding]:
    policy = document.value.get("policy")
    choice = policy.get("fallbacks") if isinstance(policy, dict) else None
    if isinstance(choice, str) and choice != "forbid":
        path: Path = ("policy", "fallbacks")
        message = "fallbacks cannot be allowed: another model would answer silently"
        yield path, FALLBACK_ROAD.at(document.span(*path), message, help="write `forbid`")


def _says_forbid(kind: ResourceKind, path: Path) -> bool:
    return kind is ResourceKind.GATEWAY and path == ("policy", "fallbacks")


def _has_hint(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def _diagnostic(word: str, place: Span) -> Diagnostic:
    return SECRET_INDIRECTION.at(
        place,
        f"`{word}…` makes the gateway substitute a secret of its own environment and send it",
        help="write the value itself; a provider's secret is named in its file: "
        "`credential: {env: NAME}`",
    )


def _is_prose(path: Path) -> bool:
    """Return whether a field is prose, which may mention such a text and never reaches the router."""
    return path[-1:] in {
        ("description",),
        ("reason",),
        ("deferred",),
        ("source",),
        ("zero_because",),
    }


def _texts(value: object) -> Iterator[tuple[Path, str, bool]]:
    """Yield every text at any depth with its path, names of mappings included."""
    left: list[tuple[Path, object]] = [((), value)]
    while left:
        path, part = left.pop()
        if isinstance(part, str):
            yield path, part, False
        elif isinstance(part, Mapping):
            yield from (((*path, str(name)), str(name), True) for name in part)
            left.extend(((*path, str(name)), item) for name, item in part.items())
        elif isinstance(part, list):
            left.extend(((*path, index), item) for index, item in enumerate(part))
