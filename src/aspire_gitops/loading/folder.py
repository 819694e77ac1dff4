"""A whole source tree to documents, with every mistake of every file in one go."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from aspire_gitops.loading.document import Document
from aspire_gitops.loading.plain import plain_document
from aspire_gitops.loading.rules import (
    INVISIBLE_CHARACTER,
    MAX_FINDINGS,
    RULES,
    TAB,
    UNREADABLE_FILE,
    YAML_SYNTAX,
)
from aspire_gitops.loading.text import decode
from aspire_gitops.vocabulary.diagnostic import Diagnostic, Span, sort_diagnostics
from aspire_gitops.vocabulary.revision import SourceFile, SourceProblem, SourceTree


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files of one revision say, sorted by path.

    A file with a mistake still has a document when the rest of it can be
    checked. `unread` are the paths of those that have none: what they would
    have declared is unknown, not absent. `unparsed` has the texts of those that
    are text at least: they can still be searched for secrets.
    """

    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    unread: frozenset[str] = frozenset()
    unparsed: Mapping[str, str] = field(default_factory=dict)


def load_file(file: SourceFile) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Read one file: its document, if it can be used, and everything that is wrong with it."""
    decoded = decode(file.path, file.content)
    if decoded.text is None:
        return None, decoded.findings
    plain = None if decoded.findings else plain_document(decoded.text)
    if plain is not None:
        return Document(file.path, plain, decoded.text), ()
    from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

    reading = read(file.path, decoded.text)
    findings = (*decoded.findings, *_worth_saying(reading.findings, decoded.findings))
    findings = findings[:MAX_FINDINGS]
    if reading.value is None:
        return None, findings
    return Document(file.path, reading.value, decoded.text), findings


LoadFile: TypeAlias = Callable[[SourceFile], tuple[Document | None, tuple[Diagnostic, ...]]]


def load(tree: SourceTree, *, load_file: LoadFile = load_file) -> Loaded:
    """Read every file of the tree. Never raises for what a file contains.

    Reading a file depends on its path and bytes alone. Whoever loads two revisions
    that share most of their files passes a `load_file` that remembers.
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
            unparsed[file.path] = decode(file.path, file.content).text or ""
        else:
            documents.append(document)
    return Loaded(tuple(documents), sort_diagnostics(found), frozenset(unread), unparsed)


def _worth_saying(
    findings: tuple[Diagnostic, ...], earlier: tuple[Diagnostic, ...]
) -> Iterator[Diagnostic]:
    # With spaces for its tabs a file may not parse; that is the tabs' mistake, told already.
    mended = any(finding.rule in (TAB, INVISIBLE_CHARACTER) for finding in earlier)
    return (finding for finding in findings if not (mended and finding.rule is YAML_SYNTAX))


def _diagnostic(problem: SourceProblem) -> Diagnostic:
    rule = RULES.get(problem.code, UNREADABLE_FILE)
    return rule.at(Span(problem.path), problem.message, help=problem.help)
