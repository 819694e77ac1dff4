"""The controller's HTTP server: health, metrics, status, webhooks.

An edge: it knows what is reported and how it is rendered, and of the controller
only the two ports. `controller` composes it; `cli` asks through `local`.
"""
