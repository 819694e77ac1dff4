"""The value of the key that our own calls are made with. Pure."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from pydantic import SecretStr

_WHAT = b"aspire-gitops probe key"


def probe_key(admin_key: SecretStr) -> SecretStr:
    """Return the key's value, the same on every host that has the admin key.

    Derived, so that it is stored nowhere. It tells nothing of the admin key.
    """
    made = hmac.new(admin_key.get_secret_value().encode(errors="surrogatepass"), _WHAT, sha256)
    return SecretStr(f"sk-{urlsafe_b64encode(made.digest()).decode().rstrip('=')}")
