"""Telling others what happened, without ever stopping a turn."""

from aspire_gitops.notify.news import notices_of, pending_notice, remembered
from aspire_gitops.notify.outbox import Outbox
from aspire_gitops.notify.receiver import ALL_BUT_PENDING, Pace, Receiver, Tally
from aspire_gitops.notify.slack import SlackReceiver
from aspire_gitops.notify.webhook import WebhookReceiver

__all__ = [
    "ALL_BUT_PENDING",
    "Outbox",
    "Pace",
    "Receiver",
    "SlackReceiver",
    "Tally",
    "WebhookReceiver",
    "notices_of",
    "pending_notice",
    "remembered",
]
