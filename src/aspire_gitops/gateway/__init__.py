"""The gateway's admin API: read everything, write one object at a time.

An edge: it does I/O and translates, and decides nothing. `planning` compares
what `read_snapshot` returns; `applying` calls the writes and reads back.
"""

from aspire_gitops.gateway.client import GatewayClient
from aspire_gitops.gateway.http import Exchange, Observer, Retries, Tally
from aspire_gitops.gateway.rows import SeenRows

__all__ = ["Exchange", "GatewayClient", "Observer", "Retries", "SeenRows", "Tally"]
