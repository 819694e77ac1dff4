"""The spend ledger: may this call start, and what did it cost, in AUD, per budget and month.

Runs inside the gateway's own process, so it imports `money` and `canonical` and
nothing else of ours, and keeps its own dependencies to one database driver.
`hook` is what LiteLLM loads; the compiled `config.yaml` names it. `callback` is its class.
"""
