"""Telling others what happened, without ever stopping a turn."""
