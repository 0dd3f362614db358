"""Who signs: the API keys of the accounts, and the check of a request's three headers.

A request signs `timestamp + METHOD + path` with Ed25519, the path from the root and without its query; the body is not
signed, and a signature may be used again. Source: the sheet's section 2; the texts of the refusals are ours.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hedgerow.sim.dialects.polymarket_us.wire import UNAUTHENTICATED, Denial

KEY, TIMESTAMP, SIGNATURE = "X-PM-Access-Key", "X-PM-Timestamp", "X-PM-Signature"

_TIMESTAMP = re.compile(r"\d{1,15}", re.ASCII)
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://polymarket-us.invalid/keys")


class Keyring:
    """Public keys by key id."""

    def __init__(self, window_ms: int) -> None:
        """window_ms: how far a timestamp may lie from the clock, either way."""
        self._window_ms = window_ms
        self._keys: dict[str, tuple[str, Ed25519PublicKey]] = {}

    def register(self, account: str) -> None:
        """Gives an account its throw-away key."""
        self._keys[_key_id(account)] = account, _private_key(account).public_key()

    def credentials(self, account: str) -> dict[str, str]:
        """`key_id` and `secret_key`: base64 of the seed and the public key, as the venue gives them out."""
        key = _private_key(account)
        secret = key.private_bytes_raw() + key.public_key().public_bytes_raw()
        return {"key_id": _key_id(account), "secret_key": b64encode(secret).decode()}

    def account_of(self, headers: Mapping[str, str], method: str, path: str, now_ms: int) -> str:
        """The account that signed the request. path: without the query. Raises Denial (401)."""
        key_id, timestamp, signature = (headers.get(name, "") for name in (KEY, TIMESTAMP, SIGNATURE))
        if key_id not in self._keys:
            raise Denial(401, UNAUTHENTICATED, "invalid API key")
        if not _TIMESTAMP.fullmatch(timestamp) or abs(int(timestamp) - now_ms) > self._window_ms:
            raise Denial(401, UNAUTHENTICATED, "timestamp is outside of the allowed window")
        account, key = self._keys[key_id]
        try:
            key.verify(b64decode(signature, validate=True), f"{timestamp}{method}{path}".encode())
        except (ValueError, InvalidSignature):
            raise Denial(401, UNAUTHENTICATED, "invalid signature") from None
        return account


def _key_id(account: str) -> str:
    return str(uuid.uuid5(_NAMES, account))


def _private_key(account: str) -> Ed25519PrivateKey:
    """The account's throw-away key: the same in every world, so that accounts can be made before it runs."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"throw-away key of {account}".encode()).digest())
