"""One document by itself: what it declares, what it names, and what is wrong with it.

Nothing here depends on other files, so what was judged once holds wherever the
same text stands at the same path: a review judges what two revisions share once.
`validate` puts the documents of one revision together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic
from aspire_gitops.loading.document import Document
from aspire_gitops.resources import RESOURCES, ResourceKind
from aspire_gitops.validation import fallback_roads
from aspire_gitops.validation.envelope import check_file_name, check_kind, kind_of, stem_of
from aspire_gitops.validation.indirections import check_indirections
from aspire_gitops.validation.literal_secrets import Hidden, diagnose, find, hidden_parts
from aspire_gitops.validation.references import Reference, references_in


@dataclass(frozen=True, slots=True)
class Judged:
    """What one document is by itself.

    `kind` is None where it has none that we know, and `declared` where the
    resource refuses it; `refused` then has the names that it may have meant to
    declare. `hidden` are the parts of its text that must never be shown.
    """

    kind: ResourceKind | None
    declared: Declared[Any] | None = None
    refused: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    found: tuple[Diagnostic, ...] = ()


Judge: TypeAlias = Callable[[Document], Judged]


def judge(document: Document) -> Judged:
    """Judge one document by its kind's rules. Never raises for what it contains."""
    kind = kind_of(document)
    found, hidden = secrets_in(document.path, document.text)
    if kind is None:
        return Judged(None, hidden=hidden, found=(*found, *check_kind(document)))
    indirections = tuple(check_indirections(document))
    found = (*found, *check_file_name(document), *(told for _, told in indirections))
    references = tuple(references_in(document, kind))
    try:
        spec = RESOURCES[kind].model_validate(document.value)
    except ValidationError as error:
        names = (stem_of(document.path), str(document.value.get("name")))
        found = (*found, *_explained(document, kind, error, [path for path, _ in indirections]))
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


def secrets_in(path: str, text: str) -> tuple[tuple[Diagnostic, ...], tuple[Hidden, ...]]:
    """Look for secrets, in comments and in files that are no YAML too."""
    secrets = find(text)
    if not secrets:
        return (), ()
    return tuple(diagnose(path, text, secrets)), tuple(hidden_parts(text, secrets))


def _explained(
    document: Document,
    kind: ResourceKind,
    error: ValidationError,
    told: Sequence[fallback_roads.Path],
) -> Iterator[Diagnostic]:
    from aspire_gitops.validation import explain  # noqa: PLC0415  # jsonschema takes 0.3 s to import, and right files never need it

    roads = list(fallback_roads.check_raw(document, kind))
    yield from (diagnostic for _, diagnostic in roads)
    reasons = list(explain.explain(document, kind, covered={*told, *(path for path, _ in roads)}))
    yield from reasons
    if not (reasons or roads or told):
        yield explain.without_reason(document, [item["loc"] for item in error.errors()])
