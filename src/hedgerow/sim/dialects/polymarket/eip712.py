"""The venue's side of typed-data signatures: digests, and who signed them.

Sources: EIP-712; ERC-7739 for wallets that are contracts;
the Polymarket sheet, section 2, for the domains and structs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgerow.sim.evm import address_word, domain_of, keccak, number_word, signer_of, text_word, typed_digest

CHAIN_ID: Final = 137
EXCHANGE: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE: Final = "0xe2222d279d744050d28e00520010520000310F59"
POSITION_EXCHANGE: Final = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
"""Where orders for protocol-v2 position ids are settled; the simulated markets have none."""

POLY_1271: Final = 3
"""The signature type of a deposit wallet: the wallet, a contract, is maker and signer."""

_DOMAIN_WITHOUT_CONTRACT = text_word("EIP712Domain(string name,string version,uint256 chainId)")


# --- logging in ----------------------------------------------------------------------------------------------------

_CLOB_AUTH = text_word("ClobAuth(address address,string timestamp,uint256 nonce,string message)")
_ATTESTATION = text_word("This message attests that I control the given wallet")
_CLOB_AUTH_DOMAIN = keccak(
    _DOMAIN_WITHOUT_CONTRACT + text_word("ClobAuthDomain") + text_word("1") + number_word(CHAIN_ID)
)


def clob_auth_digest(address: str, timestamp: str, nonce: int) -> bytes:
    """What a wallet signs to create or derive an API key. timestamp: the seconds as they stand in the header."""
    return typed_digest(
        _CLOB_AUTH_DOMAIN,
        keccak(_CLOB_AUTH + address_word(address) + text_word(timestamp) + number_word(nonce) + _ATTESTATION),
    )


# --- orders --------------------------------------------------------------------------------------------------------

_ORDER_TYPE = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
_ORDER = text_word(_ORDER_TYPE)
_ORDER_NAME = "Polymarket CTF Exchange"
_NESTED = text_word(
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + _ORDER_TYPE
)
_WALLET_NAME, _WALLET_VERSION = text_word("DepositWallet"), text_word("1")


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
            + number_word(self.salt)
            + address_word(self.maker)
            + address_word(self.signer)
            + number_word(self.token_id)
            + number_word(self.maker_amount)
            + number_word(self.taker_amount)
            + number_word(self.side)
            + number_word(self.signature_type)
            + number_word(self.timestamp)
            + self.metadata
            + self.builder
        )


def exchange_domain(version: str, contract: str, chain_id: int = CHAIN_ID) -> bytes:
    """The separator of an exchange contract's domain. version: "2", or "3" for position ids."""
    return domain_of(_ORDER_NAME, version, chain_id, contract)


def order_digest(order: OrderStruct, domain: bytes) -> bytes:
    """What is signed of an order; at this venue also its id."""
    return typed_digest(domain, order.hash)


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
        _NESTED
        + order.hash
        + _WALLET_NAME
        + _WALLET_VERSION
        + number_word(chain_id)
        + address_word(order.signer)
        + number_word(0)
    )
    return signer_of(typed_digest(domain, nested), signature[:65])
