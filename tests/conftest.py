"""Fixtures that every room may ask for; pytest finds them here by name."""

from hypothesis import settings

from support.postgres_server import (
    database_url,
    own_database_url,
    own_postgres,
    postgres_server,
    shared_database_url,
)
from support.sandboxes import real_gateway

__all__ = [
    "database_url",
    "own_database_url",
    "own_postgres",
    "postgres_server",
    "real_gateway",
    "shared_database_url",
]

# Time is never asserted: on a busy machine an example takes as long as it takes.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
