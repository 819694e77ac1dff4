"""Clients for other people's servers, made in one place: timeouts, size limits, no secrets in errors."""

import httpx

__all__ = ["httpx"]
