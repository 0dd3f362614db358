"""The optional signature of a request to a bridge: how the router makes it, and how a bridge proves it. Pure.

Source: the protocol's rules on security. Signed are the time in milliseconds, the method, the path with its query as
it stands in the request line, and the SHA-256 of the body; a bridge takes times that are up to 30 s off.
"""

from __future__ import annotations

import hashlib
import hmac

from hedgerow.core.secrets import Secret


def signature(secret: Secret, timestamp_ms: int, method: str, target: str, body: bytes) -> str:
    """Hex HMAC-SHA256. target: path and query, e.g. `/bridge/v1/accounts/a/bets?after=0`."""
    signed = "\n".join((str(timestamp_ms), method, target, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.reveal().encode(), signed.encode(), hashlib.sha256).hexdigest()
