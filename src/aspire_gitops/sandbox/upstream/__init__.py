"""A stand-in for every provider: one loopback process that speaks their protocols.

The first segment of a path names the provider that a request is meant for, as in
`http://127.0.0.1:PORT/<provider>/v1/chat/completions`. Answers name it, so a test
can tell who answered; `control` makes it slow or broken and shows what it received.
"""
