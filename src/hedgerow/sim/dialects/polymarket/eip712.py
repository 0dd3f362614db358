"""The venue's side of typed-data signatures: digests, and who signed them.

Nothing here signs for anybody but the throw-away demo key. Sources: EIP-712; ERC-7739 for wallets that are contracts;
the Polymarket sheet, section 2, for the domains and structs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sha3
from coincurve import PrivateKey, PublicKey

CHAIN_ID: Final = 137
EXCHANGE: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE: Final = "0xe2222d279d744050d28e00520010520000310F59"
POSITION_EXCHANGE: Final = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
"""Where orders for protocol-v2 position ids are settled; the simulated markets have none."""

POLY_1271: Final = 3
"""The signature type of a deposit wallet: the wallet, a contract, is maker and signer."""

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


# --- words and structs -------------------------------------------------------------------------------------------


def _number(value: int) -> bytes:
    return value.to_bytes(32)


def _address(value: str) -> bytes:
    return bytes.fromhex(value.lower().removeprefix("0x")).rjust(32, b"\0")


def _text(value: str) -> bytes:
    return keccak(value.encode())


_DOMAIN = _text("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_DOMAIN_WITHOUT_CONTRACT = _text("EIP712Domain(string name,string version,uint256 chainId)")


def _digest(domain: bytes, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain + struct)


# --- logging in ----------------------------------------------------------------------------------------------------

_CLOB_AUTH = _text("ClobAuth(address address,string timestamp,uint256 nonce,string message)")
_ATTESTATION = _text("This message attests that I control the given wallet")
_CLOB_AUTH_DOMAIN = keccak(_DOMAIN_WITHOUT_CONTRACT + _text("ClobAuthDomain") + _text("1") + _number(CHAIN_ID))


def clob_auth_digest(address: str, timestamp: str, nonce: int) -> bytes:
    """What a wallet signs to create or derive an API key. timestamp: the seconds as they stand in the header."""
    return _digest(
        _CLOB_AUTH_DOMAIN,
        keccak(_CLOB_AUTH + _address(address) + _text(timestamp) + _number(nonce) + _ATTESTATION),
    )


# --- orders --------------------------------------------------------------------------------------------------------

_ORDER_TYPE = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
_ORDER = _text(_ORDER_TYPE)
_ORDER_NAME = _text("Polymarket CTF Exchange")
_NESTED = _text(
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + _ORDER_TYPE
)
_WALLET_NAME, _WALLET_VERSION = _text("DepositWallet"), _text("1")


@dataclass(frozen=True, slots=True)
class OrderStruct:
    """The signed fields of an order: what it offers (maker) and asks (taker) in millionths. side: 0 buys, 1 sells."""

    salt: int
    maker: str
    signer: str
    token_id: int
    maker_amount: int
    taker_amount: int
    side: int
    signature_type: int
    timestamp: int
    metadata: bytes
    builder: bytes

    @property
    def hash(self) -> bytes:
        return keccak(
            _ORDER
            + _number(self.salt)
            + _address(self.maker)
            + _address(self.signer)
            + _number(self.token_id)
            + _number(self.maker_amount)
            + _number(self.taker_amount)
            + _number(self.side)
            + _number(self.signature_type)
            + _number(self.timestamp)
            + self.metadata
            + self.builder
        )


def exchange_domain(version: str, contract: str, chain_id: int = CHAIN_ID) -> bytes:
    """The separator of an exchange contract's domain. version: "2", or "3" for position ids."""
    return keccak(_DOMAIN + _ORDER_NAME + _text(version) + _number(chain_id) + _address(contract))


def order_digest(order: OrderStruct, domain: bytes) -> bytes:
    """What is signed of an order; at this venue also its id."""
    return _digest(domain, order.hash)


def order_signer(order: OrderStruct, domain: bytes, signature: bytes, chain_id: int = CHAIN_ID) -> str | None:
    """The key holder's address behind an order's signature, None when the signature is not of this order.

    A deposit wallet's signature carries, after the 65 bytes, the domain and struct it is for and the struct's type,
    so that the wallet can show what was signed (ERC-7739).
    """
    if order.signature_type != POLY_1271:
        return signer_of(order_digest(order, domain), signature)
    shown = domain + order.hash + _ORDER_TYPE.encode() + len(_ORDER_TYPE).to_bytes(2)
    if signature[65:] != shown:
        return None
    nested = keccak(
        _NESTED + order.hash + _WALLET_NAME + _WALLET_VERSION + _number(chain_id) + _address(order.signer) + _number(0)
    )
    return signer_of(_digest(domain, nested), signature[:65])
