"""Diagnostics as SARIF 2.1.0, which code scanning reads, with the pages of their rules.

The pages are as shipped: in the installed package, or in the checkout that runs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote

from aspire_gitops.codec.values import whole_text
from aspire_gitops.vocabulary import Diagnostic, Rule
from aspire_ledger.canonical import JsonValue, pretty_json

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = (_PACKAGE / "rules", _PACKAGE.parents[1] / "docs" / "rules")


@cache
def page_of(code: str) -> str | None:
    """Return the Markdown page of the rule, or None when this installation has none."""
    for folder in _FOLDERS:
        try:
            return (folder / f"{code}.md").read_text(encoding="utf-8")
        except OSError:
            continue
    return None


_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """Return one SARIF log with one run. The rules that were broken come with their pages."""
    rules = sorted({diagnostic.rule for diagnostic in diagnostics}, key=lambda rule: rule.code)
    order = {rule: index for index, rule in enumerate(rules)}
    driver: JsonValue = {
        "name": "aspire-gitops",
        "rules": [_rule(rule) for rule in rules],
    }
    run: JsonValue = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, order) for diagnostic in diagnostics],
    }
    return pretty_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> JsonValue:
    page = page_of(rule.code)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "help": {
            "text": page or f"Run `aspire-gitops explain {rule.code}`.",
            "markdown": page or f"Run `aspire-gitops explain {rule.code}`.",
        },
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(diagnostic: Diagnostic, order: Mapping[Rule, int]) -> JsonValue:
    rule, span = diagnostic.rule, diagnostic.span
    message = (
        f"{diagnostic.message}\nhelp: {diagnostic.help}" if diagnostic.help else diagnostic.message
    )
    region: dict[str, JsonValue] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endColumn": span.end_column,
    }
    if span.snippet:
        region["snippet"] = {"text": whole_text(span.snippet)}
    return {
        "ruleId": rule.code,
        "ruleIndex": order[rule],
        "level": str(rule.severity),
        "message": {"text": whole_text(message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(span.path)},
                    "region": region,
                }
            }
        ],
        # The line's text instead of its number: lines above may come and go.
        "partialFingerprints": {"aspireGitops/v1": _fingerprint(diagnostic)},
    }


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _fingerprint(diagnostic: Diagnostic) -> str:
    parts = (diagnostic.rule.code, diagnostic.span.path, diagnostic.span.snippet.strip())
    return hashlib.sha256(whole_text("\n".join(parts)).encode()).hexdigest()[:32]
