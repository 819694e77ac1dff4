"""Ids of calls, chosen here and recognised later: nobody else can make one or know one.

A client may write any id into a request's metadata. If its word counted, it could
name a call that was booked already, and its own would cost nothing.
"""

import hashlib
import hmac
import secrets
from typing import Final

_RANDOM: Final = 12  # bytes; the seal takes as many


class Ids:
    """The ids of one process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def new(self) -> str:
        """Return 48 hexadecimal digits: half are random, half say that we made them."""
        random = secrets.token_hex(_RANDOM)
        return random + self._seal(random)

    def made(self, text: str) -> bool:
        """Say whether this process made an id."""
        random, seal = text[: 2 * _RANDOM], text[2 * _RANDOM :]
        return text.isascii() and hmac.compare_digest(seal, self._seal(random))

    def _seal(self, random: str) -> str:
        return hmac.new(self._key, random.encode(), hashlib.sha256).hexdigest()[: 2 * _RANDOM]
