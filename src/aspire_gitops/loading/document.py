"""One reviewed file after reading: its value, and the place of each part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aspire_gitops.loading.places import Places, key_span, value_span
from aspire_gitops.vocabulary import Span


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is plain data; places are looked up on demand.

    A lookup reads the text again (about 0.1 ms), which costs less than keeping
    the places of ten thousand documents without mistakes.
    """

    path: str
    value: Mapping[str, Any]
    text: str = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return value_span(self.path, self.text, _places(self.path, self.text), path)

    def key_span(self, *path: str | int) -> Span:
        """Return the place of the key at `path`; as `span` when no such key is in the file."""
        return key_span(self.path, self.text, _places(self.path, self.text), path)


@lru_cache(maxsize=8)  # findings in one document come in a row
def _places(path: str, text: str) -> Places:
    from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

    return read(path, text).places
