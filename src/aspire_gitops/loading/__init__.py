"""Text to documents: strict YAML that remembers the place of every value.

Pure. `load` takes what a source read and returns documents and diagnostics;
`validation` says what the documents may contain.
"""

from aspire_gitops.loading.document import Document
from aspire_gitops.loading.folder import Loaded, load

__all__ = ["Document", "Loaded", "load"]
