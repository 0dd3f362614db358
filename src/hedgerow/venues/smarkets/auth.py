"""The second factor: a code that hangs on a secret and the time. Source: RFC 6238, as authenticator apps have it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

_STEP_S, _DIGITS = 30, 6


def totp_code(secret: Secret, at_s: int, digits: int = _DIGITS) -> str:
    """The code of a time in seconds since 1970. secret: in base32, as the website shows it, spaces allowed. Raises
    SetupError."""
    digest = hmac.new(_key(secret), (at_s // _STEP_S).to_bytes(8), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def _key(secret: Secret) -> bytes:
    text = secret.reveal().replace(" ", "").upper()
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise SetupError("Smarkets: totp_secret is not base32", "copy it from the website's login settings") from None
