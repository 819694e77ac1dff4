"""Fixtures that every room may ask for; pytest finds them here by name."""

from support.sandboxes import real_gateway

__all__ = ["real_gateway"]
