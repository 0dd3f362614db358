"""Signatures that venues on EVM chains ask for: Keccak-256, EIP-712 laid out by hand, secp256k1, keyed hashes.

Hashing a typed order through a general encoder costs several times what its curve signature costs, so the 32-byte
words of a struct are put together here directly. What a venue signs, and when, belongs to that venue's folder.

Sources: EIP-191 (texts), EIP-712 (typed data), EIP-55 (address checksums), EIP-2 (low s, which libsecp256k1 always
gives), RFC 2104 (HMAC), RFC 4648 section 5 (base64url).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

import sha3
from coincurve import PrivateKey

from hedgerow.core.secrets import Secret

WORD_BYTES = 32
ADDRESS_BYTES = 20
ZERO_WORD = bytes(WORD_BYTES)

_HEX = frozenset("0123456789abcdefABCDEF")
_V_OFFSET = 27  # EIP-712 signatures carry the recovery id as 27 or 28


def keccak(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not NIST's SHA3-256): 32 bytes."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


# --- words -------------------------------------------------------------------------------------------------------


def uint_word(value: int) -> bytes:
    """An unsigned integer as 32 bytes, big-endian. Raises OverflowError below 0 and from 2**256 on."""
    return value.to_bytes(WORD_BYTES, "big")


def bytes32(text: str) -> bytes:
    """The 32 bytes of `0x` and 64 hex digits. Raises ValueError for another form."""
    return _from_hex(text, WORD_BYTES)


def address_word(address: str) -> bytes:
    """A 20-byte address, `0x` and 40 hex digits in any case, as a word. Raises ValueError for another form."""
    return _from_hex(address, ADDRESS_BYTES).rjust(WORD_BYTES, b"\0")


def text_word(text: str) -> bytes:
    """A dynamic `string` member: the hash of its UTF-8 bytes."""
    return keccak(text.encode())


def checksum_address(address: str) -> str:
    """The address with the upper and lower case of EIP-55. Raises ValueError when it is not 20 bytes of hex."""
    digits = _from_hex(address, ADDRESS_BYTES).hex()
    nibbles = keccak(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) > 7 else digit for digit, nibble in zip(digits, nibbles, strict=False)
    )


def _from_hex(text: str, size: int) -> bytes:
    digits = text[2:]
    if text[:2] not in ("0x", "0X") or len(digits) != 2 * size or not _HEX.issuperset(digits):
        raise ValueError(f"expected 0x and {2 * size} hex digits")
    return bytes.fromhex(digits)


# --- EIP-712 -----------------------------------------------------------------------------------------------------


def type_hash(type_text: str) -> bytes:
    """Of a struct's encoded type, referenced structs appended in alphabetical order: `Mail(address to,...)...`."""
    return keccak(type_text.encode())


def struct_hash(kind: bytes, words: Iterable[bytes]) -> bytes:
    """Of a struct: its type hash and its members' words in the order of the type."""
    return keccak(kind + b"".join(words))


def domain_separator(
    *,
    name: str | None = None,
    version: str | None = None,
    chain_id: int | None = None,
    verifying_contract: str | None = None,
) -> bytes:
    """The hash of a domain that has exactly the fields that are given, in EIP-712's order."""
    members: list[tuple[str, bytes]] = []
    if name is not None:
        members.append(("string name", text_word(name)))
    if version is not None:
        members.append(("string version", text_word(version)))
    if chain_id is not None:
        members.append(("uint256 chainId", uint_word(chain_id)))
    if verifying_contract is not None:
        members.append(("address verifyingContract", address_word(verifying_contract)))
    kind = type_hash(f"EIP712Domain({','.join(member for member, _ in members)})")
    return struct_hash(kind, (word for _, word in members))


def typed_digest(separator: bytes, struct: bytes) -> bytes:
    """What is signed: the hash of 0x1901, the domain separator and the struct's hash."""
    return keccak(b"\x19\x01" + separator + struct)


def text_digest(message: bytes) -> bytes:
    """What a wallet signs of a message that people read (EIP-191, version 0x45)."""
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message)


# --- keys --------------------------------------------------------------------------------------------------------


class Wallet:
    """A secp256k1 key that signs digests, and the address that it signs for."""

    __slots__ = ("_key", "address")

    def __init__(self, private_key: Secret) -> None:
        """private_key: 64 hex digits, with or without 0x. Raises ValueError, which does not repeat the key."""
        text = private_key.reveal().strip()
        try:
            self._key = PrivateKey(bytes32(text if text.startswith("0x") else f"0x{text}"))
        except ValueError:
            raise ValueError("the private key is not 32 bytes of hex inside the curve's order") from None
        point = self._key.public_key.format(compressed=False)[1:]
        self.address = checksum_address("0x" + keccak(point)[-ADDRESS_BYTES:].hex())

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    def sign(self, digest: bytes) -> bytes:
        """r, s and v (27 or 28) of a 32-byte digest: 65 bytes, deterministic (RFC 6979)."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + _V_OFFSET,))


# --- keyed hashes ------------------------------------------------------------------------------------------------


def base64url_bytes(text: str) -> bytes:
    """The bytes of base64url text, padded or not. Raises ValueError when it is none."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class KeyedHash:
    """HMAC-SHA256 by one key, which is hashed once: of a request only its own text is left to hash."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def base64url(self, message: bytes) -> str:
        """The hash of a message in base64url, padding kept."""
        keyed = self._keyed.copy()
        keyed.update(message)
        return urlsafe_b64encode(keyed.digest()).decode()
