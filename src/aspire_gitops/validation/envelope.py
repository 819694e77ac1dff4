"""What every file says first: which kind of resource it is, and what it is called."""

from collections.abc import Iterator

from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import ResourceKind
from aspire_gitops.validation.suggest import closest

KIND_MISSING = Rule("AG101", "kind-missing")
UNKNOWN_KIND = Rule("AG102", "unknown-kind")
FILE_NAME_DIFFERS = Rule("AG103", "file-name-differs")

KINDS = {str(kind): kind for kind in ResourceKind}
_KINDS_IN_WORDS = ", ".join(KINDS)


def kind_of(document: Document) -> ResourceKind | None:
    """Return the kind of the document, or None when it has none that we know."""
    kind = document.value.get("kind")
    return KINDS.get(kind) if isinstance(kind, str) else None


def check_kind(document: Document) -> Iterator[Diagnostic]:
    """Yield AG101 or AG102 for a document without a known kind."""
    kind = document.value.get("kind")
    if kind is None:
        yield KIND_MISSING.at(
            document.span("kind") if "kind" in document.value else document.key_span(),
            "the file does not say which kind of resource it is",
            help=f"start it with `kind:` and one of {_KINDS_IN_WORDS}",
        )
    elif not isinstance(kind, str) or kind not in KINDS:
        yield UNKNOWN_KIND.at(
            document.span("kind"),
            f'there is no kind "{kind}"' if isinstance(kind, str) else "a kind is a word",
            help=_meant(kind) if isinstance(kind, str) else f"it is one of {_KINDS_IN_WORDS}",
        )


def check_file_name(document: Document) -> Iterator[Diagnostic]:
    """Yield AG103 when the file is not called what its resource is called.

    The one Gateway stands in `gateway.yaml`, whatever its name.
    """
    name = document.value.get("name")
    stem = stem_of(document.path)
    if stem == "gateway" and document.value.get("kind") == ResourceKind.GATEWAY:
        return  # there is one, and everybody finds it by what it is
    if isinstance(name, str) and name and name != stem:
        yield FILE_NAME_DIFFERS.at(
            document.span("name"),
            f'the resource is "{name}" and the file "{stem}": whoever looks for one misses it',
            help=f'rename the file to "{name}.yaml", or write `name: {stem}`',
        )


def stem_of(path: str) -> str:
    """Return the file's name without folder and `.yaml`."""
    name = path[path.rfind("/") + 1 :]
    return name.removesuffix(".yaml").removesuffix(".yml")


def _meant(kind: str) -> str:
    by_lower = {word.lower(): word for word in KINDS}
    close = closest(kind, by_lower)
    return f'did you mean "{by_lower[close]}"?' if close else f"it is one of {_KINDS_IN_WORDS}"
