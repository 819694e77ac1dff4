"""Reviewed files from git: a commit of a local repository, or a remote's branch.

The only package that runs git, but for `sources.checkout`, which lists the index;
`objects` is the only module that imports gitpython.
Nothing here has a work tree, reads the user's git settings or prompts. See
`docs/operate/sources.md` for what happens in each situation.
"""

from aspire_gitops.sources.git.address import Credentials, SshKey, Token, TokenFile
from aspire_gitops.sources.git.local import (
    ComparedTrees,
    Comparison,
    GitSource,
    published,
    work_tree_revision,
)
from aspire_gitops.sources.git.publish import Identity, publish_file
from aspire_gitops.sources.git.remote import RemoteSource
from aspire_gitops.sources.git.signatures import Signers

__all__ = [
    "ComparedTrees",
    "Comparison",
    "Credentials",
    "GitSource",
    "Identity",
    "RemoteSource",
    "Signers",
    "SshKey",
    "Token",
    "TokenFile",
    "publish_file",
    "published",
    "work_tree_revision",
]
