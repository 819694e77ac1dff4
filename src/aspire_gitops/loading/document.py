"""One reviewed file after reading: its value, and where each part of it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aspire_gitops.diagnostics import Span
from aspire_gitops.loading import places


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is plain data; places are looked up only when somebody asks.

    Asking reads the text again (some 0.1 ms), which costs less than keeping
    the places of ten thousand documents that have nothing wrong with them.
    """

    path: str
    value: Mapping[str, Any]
    text: str = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return places.value_span(self.path, self.text, _places(self.path, self.text), path)

    def key_span(self, *path: str | int) -> Span:
        """Return the place of the key at `path`; as `span` when no such key is in the file."""
        return places.key_span(self.path, self.text, _places(self.path, self.text), path)


@lru_cache(maxsize=8)  # several findings in one document come one after the other
def _places(path: str, text: str) -> places.Places:
    from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

    return read(path, text).places
