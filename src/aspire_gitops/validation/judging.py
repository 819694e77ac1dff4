"""One document by itself: what it declares, what it names, and what is wrong with it.

Nothing here depends on other files, so a result is valid for the same text at the same
path: a review judges what two revisions share only once.
`validate` puts the documents of one revision together.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import ValidationError

from aspire_gitops.catalog import Declared
from aspire_gitops.loading.document import Document
from aspire_gitops.loading.places import Lines
from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.validation import fallback_roads
from aspire_gitops.validation.fallback_roads import check_indirections
from aspire_gitops.validation.literal_secrets import HiddenParts, diagnose, find, hidden_parts
from aspire_gitops.validation.references import Reference, references_in
from aspire_gitops.validation.wording import closest, shown, shown_name
from aspire_gitops.vocabulary import Diagnostic, Rule, sort_diagnostics
from aspire_gitops.vocabulary.spec import NAME_PATTERN

KIND_MISSING = Rule("AG101", "kind-missing")
UNKNOWN_KIND = Rule("AG102", "unknown-kind")
FILE_NAME_DIFFERS = Rule("AG103", "file-name-differs")

KINDS = {str(kind): kind for kind in ResourceKind}
_KINDS_IN_WORDS = ", ".join(KINDS)


def kind_of(document: Document) -> ResourceKind | None:
    """Return the kind of the document, or None if it has no known kind."""
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
            f"unknown kind {shown(kind)}" if isinstance(kind, str) else "`kind` must be text",
            help=_meant(kind) if isinstance(kind, str) else f"use one of {_KINDS_IN_WORDS}",
        )


def check_file_name(document: Document) -> Iterator[Diagnostic]:
    """Yield AG103 when the file's name differs from its resource's name.

    The Gateway may always be in `gateway.yaml`.
    """
    name = document.value.get("name")
    stem = stem_of(document.path)
    if stem == "gateway" and document.value.get("kind") == ResourceKind.GATEWAY:
        return  # there is only one, found by its kind
    if isinstance(name, str) and name and name != stem:
        short = shown_name(name)
        yield FILE_NAME_DIFFERS.at(
            document.span("name"),
            f'the resource is "{short}" and its file "{stem}": a search for one misses the other',
            help=_matching(name, stem) if short == name else f"write `name: {stem}`",
        )


def _matching(name: str, stem: str) -> str:
    # What is offered must pass: a stem such as `Shop` or `shop (1)` is no name.
    options = []
    if re.match(NAME_PATTERN, name):
        options.append(f'rename the file to "{name}.yaml"')
    if re.match(NAME_PATTERN, stem):
        options.append(f"write `name: {stem}`")
    return ", or ".join(options) or "use one name for both, of small letters, digits and dashes"


def stem_of(path: str) -> str:
    """Return the file's name without folder and `.yaml`, or `.YML` as some programs write it."""
    name = path[path.rfind("/") + 1 :]
    stem, _, suffix = name.rpartition(".")
    return stem if suffix.lower() in ("yaml", "yml") else name


def _meant(kind: str) -> str:
    by_lower = {word.lower(): word for word in KINDS}
    close = closest(kind, by_lower)
    return f'did you mean "{by_lower[close]}"?' if close else f"use one of {_KINDS_IN_WORDS}"


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for one document by itself.

    `kind` is None without a known kind, `declared` if the resource refuses the
    document; `refused` then has the names that it may have meant to declare.
    `hidden` are the parts of its text that must never be shown. `found` is limited as
    `sort_diagnostics` does it.
    """

    kind: ResourceKind | None
    declared: Declared[Any] | None = None
    refused: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    hidden: HiddenParts = field(default_factory=dict)
    found: tuple[Diagnostic, ...] = ()


Judge: TypeAlias = Callable[[Document], Judged]


def judge(document: Document) -> Judged:
    """Judge one document by its kind's rules. Never raises for what it contains."""
    kind = kind_of(document)
    found, hidden = secrets_in(document.path, document.text)
    if kind is None:
        return Judged(None, hidden=hidden, found=(*found, *check_kind(document)))
    indirections = tuple(check_indirections(document))
    found = (*found, *check_file_name(document), *(reported for _, reported in indirections))
    found = sort_diagnostics(found)
    references = tuple(references_in(document, kind))
    try:
        spec = RESOURCES[kind].model_validate(document.value)
    except ValidationError as error:
        names = (stem_of(document.path), str(document.value.get("name")))
        explained = _explained(document, kind, error, {path for path, _ in indirections})
        found = sort_diagnostics((*found, *explained))
        return Judged(kind, None, names, references, hidden, found)
    return Judged(kind, Declared(spec, document), (), references, hidden, found)


def judge_once() -> Judge:
    """Return a `judge` that remembers each text at each path, for as long as it lives."""
    known: dict[tuple[str, str], Judged] = {}

    def remembering(document: Document) -> Judged:
        place = (document.path, document.text)
        judged = known.get(place)
        if judged is None:
            judged = known[place] = judge(document)
        return judged

    return remembering


def secrets_in(path: str, text: str) -> tuple[tuple[Diagnostic, ...], HiddenParts]:
    """Look for secrets, also in comments and in files that are not YAML."""
    secrets = find(text)
    if not secrets:
        return (), {}
    return tuple(diagnose(path, text, secrets)), hidden_parts(Lines(text), secrets)


def _explained(
    document: Document,
    kind: ResourceKind,
    error: ValidationError,
    reported: Collection[fallback_roads.Path],
) -> Iterator[Diagnostic]:
    from aspire_gitops.validation import explain  # noqa: PLC0415  # jsonschema takes 0.3 s to import, and right files never need it

    errors = error.errors(include_url=False, include_context=False, include_input=False)
    # Unknown names are found in any case; the others only where they are looked for.
    refused = [
        item["loc"][:-2] if item["loc"][-1:] == ("[key]",) else item["loc"]
        for item in errors
        if item["type"] != "extra_forbidden"
    ]
    routes = list(fallback_roads.check_raw(document, kind))
    yield from (diagnostic for _, diagnostic in routes)
    reasons = list(
        explain.explain(
            document, kind, covered={*reported, *(path for path, _ in routes)}, refused=refused
        )
    )
    yield from reasons
    if not (reasons or routes or reported):
        yield explain.without_reason(document, [item["loc"] for item in errors])
