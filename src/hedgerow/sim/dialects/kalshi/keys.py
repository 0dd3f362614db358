"""Who signs: the API keys of the accounts, and the check of a request's three headers.

A request signs `timestamp + METHOD + path`, the path from the root and without the query, with RSA-PSS (SHA-256, salt
of 32 bytes) or Ed25519. The timestamp must lie within some seconds of the world's clock; a signature may be used
again. Source: the sheet's section 2; codes from recorded answers.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from base64 import b64decode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from hedgerow.sim.dialects.kalshi.errors import unauthorized

KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = (
    "KALSHI-ACCESS-KEY",
    "KALSHI-ACCESS-TIMESTAMP",
    "KALSHI-ACCESS-SIGNATURE",
)
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
_RSA_BITS = 2048
_TIMESTAMP = re.compile(r"\d{1,15}", re.ASCII)

PrivateKey = Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = Ed25519PublicKey | rsa.RSAPublicKey


class Keyring:
    """Public keys by key id."""

    def __init__(self, window_ms: int) -> None:
        """window_ms: how far a timestamp may lie from the clock, either way."""
        self._window_ms = window_ms
        self._keys: dict[str, tuple[str, PublicKey]] = {}

    def register(self, account: str, key_id: str, public_pem: str) -> None:
        """Raises ValueError for a key that is neither RSA nor Ed25519."""
        key = load_pem_public_key(public_pem.encode())
        if not isinstance(key, Ed25519PublicKey | rsa.RSAPublicKey):
            raise ValueError(f"key {key_id} is neither RSA nor Ed25519")  # noqa: TRY004
        self._keys[key_id] = account, key

    def forget(self, key_id: str) -> None:
        """The key is deleted at the venue."""
        self._keys.pop(key_id, None)

    def key_ids_of(self, account: str) -> list[str]:
        return [key_id for key_id, (owner, _) in self._keys.items() if owner == account]

    def account_of(self, headers: Mapping[str, str], method: str, path: str, now_ms: int) -> str:
        """The account that signed the request. path: without the query. Raises Denial (401)."""
        key_id, timestamp = _header(headers, KEY_HEADER), _header(headers, TIMESTAMP_HEADER)
        signature = _header(headers, SIGNATURE_HEADER)
        if not _TIMESTAMP.fullmatch(timestamp) or abs(int(timestamp) - now_ms) > self._window_ms:
            raise unauthorized("header_timestamp_expired")
        if key_id not in self._keys:
            raise unauthorized("authentication_error", "NOT_FOUND")
        account, key = self._keys[key_id]
        if not is_signed(key, f"{timestamp}{method}{path}", signature):
            raise unauthorized("authentication_error", "INCORRECT_API_KEY_SIGNATURE")
        return account


def is_signed(key: PublicKey, message: str, signature: str) -> bool:
    """Whether the base64 signature is the key's over the message."""
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, message.encode(), _PSS, hashes.SHA256())
        else:
            key.verify(raw, message.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def demo_key_id(account: str, kind: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://kalshi.invalid/{kind}/{account}"))


def demo_ed25519_key(account: str) -> Ed25519PrivateKey:
    """The account's throw-away key: the same in every world, so that accounts can be made before it runs."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"throw-away key of {account}".encode()).digest())


def new_rsa_key() -> rsa.RSAPrivateKey:
    """A fresh key, for clients that know no other kind."""
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def private_pem(key: PrivateKey) -> str:
    """PKCS#8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        # Seen for the signature; by analogy for the others.
        word = {KEY_HEADER: "access_key", TIMESTAMP_HEADER: "timestamp", SIGNATURE_HEADER: "signature"}[name]
        raise unauthorized(f"{word}_is_missing_from_headers")
    return value
