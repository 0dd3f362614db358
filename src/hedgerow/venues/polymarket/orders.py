"""Signed orders: what is hashed, what is signed, and the JSON that carries both.

The order's id is the EIP-712 digest of its eleven members, so it is known before the order leaves; the expiration
travels beside them and is not part of it. Everything that an account's orders share is laid out once: an order costs
two hashes (three for a deposit wallet), one curve signature and one text.

Sources: Polymarket documentation "Place Orders" (types, contracts, wallets) and "Authentication"; the nested form of
deposit wallets is ERC-7739; V2 position ids are the official SDK's rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues import signing
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.ctf import SIDE_NUMBER, Amounts, salt_of, token_word
from hedgerow.venues.polymarket.amounts import limit_amounts, market_amounts
from hedgerow.venues.taking import TakeOrder

ORDER_TYPE = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
    "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
)
_NESTED_TYPE = (
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    + ORDER_TYPE
)
_ORDER_KIND = signing.type_hash(ORDER_TYPE)
_NESTED_KIND = signing.type_hash(_NESTED_TYPE)
DOMAIN_NAME = "Polymarket CTF Exchange"
_WALLET_NAME, _WALLET_VERSION = signing.text_word("DepositWallet"), signing.text_word("1")
_NESTED_TAIL = ORDER_TYPE.encode() + len(ORDER_TYPE).to_bytes(2, "big")

ZERO_BYTES32 = "0x" + "00" * 32

_SIDE_TEXT = {Side.BUY: "BUY", Side.SELL: "SELL"}


class SignatureType(IntEnum):
    """Which kind of wallet holds the money, and so who signs for it."""

    EOA = 0
    POLY_PROXY = 1
    POLY_GNOSIS_SAFE = 2
    POLY_1271 = 3  # deposit wallet: the contract checks a nested signature of its owner


# --- contracts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deployment:
    """The exchange contracts of one version of the venue, and the chain they stand on."""

    version: str
    standard: str
    neg_risk: str
    positions: str = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
    positions_version: str = "3"
    chain_id: int = 137


DEPLOYMENTS: Mapping[int, Deployment] = {
    2: Deployment(
        version="2",
        standard="0xE111180000d2663C0091e4f400237545B87B996B",
        neg_risk="0xe2222d279d744050d28e00520010520000310F59",
    ),
}
"""By the number that `GET /version` answers. Source: Polymarket documentation "Place Orders", read 2026-11-21."""


def deployment_of(version: int, meta: Mapping[str, str]) -> Deployment | None:
    """The contracts of an exchange version. An account's `meta` may name newer ones than the release knows:
    `exchange`, `neg_risk_exchange`, `position_exchange`, `chain_id`. None when neither knows the version."""
    known = DEPLOYMENTS.get(version)
    standard, neg_risk = meta.get("exchange"), meta.get("neg_risk_exchange")
    if known is None and (standard is None or neg_risk is None):
        return None
    latest = DEPLOYMENTS[max(DEPLOYMENTS)]
    base = known or latest
    return replace(
        base,
        version=str(version),
        standard=standard or base.standard,
        neg_risk=neg_risk or base.neg_risk,
        positions=meta.get("position_exchange", base.positions),
        chain_id=int(meta.get("chain_id", base.chain_id)),
    )


class Contract:
    """One exchange contract: the domain that its orders are signed for."""

    __slots__ = ("chain_word", "separator")

    def __init__(self, chain_id: int, address: str, version: str) -> None:
        self.chain_word = signing.uint_word(chain_id)
        self.separator = signing.domain_separator(
            name=DOMAIN_NAME, version=version, chain_id=chain_id, verifying_contract=address
        )

    def order_id(self, order_hash: bytes) -> bytes:
        """The venue's id of the order whose struct hash is given: 32 bytes."""
        return signing.typed_digest(self.separator, order_hash)


class Contracts:
    """Which contract takes the orders for a token."""

    __slots__ = ("_neg_risk", "_positions", "_standard")

    def __init__(self, deployment: Deployment) -> None:
        chain = deployment.chain_id
        self._standard = Contract(chain, deployment.standard, deployment.version)
        self._neg_risk = Contract(chain, deployment.neg_risk, deployment.version)
        self._positions = Contract(chain, deployment.positions, deployment.positions_version)

    def of(self, token: str, *, neg_risk: bool) -> Contract:
        """token: the asset id in decimal digits."""
        if is_position(token):
            return self._positions
        return self._neg_risk if neg_risk else self._standard


_RESERVED_BITS = ((1 << 64) - 1) << 40


@lru_cache(maxsize=4096)
def is_position(token: str) -> bool:
    """Whether the asset id is a position of the venue's second protocol, which has a contract of its own."""
    return int(token) & _RESERVED_BITS == 0


# --- orders ------------------------------------------------------------------------------------------------------


class Terms(NamedTuple):
    """The members of an order that differ from one to the next."""

    salt: int
    token: str
    side: Side
    amounts: Amounts
    timestamp_ms: int


class Lifetime(NamedTuple):
    """What travels with an order and is not signed. expiration: seconds since 1970, 0 for none."""

    order_type: str = "GTC"
    expiration: int = 0
    post_only: bool = False


class Maker:
    """Whose orders these are: the members that all of them share, as words and as text.

    With a proxy or a safe the wallet gives the money and its owner signs; a deposit wallet is both itself, and its
    owner's signature is nested.
    """

    __slots__ = ("_body", "_sides", "_tail", "_wallets", "signature_type", "wallet_word")

    def __init__(
        self,
        maker: str,
        signer: str,
        signature_type: SignatureType,
        owner: str,
        *,
        metadata: str = ZERO_BYTES32,
        builder: str = ZERO_BYTES32,
    ) -> None:
        """owner: the API key that the order is posted with."""
        self.signature_type = signature_type
        self.wallet_word = signing.address_word(signer)
        self._wallets = signing.address_word(maker) + self.wallet_word
        kind = signing.uint_word(signature_type)
        self._sides = {side: signing.uint_word(number) + kind for side, number in SIDE_NUMBER.items()}
        self._tail = signing.bytes32(metadata) + signing.bytes32(builder)
        key = msgspec.json.encode(owner).decode().replace("%", "%%")
        self._body = (
            f'{{"order":{{"salt":%d,"maker":"{maker}","signer":"{signer}","tokenId":"%s","makerAmount":"%d",'
            f'"takerAmount":"%d","side":"%s","expiration":"%d","signatureType":{int(signature_type)},'
            f'"timestamp":"%d","metadata":"{metadata}","builder":"{builder}","signature":"0x%s"}},'
            f'"owner":{key},"orderType":"%s","deferExec":false,"postOnly":%s}}'
        )

    def order_hash(self, terms: Terms) -> bytes:
        """The struct hash of an order."""
        return signing.keccak(
            b"".join(
                (
                    _ORDER_KIND,
                    signing.uint_word(terms.salt),
                    self._wallets,
                    token_word(terms.token),
                    signing.uint_word(terms.amounts.maker),
                    signing.uint_word(terms.amounts.taker),
                    self._sides[terms.side],
                    signing.uint_word(terms.timestamp_ms),
                    self._tail,
                )
            )
        )

    def signature(self, wallet: signing.Wallet, contract: Contract, order_hash: bytes) -> bytes:
        """The owner's signature of an order, in the form that the kind of wallet is checked by."""
        if self.signature_type is not SignatureType.POLY_1271:
            return wallet.sign(contract.order_id(order_hash))
        nested = signing.struct_hash(
            _NESTED_KIND,
            (order_hash, _WALLET_NAME, _WALLET_VERSION, contract.chain_word, self.wallet_word, signing.ZERO_WORD),
        )
        signature = wallet.sign(signing.typed_digest(contract.separator, nested))
        return signature + contract.separator + order_hash + _NESTED_TAIL

    def body(self, terms: Terms, lifetime: Lifetime, signature: bytes) -> bytes:
        """The text of `POST /order`, members in the order of the official clients, ASCII."""
        return (
            self._body
            % (
                terms.salt,
                terms.token,
                terms.amounts.maker,
                terms.amounts.taker,
                _SIDE_TEXT[terms.side],
                lifetime.expiration,
                terms.timestamp_ms,
                signature.hex(),
                lifetime.order_type,
                "true" if lifetime.post_only else "false",
            )
        ).encode()


class SignedOrder(NamedTuple):
    """An order that is ready to be posted."""

    order_id: str
    body: bytes


class _Hashed(NamedTuple):
    """A quote's order up to its signature."""

    terms: Terms
    contract: Contract
    order_hash: bytes
    order_id: str


class OrderSigner:
    """Makes orders of quotes for one account."""

    __slots__ = ("_contracts", "_hashed", "_maker", "_quote", "_wallet")

    def __init__(self, wallet: signing.Wallet, maker: Maker, contracts: Contracts) -> None:
        self._wallet, self._maker, self._contracts = wallet, maker, contracts
        self._quote: NewQuote | None = None
        self._hashed: _Hashed | None = None

    def order_id(self, quote: NewQuote) -> str:
        """The venue's id that the quote will have: the same for the same quote, in every process."""
        return self._hash(quote).order_id

    def sign(self, quote: NewQuote) -> SignedOrder:
        return self._signed(self._hash(quote), lifetime_of(quote))

    def sign_taking(self, order: TakeOrder) -> SignedOrder:
        """An order that matches at once or ends: the same id for the same order, in every process."""
        hashed = self._hashed_of(taking_terms(order), order.leg.instrument)
        return self._signed(hashed, Lifetime("FOK" if order.is_whole else "FAK"))

    def _signed(self, hashed: _Hashed, lifetime: Lifetime) -> SignedOrder:
        terms, contract, order_hash, order_id = hashed
        signature = self._maker.signature(self._wallet, contract, order_hash)
        return SignedOrder(order_id, self._maker.body(terms, lifetime, signature))

    def _hash(self, quote: NewQuote) -> _Hashed:
        """Kept for the latest quote: its id is asked for right before it is signed, on the way to the venue."""
        if self._hashed is None or quote is not self._quote:
            self._quote, self._hashed = quote, self._hashed_of(terms_of(quote), quote.instrument)
        return self._hashed

    def _hashed_of(self, terms: Terms, instrument: Instrument) -> _Hashed:
        contract = self._contracts.of(instrument.ref, neg_risk=instrument.meta.get("neg_risk") == "1")
        order_hash = self._maker.order_hash(terms)
        return _Hashed(terms, contract, order_hash, "0x" + contract.order_id(order_hash).hex())


# --- from a quote ------------------------------------------------------------------------------------------------

# The venue ends a dated order one minute before its expiration, as a margin of its own.
EXPIRY_MARGIN_S = 60
# Orders that expire sooner than this are refused, so the shortest life is two minutes.
SHORTEST_EXPIRATION_S = 180

_CUT_OVER_MS = 1_777_374_000_000  # 2026-04-28 11:00 UTC, the start of the present order format
_UUID_7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def terms_of(quote: NewQuote) -> Terms:
    """The terms of the order that a quote becomes."""
    salt, timestamp_ms = salt_and_timestamp(quote.client_ref)
    tick = quote.instrument.grid.bands[0].step
    amounts = limit_amounts(quote.side, quote.price, quote.size, tick)
    return Terms(salt, quote.instrument.ref, quote.side, amounts, timestamp_ms)


def taking_terms(order: TakeOrder) -> Terms:
    """The terms of an order that buys for money, as the venue wants it of those that match at once."""
    salt, timestamp_ms = salt_and_timestamp(order.reference)
    instrument = order.leg.instrument
    tick = instrument.grid.bands[0].step
    amounts = market_amounts(Side.BUY, order.cost, order.cost * order.size // MICRO, tick)
    return Terms(salt, instrument.ref, Side.BUY, amounts, timestamp_ms)


def lifetime_of(quote: NewQuote) -> Lifetime:
    """How long the order lives. An end is kept to the second, and never later than asked."""
    if quote.expires_at_ms is None:
        return Lifetime(post_only=quote.post_only)
    return Lifetime("GTD", quote.expires_at_ms // 1000 + EXPIRY_MARGIN_S, quote.post_only)


@lru_cache(maxsize=1024)
def salt_and_timestamp(client_ref: str) -> tuple[int, int]:
    """The two members that make an order unique, from our reference alone, so that the order's id can be computed
    again after a crash. Kept, because the next order's are worked out ahead.

    salt: as `ctf.salt_of` makes it. timestamp: the milliseconds inside a reference that is a version 7 UUID (RFC 9562),
    which is when it was made; of another reference the next 32 bits of the hash that the salt is from, counted from
    the start of the order format (they span 50 days that are past). The venue documents the timestamp as the
    order's time of creation, used for uniqueness; no freshness rule is documented, and its users ask for one
    (Polymarket/ts-sdk issue 98).
    """
    salt = salt_of(client_ref)
    dated = _UUID_7.fullmatch(client_ref) if client_ref[14:15] == "7" else None
    if dated is not None:
        return salt, int(dated[1] + dated[2], 16)
    return salt, _CUT_OVER_MS + int.from_bytes(sha256(client_ref.encode()).digest()[8:12], "big")
