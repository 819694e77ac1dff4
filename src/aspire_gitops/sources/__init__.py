"""Where reviewed files come from: a folder, or a commit of a git repository.

Thin: a source reads bytes and says what it could not take. What the bytes
mean is `loading`'s business.
"""

from aspire_gitops.sources.directory import DirectorySource

__all__ = ["DirectorySource"]
