"""Ask the controller on this machine, through the socket in its state folder."""

import httpx

__all__ = ["httpx"]
