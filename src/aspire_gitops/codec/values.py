"""One JSON form for one value: a diagnostic, a revision, an object; and what heads each document.

`docs/reference/json-formats.md` lists the documents. A version grows when a field goes or
changes its meaning; a new field does not count.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from aspire_gitops.vocabulary import Diagnostic, Revision
from aspire_ledger.canonical import JsonValue

if TYPE_CHECKING:
    from aspire_gitops.state import ObjectKey  # `--help` prints findings too, and needs no state

VERSIONS: Final[Mapping[str, int]] = {
    "alias-card": 1,
    "failed-calls": 2,
    "findings": 1,
    "log": 1,
    "log-line": 1,
    "log-verdict": 1,
    "manifest": 2,
    "notice": 2,
    "objects": 2,
    "outcome": 1,
    "plan": 2,
    "probes": 1,
    "rehearsal": 1,
    "review": 2,
    "snapshot": 4,
    "spend": 2,
    "state-at": 1,
    "status": 2,
    "turn": 1,
}
"""The version of each document that this program writes."""


def format_of(name: str) -> str:
    """Return what the field `format` of a document says: `aspire-gitops/plan`."""
    return f"aspire-gitops/{name}"


def document(name: str, content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a whole document: what it is, in which version, and its content."""
    return {"format": format_of(name), "version": VERSIONS[name], **content}


def diagnostic_json(found: Diagnostic) -> dict[str, JsonValue]:
    """Return a diagnostic without its line of text, which may be somebody's secret."""
    rule, span = found.rule, found.span
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": str(rule.severity),
        "message": whole_text(found.message),
        "help": whole_text(found.help) if found.help else None,
        "path": whole_text(span.path),
        "line": span.line,
        "column": span.column,
        "end_column": span.end_column,
    }


def revision_json(revision: Revision) -> dict[str, JsonValue]:
    """Return a revision; what nobody knows of it is null."""
    return {
        "reference": revision.reference,
        "commit": revision.commit,
        "dirty": revision.dirty,
        "author": revision.author,
        "subject": revision.subject,
        "approvers": list(revision.approvers),
    }


def written_revision_json(text: str) -> dict[str, JsonValue]:
    """Return a revision that is known as text alone, such as `main@sha1:4f2c9d1…`."""
    return revision_json(Revision.parse(text))


def object_json(key: "ObjectKey | str") -> dict[str, JsonValue]:
    """Return an object on the gateway, or the gateway itself, written `kind/name`."""
    kind, _, name = str(key).partition("/")
    return {"kind": kind, "name": name}


def whole_text(text: str) -> str:
    """Return text that UTF-8 can carry: half a surrogate pair (a strange path) as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
