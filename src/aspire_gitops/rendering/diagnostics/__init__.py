"""Diagnostics to text: for terminals, for machines, for code scanning, for pull requests."""

from collections.abc import Callable, Mapping, Sequence

from aspire_gitops.rendering.diagnostics.github import render_github
from aspire_gitops.rendering.diagnostics.machine import render_json
from aspire_gitops.rendering.diagnostics.sarif import render_sarif
from aspire_gitops.rendering.diagnostics.terminal import render_text
from aspire_gitops.vocabulary.diagnostic import Diagnostic

DIAGNOSTIC_RENDERERS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}
"""Every format by the name that `--format` takes. Each text ends with a newline, or is empty."""

__all__ = ["DIAGNOSTIC_RENDERERS", "render_github", "render_json", "render_sarif", "render_text"]
