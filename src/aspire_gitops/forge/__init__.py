"""Where the repository is hosted: commit statuses on GitHub, one comment on a pull request."""

from aspire_gitops.forge.comments import How, Kept, Thread, keep_comment
from aspire_gitops.forge.dialects import DIALECTS, Dialect, ForgeName
from aspire_gitops.forge.github import STATES, GithubStatuses, Repository, repository_of
from aspire_gitops.review.comment import Comment, marker, sticky_text

__all__ = [
    "DIALECTS",
    "STATES",
    "Comment",
    "Dialect",
    "ForgeName",
    "GithubStatuses",
    "How",
    "Kept",
    "Repository",
    "Thread",
    "keep_comment",
    "marker",
    "repository_of",
    "sticky_text",
]
