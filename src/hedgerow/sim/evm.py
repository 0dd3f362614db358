"""Hashes, addresses and signatures of EVM chains, as venues that settle there check them.

Nothing here signs for anybody but throw-away demo keys. Sources: EIP-55 (address checksums), EIP-191 (texts), EIP-712
(typed data).
"""

from __future__ import annotations

import sha3
from coincurve import PrivateKey, PublicKey

_SECP256K1_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def keccak(data: bytes) -> bytes:
    """Keccak-256, 32 bytes: the hash of the chain, which is not NIST's SHA3-256."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def checksummed(address: str | bytes) -> str:
    """An address of 20 bytes or 40 hex digits in its mixed-case form. Raises ValueError. Source: EIP-55."""
    raw = address if isinstance(address, bytes) else bytes.fromhex(address.lower().removeprefix("0x"))
    if len(raw) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(raw)}")
    digits = raw.hex()
    nibbles = keccak(digits.encode()).hex()
    return "0x" + "".join(d.upper() if int(n, 16) >= 8 else d for d, n in zip(digits, nibbles, strict=False))


def address_of(key: PublicKey) -> str:
    """The address that belongs to a public key."""
    return checksummed(keccak(key.format(compressed=False)[1:])[12:])


def sign(private_key: bytes, digest: bytes) -> str:
    """The 65-byte signature of a digest as the chain writes it: r, s, and v of 27 or 28."""
    raw = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return "0x" + raw[:64].hex() + f"{raw[64] + 27:02x}"


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """The address whose key made the 65-byte signature of the digest; None when it is no signature at all."""
    if len(signature) != 65:
        return None
    recovery = signature[64] - 27 if signature[64] >= 27 else signature[64]
    r, s = (int.from_bytes(signature[at : at + 32]) for at in (0, 32))
    if recovery not in (0, 1) or not 0 < r < _SECP256K1_ORDER or not 0 < s < _SECP256K1_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([recovery]), digest, hasher=None)
    except ValueError:
        return None
    return address_of(key)


# --- words and digests -------------------------------------------------------------------------------------------


def number_word(value: int) -> bytes:
    """An unsigned integer as 32 bytes. Raises OverflowError for one that is not."""
    return value.to_bytes(32)


def address_word(value: str) -> bytes:
    """An address, `0x` and 40 hex digits, as 32 bytes. Raises ValueError for what is no hex."""
    return bytes.fromhex(value.lower().removeprefix("0x")).rjust(32, b"\0")


def text_word(value: str) -> bytes:
    """What a struct holds of a text, and what names a struct's type: its hash."""
    return keccak(value.encode())


DOMAIN = text_word("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def domain_of(name: str, version: str, chain_id: int, contract: str) -> bytes:
    """The separator of a contract's domain."""
    return keccak(DOMAIN + text_word(name) + text_word(version) + number_word(chain_id) + address_word(contract))


def typed_digest(domain: bytes, struct: bytes) -> bytes:
    """What is signed of a struct, by its hash."""
    return keccak(b"\x19\x01" + domain + struct)


def text_digest(message: bytes) -> bytes:
    """What a wallet signs of a message that people read. Source: EIP-191, version 0x45."""
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message)
