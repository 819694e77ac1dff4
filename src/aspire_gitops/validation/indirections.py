"""No text of a reviewed file may be one that LiteLLM replaces by a secret of its own.

LiteLLM reads a value like `os.environ/NAME` anew wherever it meets one, sends what
stands in its environment to the provider, and shows it in its model list.
"""

import re
from collections.abc import Iterator, Mapping

from aspire_gitops.diagnostics import Diagnostic, Rule, Span
from aspire_gitops.loading.document import Document
from aspire_gitops.validation.fallback_roads import Finding, Path

SECRET_INDIRECTION = Rule("AG330", "secret-indirection")

# LiteLLM 1.106.2 resolves the first three. It compares exactly and at the start; a
# reader that trims, folds case or joins a text to another one must find nothing either.
_STORES = (
    "oidc", "aws_kms", "azure_ad", "azure_ad_token", "azure_key_vault", "env", "environ",
    "google_kms", "google_secret_manager", "hashicorp_vault", "secret", "secrets", "vault",
)  # fmt: skip
_INDIRECTION = re.compile(
    rf"os\.environ|(?<![a-z0-9_./-])(?:(?:{'|'.join(_STORES)}):?/|file://)",
    re.IGNORECASE,
)
_HINTS = ("environ", "file:/", *(f"{store}{mark}" for store in _STORES for mark in ("/", ":/")))


def check_indirections(document: Document) -> Iterator[Finding]:
    """Yield AG330, with its path, for each text or name that stands for a secret elsewhere."""
    if document.text and "\\" not in document.text and not _has_hint(document.text):
        return  # nearly every file; only an escape could hide one from this look
    for path, text, is_name in _texts(document.value):
        if _is_prose(path) and not _INDIRECTION.match(text.strip()):
            continue
        if found := _INDIRECTION.search(text):
            place = document.key_span(*path) if is_name else document.span(*path)
            yield path, _diagnostic(found[0], place)


def _has_hint(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def stands_for_secret(text: str) -> bool:
    """Say whether LiteLLM would put a secret of its own in the place of a text."""
    return _INDIRECTION.search(text) is not None


def _diagnostic(word: str, place: Span) -> Diagnostic:
    return SECRET_INDIRECTION.at(
        place,
        f"`{word}…` makes the gateway put a secret of its own environment in its place, "
        "and send it along",
        help="write the value itself; a provider's secret is named in its file: "
        "`credential: {env: NAME}`",
    )


def _is_prose(path: Path) -> bool:
    """Words for people may speak of such a text; they never reach the gateway's router."""
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
