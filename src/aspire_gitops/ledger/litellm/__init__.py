"""What the ledger knows about LiteLLM: its requests, events, prices and errors, read here only.

Nothing here imports LiteLLM; `hook` does, and hands its values in. So all of
this can be tested without it, and a new release has one place to be met.
"""
