"""The text of one file in, its findings out. Pure.

One table maps each language to its scanner; every text is also searched for keys,
comments and broken files included.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from aspire_gitops.egress.facts import Fact
from aspire_gitops.egress.gateway import KnownGateway
from aspire_gitops.egress.judging import KEY_IN_TEXT, FileFindings, FileJudge, Finding, span_at
from aspire_gitops.egress.languages import TEXT, is_reviewed, is_test, language_of
from aspire_gitops.egress.lines import scanner_of
from aspire_gitops.egress.python.scanner import scan_python
from aspire_gitops.egress.redacting import keys_in
from aspire_gitops.vocabulary import Diagnostic

_MAGIC = re.compile(r"^(\s*)([%!?].*)$")
Scanner = Callable[[str], Iterator[Fact]]
_KEY_HELP = (
    "revoke it now: git never forgets; let the app read its gateway key from the environment"
)
_LINES = re.compile(r"\r\n?|\n")
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
_FRONT = re.compile(r"---\n(.*?)\n---", re.DOTALL)
_CLOSING = "</script>"
_FAMILY = {"typescript": "javascript", "tsx": "javascript", "component": "javascript"}
"""Languages that share a table of clients and the wording of fixes."""

_WORDS = (
    "openai anthropic claude mistral cohere co_api groq gemini googleapis google.g google/gen google_gen google-cloud google\\cloud "
    "google.cloud cloud.google vertex dashscope deepseek .x.ai xai together fireworks perplexity pplx "
    "openrouter replicate hugging bedrock cerebras sambanova nvidia moonshot bigmodel api.z zai minimax zhipu volces "
    "ark_api siliconflow novita deepinfra voyage jina ai21 stability ai-gateway ai_gateway textract "
    "rekognition azure cognitive ocr.space ocr_ ocrspace mathpix llama unstructured nanonets litellm "
    "langchain pydantic_ai instructor dspy crewai smolagents agno phi.model autogen haystack "
    "semantic_kernel ai-sdk sk- aiza gsk_ r8_ hf_ nvapi- fw_ llx- documentintelligence models.github "
    "codestral langfuse langsmith posthog"
)
_NEEDLES = tuple(word.encode() for word in _WORDS.split())


def scan_text(
    path: str, text: str, gateway: KnownGateway, *, language: str | None = None, tests: bool = False
) -> FileFindings:
    """Return the result for one file. Never raises for what a file contains.

    `tests`: scan tests for clients and hosts too. Keys are searched for in any case.
    """
    text = _LINES.sub("\n", text)
    spoken = language or language_of(path, text[:80].encode("utf-8", "replace"))
    keys = tuple(_keys(path, text))
    if spoken == TEXT or is_reviewed(path) or (not tests and is_test(path, spoken)):
        return FileFindings(keys)
    if spoken == "notebook":
        judged = _notebook(path, text, gateway)
    else:
        lines = text.split("\n")
        judge = FileJudge(path, lines, _FAMILY.get(spoken, spoken), gateway)
        judged = judge.judge(_facts(spoken, text))
    return FileFindings((*keys, *judged.findings), judged.declared)


def worth_scanning(content: bytes) -> bool:
    """Return whether a file's bytes contain anything that a rule could match. Cheap, no false negatives.

    A test checks it against the tables of providers and clients.
    """
    small = content.lower()
    for needle in _NEEDLES:  # noqa: SIM110 (`any` takes a third longer, and this is most of a scan)
        if needle in small:
            return True
    return False


def _facts(language: str, text: str) -> list[Fact]:
    try:
        return list(SCANNERS[language](text))
    except RecursionError:  # a chain of thousands of names, which is generated
        return list(scanner_of("shell")(text))


def _keys(path: str, text: str) -> Iterator[Finding]:
    found = list(keys_in(text))
    if not found:
        return
    lines = text.split("\n")
    for item in found:
        message = f"{item.what}, {item.length} characters long"
        yield Finding(KEY_IN_TEXT.at(span_at(path, lines, item.place), message, help=_KEY_HELP))


def _javascript(grammar: str) -> Scanner:
    def scan(text: str) -> Iterator[Fact]:
        from aspire_gitops.egress.syntax.javascript import scan_javascript  # noqa: PLC0415 (Python alone needs no grammar)

        return scan_javascript(text, grammar)

    return scan


def _component(text: str) -> Iterator[Fact]:
    """The scripts of a Vue, Svelte or Astro file; what is around them becomes blank lines."""
    blank = [" " if character != "\n" else "\n" for character in text]
    front = _FRONT.match(text)
    # A script that nothing closes would be looked through to the end, and so would the next.
    closed = text.rfind(_CLOSING) + len(_CLOSING)
    scripts = _SCRIPT.finditer(text, front.end() if front else 0, max(closed, len(_CLOSING)))
    for match in (front, *scripts):
        if match:
            start, end = match.span(1)
            blank[start:end] = text[start:end]
    return _javascript("typescript")("".join(blank))


def _php(text: str) -> Iterator[Fact]:
    from aspire_gitops.egress.syntax.php import scan_php  # noqa: PLC0415 (as above)

    return scan_php(text)


def _go(text: str) -> Iterator[Fact]:
    from aspire_gitops.egress.syntax.go import scan_go  # noqa: PLC0415 (as above)

    return scan_go(text)


def _python(text: str) -> Iterator[Fact]:
    try:
        facts = list(scan_python(text))
    except SyntaxError:  # Python 2, a template, a merge conflict: hosts and variables can be found
        facts = list(scanner_of("shell")(text))
    return iter(facts)


SCANNERS: Mapping[str, Scanner] = {
    "python": _python,
    "javascript": _javascript("javascript"),
    "typescript": _javascript("typescript"),
    "tsx": _javascript("tsx"),
    "component": _component,
    "php": _php,
    "go": _go,
    **{name: scanner_of(name) for name in ("shell", "yaml", "env", "dockerfile", "config")},
}
"""Each language that is scanned for facts, and its scanner."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell. `number` counts all cells from 1; `lines` are the lines of the file, by its own."""

    number: int
    text: str
    lines: tuple[int, ...]


def _notebook(path: str, text: str, gateway: KnownGateway) -> FileFindings:
    findings: list[Finding] = []
    declared: set[str] = set()
    try:
        listed = list(cells(text))
    except (ValueError, RecursionError):
        return FileFindings()
    whole = "\n".join(cell.text for cell in listed)
    owners = [
        (cell.number, at, line) for cell in listed for at, line in enumerate(cell.lines, start=1)
    ]
    # All cells as one program: a client is imported in one and made in another.
    judged = FileJudge(path, whole.split("\n"), "python", gateway).judge(
        _cell_by_cell(whole, [c.text for c in listed])
    )
    for finding in judged.findings:
        number, at, line = owners[finding.diagnostic.span.line - 1]
        findings.append(replace(finding, diagnostic=_in_cell(finding.diagnostic, number, at, line)))
    declared |= judged.declared
    return FileFindings(tuple(findings), frozenset(declared))


def cells(text: str) -> Iterator[Cell]:
    """Yield the code cells of a notebook. Shell lines (`!pip …`, `%env …`) become comments.

    Raises:
        ValueError: The text is not a notebook.
    """
    document = json.loads(text)
    listed = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no cells")  # noqa: TRY004 (the caller treats it as broken JSON)
    finder = _Finder(text)
    for number, cell in enumerate(listed, start=1):
        source = _source(cell)
        places = tuple(finder.find(line) for line in source)
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            yield Cell(number, "\n".join(map(_plain, source)), places)


def _source(cell: object) -> list[str]:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        source = "".join(item for item in source if isinstance(item, str))
    return source.split("\n") if isinstance(source, str) else []


def _plain(line: str) -> str:
    magic = _MAGIC.match(line)
    return f"{magic[1]}pass  # {magic[2]}" if magic else line


_LOOKED_THROUGH = 20  # times for lines that are not there; then the line of the one before counts


class _Finder:
    """Finds the line of the file for each line of a cell, in order."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0
        self.left = _LOOKED_THROUGH * len(self.lines)

    def find(self, line: str) -> int:
        written = json.dumps(line)[1:-1]
        plain = json.dumps(line, ensure_ascii=False)[1:-1]
        for number in range(self.at, len(self.lines) if self.left > 0 else self.at):
            if written in self.lines[number] or plain in self.lines[number]:
                if line.strip():
                    self.at = number
                return number + 1
        self.left -= len(self.lines) - self.at
        return self.at + 1


def _cell_by_cell(whole: str, texts: list[str]) -> Iterator[Fact]:
    try:
        return iter(list(scan_python(whole)))
    except SyntaxError:
        # A cell that is not Python becomes blank; the others keep their lines.
        kept = (text if _parses(text) else "\n" * text.count("\n") for text in texts)
        try:
            return iter(list(scan_python("\n".join(kept))))
        except SyntaxError:
            return iter(())


def _parses(text: str) -> bool:
    try:
        list(scan_python(text))
    except SyntaxError:
        return False
    return True


def _in_cell(found: Diagnostic, number: int, at: int, line: int) -> Diagnostic:
    return replace(
        found,
        span=replace(found.span, line=line),
        message=f"{found.message} (cell {number}, line {at})",
    )
