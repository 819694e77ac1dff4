"""Read a whole source tree into documents, and report every mistake of every file at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from aspire_gitops.loading.document import Document
from aspire_gitops.loading.foreign import explained, is_sealed, may_be_encrypted, signed
from aspire_gitops.loading.plain import plain_document
from aspire_gitops.loading.rules import (
    INVISIBLE_CHARACTER,
    RULES,
    TAB,
    UNREADABLE_FILE,
    YAML_SYNTAX,
)
from aspire_gitops.loading.text import decode
from aspire_gitops.vocabulary import (
    Diagnostic,
    SourceFile,
    SourceProblem,
    SourceTree,
    Span,
    sort_diagnostics,
)

LoadFile: TypeAlias = Callable[[SourceFile], tuple[Document | None, tuple[Diagnostic, ...]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files of one revision say, sorted by path.

    A file with a mistake still has a document if the rest of it can be checked.
    `unread` are the paths of files without one: what they would declare is
    unknown, not absent. `unparsed` has the text of those that are at least text,
    so that they can be searched for secrets.
    """

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    unread: frozenset[str] = frozenset()
    unparsed: Mapping[str, str] = field(default_factory=dict)


def load_file(file: SourceFile) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Read one file: its document, if usable, and everything that is wrong with it."""
    decoded = decode(file.path, file.content)
    text = decoded.text or ""
    plain = None if decoded.text is None or decoded.findings else plain_document(text)
    if plain is not None and not may_be_encrypted(text):
        return Document(file.path, plain, text), ()
    foreign = signed(file.path, file.content, decoded.text)
    if foreign is not None:
        return None, (foreign,)
    if decoded.text is None:
        return None, decoded.findings
    from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

    reading = read(file.path, text)
    foreign = explained((*decoded.findings, *reading.findings), text)
    if foreign is not None:
        return None, (foreign,)
    findings = sort_diagnostics(
        (*decoded.findings, *_worth_reporting(reading.findings, decoded.findings))
    )
    if reading.value is None:
        return None, findings
    return Document(file.path, reading.value, text), findings


def load(tree: SourceTree, *, load_file: LoadFile = load_file) -> Loaded:
    """Read every file of the tree. Never raises for what a file contains.

    The result for a file depends only on its path and bytes. To load two revisions
    that share most of their files, pass a `load_file` that remembers.
    """
    documents: list[Document] = []
    found = [_diagnostic(problem) for problem in tree.problems]
    unread = {problem.path for problem in tree.problems}
    unparsed: dict[str, str] = {}
    for file in tree.files:
        document, findings = load_file(file)
        found.extend(findings)
        if document is None:
            unread.add(file.path)
            text = decode(file.path, file.content).text or ""
            unparsed[file.path] = "" if is_sealed(file.content, text) else text
        else:
            documents.append(document)
    return Loaded(tuple(documents), sort_diagnostics(found), frozenset(unread), unparsed)


def _worth_reporting(
    findings: tuple[Diagnostic, ...], earlier: tuple[Diagnostic, ...]
) -> Iterator[Diagnostic]:
    # A file whose tabs became spaces may not parse; the tabs have been reported already.
    was_repaired = any(finding.rule in (TAB, INVISIBLE_CHARACTER) for finding in earlier)
    return (finding for finding in findings if not (was_repaired and finding.rule is YAML_SYNTAX))


def _diagnostic(problem: SourceProblem) -> Diagnostic:
    rule = RULES.get(problem.code, UNREADABLE_FILE)
    return rule.at(Span(problem.path), problem.message, help=problem.help)
