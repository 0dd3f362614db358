"""Signing requests to Polymarket US.

Three headers on every private call and on the opening of a socket: key id, time in Unix milliseconds, and the base64
Ed25519 signature of `time + METHOD + path`, where the path has no query; the body is not signed. A signature is good
for thirty seconds around its time. Sources: polymarket-us 2.4.1 (`auth`); the venue's page "Authentication".
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

VENUE: Final = "polymarket.us"

KEY, TIME, SIGNATURE = "X-PM-Access-Key", "X-PM-Timestamp", "X-PM-Signature"

_SEED_BYTES, _PAIR_BYTES = 32, 64

SignedHeaders = tuple[tuple[str, str], ...]


def signed_text(timestamp_ms: int, method: str, path: str) -> str:
    """What is signed. path: with its root, without host and query."""
    return f"{timestamp_ms}{method.upper()}{path}"


class Signer:
    """An API key: its id and private key. Prints nothing of the key."""

    def __init__(self, key_id: Secret, secret_key: Secret) -> None:
        """secret_key: base64 of the seed, or of the seed and the public key. Raises SetupError for anything else."""
        self._key_id = key_id.reveal()
        self._key = _load(secret_key)

    def headers(self, timestamp_ms: int, method: str, path: str) -> SignedHeaders:
        """The three headers of a request, signed for that time."""
        signature = self._key.sign(signed_text(timestamp_ms, method, path).encode())
        return (KEY, self._key_id), (TIME, str(timestamp_ms)), (SIGNATURE, b64encode(signature).decode())


def signer_of(credentials: Mapping[str, Secret]) -> Signer:
    """The signer of an account. Raises SetupError where its credentials are not complete."""
    try:
        return Signer(credentials["key_id"], credentials["secret_key"])
    except KeyError as missing:
        raise SetupError(f"{VENUE}: no {missing.args[0]}", "store key_id and secret_key of an API key") from None


def _load(secret_key: Secret) -> Ed25519PrivateKey:
    advice = "store the secret key as the venue's developer page shows it, base64"
    try:
        raw = b64decode(secret_key.reveal(), validate=True)
    except (binascii.Error, ValueError):
        raise SetupError(f"{VENUE}: the secret key is not base64", advice) from None
    if len(raw) not in (_SEED_BYTES, _PAIR_BYTES):
        raise SetupError(f"{VENUE}: the secret key has {len(raw)} bytes, where 32 or 64 are due", advice)
    key = Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES])
    if raw[_SEED_BYTES:] not in (b"", key.public_key().public_bytes_raw()):
        raise SetupError(f"{VENUE}: the two halves of the secret key do not belong together", advice)
    return key
