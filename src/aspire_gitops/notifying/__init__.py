"""Telling others what happened, without ever stopping a turn."""

from aspire_gitops.notifying.news import notices_of, pending_notice, remembered
from aspire_gitops.notifying.outbox import Outbox
from aspire_gitops.notifying.pace import Pace
from aspire_gitops.notifying.receiver import ALL_BUT_PENDING, Receiver
from aspire_gitops.notifying.slack import SlackReceiver
from aspire_gitops.notifying.tally import Tally
from aspire_gitops.notifying.webhook import WebhookReceiver

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
