"""The sealed form of secrets at rest, and keys. Secrets themselves are `core.hidden`'s."""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hedgerow.core.errors import SetupError
from hedgerow.core.hidden import MASK, Secret

__all__ = ["MASK", "Secret", "Vault", "key_hash", "new_master_key"]

KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Seals credentials for the database: AES-256-GCM, the row's identity bound in as associated data, so that a
    sealed value copied into another row does not open. Source: NIST SP 800-38D.

    It has one master key, or several while they are being changed: the first seals, each opens. Where keys come from is
    read anew before something is sealed and when something does not open, so that a running process follows a change of
    keys (docs/decisions/0113).
    """

    def __init__(self, master_keys: Secret, read_again: Callable[[], Secret] | None = None) -> None:
        """master_keys: each 32 bytes in base64, blanks between them. read_again: where they can be read anew. Raises
        SetupError for another form."""
        self._read_again = read_again
        self._keys = _ciphers(master_keys)

    def seal(self, text: str, identity: str) -> bytes:
        """The sealed form; identity names the row it belongs to. Raises SetupError when the keys cannot be read."""
        self._renew()
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._first.encrypt(nonce, text.encode(), identity.encode())

    def open(self, sealed: bytes, identity: str) -> Secret:
        """Raises SetupError when no key, or not the row, is the one that it was sealed with."""
        opened = self._opened(sealed, identity)
        if opened is None:
            self._renew()
            opened = self._opened(sealed, identity)
        if opened is None:
            raise SetupError(
                f"the credentials of {identity} do not open with this master key",
                "set the key that they were stored with, or store the credentials again",
            )
        return Secret(opened.decode())

    def is_current(self, sealed: bytes, identity: str) -> bool:
        """Whether it is sealed with the first key."""
        return _decrypted(self._first, sealed, identity) is not None

    @property
    def _first(self) -> AESGCM:
        return next(iter(self._keys.values()))

    def _opened(self, sealed: bytes, identity: str) -> bytes | None:
        found = (_decrypted(cipher, sealed, identity) for cipher in self._keys.values())
        return next((opened for opened in found if opened is not None), None)

    def _renew(self) -> None:
        """Keys that were known go on opening what was read before they were dropped."""
        if self._read_again is not None:
            self._keys = _ciphers(self._read_again()) | self._keys


def _ciphers(master_keys: Secret) -> dict[bytes, AESGCM]:
    """By the key, in their order."""
    try:
        keys = [b64decode(text, validate=True) for text in master_keys.reveal().split()]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise SetupError(
            "the master key is not 32 bytes in base64",
            "make one with: hedgerow keys master   and set HEDGEROW_MASTER_KEY or HEDGEROW_MASTER_KEY_FILE",
        )
    return {key: AESGCM(key) for key in keys}


def _decrypted(cipher: AESGCM, sealed: bytes, identity: str) -> bytes | None:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], identity.encode())
    except (InvalidTag, ValueError):  # ValueError: too short to have been sealed at all
        return None


def new_master_key() -> str:
    """A fresh master key: 32 random bytes in base64."""
    return b64encode(os.urandom(KEY_BYTES)).decode()


def key_hash(api_key: str) -> bytes:
    """What is stored of an API key. The keys are 122 random bits, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(api_key.encode()).digest()
