"""Notifications about what happened; they never stop a turn."""

from aspire_gitops.notify.news import notices_of, pending_notice, remembered
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.notify.receiver import ALL_BUT_PENDING, NoticeCounts, Receiver, RetryPolicy
from aspire_gitops.notify.slack import SlackReceiver
from aspire_gitops.notify.webhook import WebhookReceiver

__all__ = [
    "ALL_BUT_PENDING",
    "NoticeCounts",
    "Outbox",
    "Receiver",
    "RetryPolicy",
    "SlackReceiver",
    "WebhookReceiver",
    "notices_of",
    "pending_notice",
    "remembered",
]
