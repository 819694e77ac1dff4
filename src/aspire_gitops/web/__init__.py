"""Requests to third parties, made in one place: timeouts, size limits, no secrets in errors."""

from aspire_gitops.web.replies import Destination, Reply, asked_pause_s
from aspire_gitops.web.sending import MAX_REPLY_BYTES, TIMEOUT_S, Method, post_json, send

__all__ = [
    "MAX_REPLY_BYTES",
    "TIMEOUT_S",
    "Destination",
    "Method",
    "Reply",
    "asked_pause_s",
    "post_json",
    "send",
]
