"""Where reviewed files come from: a folder, or a commit of a git repository.

A source reads bytes and reports what it could not read. `loading` interprets
them.
"""

from aspire_gitops.sources.directory import DirectorySource

__all__ = ["DirectorySource"]
