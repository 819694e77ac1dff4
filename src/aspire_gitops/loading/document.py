"""One reviewed file after reading: its value, and where each part of it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aspire_gitops.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is plain data; places are looked up only when somebody asks."""

    path: str
    value: Mapping[str, Any]
    text: str = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return Span(self.path)
