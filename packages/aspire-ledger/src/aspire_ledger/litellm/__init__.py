"""What the ledger knows about LiteLLM: its requests, events, prices and errors, read here only.

Only `running` imports LiteLLM, when it is asked something; `callback` hands the rest in.
So all of this can be tested without it, and a new release has one place to be met.
"""
