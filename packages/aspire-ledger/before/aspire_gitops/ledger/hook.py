"""The ledger's old address, kept for one release.

A `config.yaml` that was compiled before `aspire_ledger` became a package of its own names
`aspire_gitops.ledger.hook.ledger`; without this module its proxy would not start. It comes
with the ledger's wheel, because LiteLLM's image has nothing else of ours.
"""

from aspire_ledger.hook import ledger

__all__ = ["ledger"]
