"""Sign what a webhook is told, so that it can know that it was us, and when. Pure."""

import hashlib
import hmac
from collections.abc import Mapping

from pydantic import SecretStr

SIGNATURE_HEADER = "X-Aspire-Gitops-Signature-256"
TIMESTAMP_HEADER = "X-Aspire-Gitops-Timestamp"


def signed_headers(secret: SecretStr, unix_time: int, body: bytes) -> Mapping[str, str]:
    """Return the headers that prove `body`: HMAC-SHA256 of `<unix time>.<body>`.

    The time is covered, so that a receiver can refuse what somebody recorded
    and sends again later.
    """
    covered = str(unix_time).encode() + b"." + body
    digest = hmac.new(secret.get_secret_value().encode(), covered, hashlib.sha256).hexdigest()
    return {TIMESTAMP_HEADER: str(unix_time), SIGNATURE_HEADER: f"sha256={digest}"}
