"""The old address of `aspire_ledger`, kept for one release: see `hook`."""
