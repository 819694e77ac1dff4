"""Where the repository is hosted: commit statuses on GitHub."""

from aspire_gitops.forge.github import STATES, GithubStatuses
from aspire_gitops.forge.repository import Repository, repository_of

__all__ = ["STATES", "GithubStatuses", "Repository", "repository_of"]
