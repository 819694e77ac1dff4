"""One reviewed file after reading: its value, and the place of each part of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aspire_gitops.loading.places import Places
from aspire_gitops.vocabulary import Span


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. `value` is plain data; places are looked up on demand.

    The first look-up reads the text again (about 0.1 ms), which costs less than keeping
    the places of ten thousand documents without mistakes.
    """

    path: str
    value: Mapping[str, Any]
    text: str = field(repr=False)
    _known: list[Places] = field(default_factory=list, init=False, repr=False, compare=False)

    def span(self, *path: str | int) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return self._places.value(self.path, path)

    def key_span(self, *path: str | int) -> Span:
        """Return the place of the key at `path`; as `span` when no such key is in the file."""
        return self._places.key(self.path, path)

    @property
    def _places(self) -> Places:
        if not self._known:
            from aspire_gitops.loading.reading import read  # noqa: PLC0415 (plain files need no YAML parser)

            self._known.append(Places(self.text, read(self.path, self.text).places))
        return self._known[0]
