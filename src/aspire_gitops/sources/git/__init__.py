"""Reviewed files from git: a commit of a local repository, or a remote's branch.

The only package that runs git; `objects` is the only module that imports gitpython.
Nothing here has a work tree, reads the user's git settings or asks anybody
anything. `docs/sources.md` says what each situation gets.
"""

from aspire_gitops.sources.git.credentials import Credentials, SshKey, Token, TokenFile
from aspire_gitops.sources.git.local import GitSource, work_tree_revision
from aspire_gitops.sources.git.remote import RemoteSource

__all__ = [
    "Credentials",
    "GitSource",
    "RemoteSource",
    "SshKey",
    "Token",
    "TokenFile",
    "work_tree_revision",
]
