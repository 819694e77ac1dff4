"""Requests to third parties, made in one place: timeouts, size limits, no secrets in errors."""

from aspire_gitops.web.post import MAX_REPLY_BYTES, TIMEOUT_S, post_json
from aspire_gitops.web.replies import Place, Reply, retry_after_s

__all__ = ["MAX_REPLY_BYTES", "TIMEOUT_S", "Place", "Reply", "post_json", "retry_after_s"]
