"""Signed orders: what is hashed, what is signed, and the JSON that carries both.

An order's name is the EIP-712 digest of its twelve members, so it is known before the order leaves. Which of four
contracts it is signed for follows from two flags of its market. Sources: dev.predict.fun "Place orders" and "Deployed
contracts"; the official SDK (predict-sdk 0.0.22).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues import ctf, signing
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.ctf import SIDE_NUMBER, ZERO_ADDRESS, Amounts, FirstOrder, salt_of
from hedgerow.venues.predict_fun.amounts import WEI, limit_of
from hedgerow.venues.predict_fun.auth import Identity
from hedgerow.venues.taking import TakeOrder, keep

DOMAIN_NAME, DOMAIN_VERSION = "predict.fun CTF Exchange", "1"

NO_END_S = 4_102_444_800
"""The expiration of an order without an end: the year 2100, as the official SDK has it."""

TAKING_LIVES_S = 300
"""An order that takes is signed for so long, as the official SDK signs it."""

CONTRACTS: Mapping[int, Mapping[tuple[bool, bool], str]] = {
    56: {
        (False, False): "0x8BC070BEdAB741406F4B1Eb65A72bee27894B689",
        (True, False): "0x365fb81bd4A24D6303cd2F19c349dE6894D8d58A",
        (False, True): "0x6bEb5a40C032AFc305961162d8204CDA16DECFa5",
        (True, True): "0x8A289d458f5a134bA40015085A8F50Ffb681B41d",
    },
    97: {
        (False, False): "0x2A6413639BD3d73a20ed8C95F634Ce198ABbd2d7",
        (True, False): "0xd690b2bd441bE36431F6F6639D7Ad351e7B29680",
        (False, True): "0x8a6B4Fa700A1e310b106E7a48bAFa29111f66e89",
        (True, True): "0x95D5113bc50eD201e319101bbca3e0E250662fCC",
    },
}
"""The exchange contracts by chain, and there by (negative risk, yield bearing)."""

_KEPT = 1_000


class Terms(NamedTuple):
    """The members of an order that differ from one to the next. price: of a share in wei; expiration: s since 1970."""

    salt: int
    token: str
    side: Side
    price: int
    amounts: Amounts
    expiration: int
    fee_rate_bps: int

    @property
    def size(self) -> Micros:
        """The shares of the order in micros."""
        return Micros((self.amounts.taker if self.side is Side.BUY else self.amounts.maker) // WEI)


class SignedOrder(NamedTuple):
    """An order that is ready to be posted."""

    order_hash: str
    size: Micros
    body: bytes


def separator_of(chain_id: int, flags: tuple[bool, bool]) -> bytes:
    """The domain of the contract for markets with these flags. Raises KeyError for an unknown chain."""
    return signing.domain_separator(
        name=DOMAIN_NAME, version=DOMAIN_VERSION, chain_id=chain_id, verifying_contract=CONTRACTS[chain_id][flags]
    )


def order_digest(terms: Terms, maker: str, separator: bytes) -> bytes:
    """What is signed of an order, and the order's name: 32 bytes."""
    order = FirstOrder(
        terms.salt, maker, maker, terms.token, terms.amounts, terms.expiration, terms.fee_rate_bps, terms.side, 0
    )
    return ctf.order_digest(order, separator)


def order_members(terms: Terms, maker: str) -> dict[str, str | int]:
    """An order as it is posted, in the order of the official SDK."""
    return {
        "salt": str(terms.salt),
        "maker": maker,
        "signer": maker,
        "taker": ZERO_ADDRESS,
        "tokenId": terms.token,
        "makerAmount": str(terms.amounts.maker),
        "takerAmount": str(terms.amounts.taker),
        "expiration": str(terms.expiration),
        "nonce": "0",
        "feeRateBps": str(terms.fee_rate_bps),
        "side": SIDE_NUMBER[terms.side],
        "signatureType": 0,
    }


def terms_of(quote: NewQuote) -> Terms:
    """The terms of the order that a quote becomes. An end is kept to the second, and never later than asked."""
    expiration = NO_END_S if quote.expires_at_ms is None else quote.expires_at_ms // 1000
    return _terms(quote.client_ref, quote.instrument, quote.side, quote.price, quote.size, expiration)


def taking_terms(order: TakeOrder, expiration: int) -> Terms:
    """The terms of an order that buys what stands at its price or better."""
    return _terms(order.reference, order.leg.instrument, Side.BUY, order.cost, order.size, expiration)


def _terms(reference: str, instrument: Instrument, side: Side, price: int, size: int, expiration: int) -> Terms:
    limit = limit_of(side, price * WEI, size * WEI)
    fee_rate_bps = int(instrument.meta["fee_rate_bps"])
    return Terms(salt_of(reference), instrument.ref, side, limit.price, limit.amounts, expiration, fee_rate_bps)


class OrderSigner:
    """Makes orders of quotes for one account."""

    def __init__(self, identity: Identity) -> None:
        """Raises KeyError for an unknown chain."""
        self._identity = identity
        self._separators = {flags: separator_of(identity.chain_id, flags) for flags in CONTRACTS[identity.chain_id]}
        self._quote: tuple[NewQuote, bytes] | None = None
        self._taking: OrderedDict[str, SignedOrder] = OrderedDict()

    def order_hash(self, quote: NewQuote) -> str:
        """The name that the quote's order will have: the same for the same quote, in every process."""
        return "0x" + self._digest_of(quote).hex()

    def sign(self, quote: NewQuote) -> SignedOrder:
        options = {"isPostOnly": True} if quote.post_only else {}
        return self._signed(terms_of(quote), self._digest_of(quote), "LIMIT", options)

    def sign_taking(self, order: TakeOrder, now_s: int) -> SignedOrder:
        """An order that matches at once or ends; the same for the same reference, also when it is asked for later."""
        known = self._taking.get(order.reference)
        if known is not None:
            return known
        terms = taking_terms(order, now_s + TAKING_LIVES_S)
        digest = order_digest(terms, self._identity.address, self._separator(order.leg.instrument))
        options: dict[str, bool | str] = {"slippageBps": "0", "isFillOrKill": order.is_whole}
        signed = self._signed(terms, digest, "MARKET", options)
        keep(self._taking, order.reference, signed, _KEPT)
        return signed

    def _digest_of(self, quote: NewQuote) -> bytes:
        """Kept for the latest quote: its name is asked for right before it is signed, on the way to the venue."""
        if self._quote is None or self._quote[0] is not quote:
            separator = self._separator(quote.instrument)
            self._quote = quote, order_digest(terms_of(quote), self._identity.address, separator)
        return self._quote[1]

    def _separator(self, instrument: Instrument) -> bytes:
        flags = instrument.meta["neg_risk"] == "1", instrument.meta["yield_bearing"] == "1"
        return self._separators[flags]

    def _signed(self, terms: Terms, digest: bytes, strategy: str, options: Mapping[str, bool | str]) -> SignedOrder:
        order_hash = "0x" + digest.hex()
        order = order_members(terms, self._identity.address)
        named = {**order, "hash": order_hash, "signature": self._identity.sign(digest)}
        data = {"order": named, "pricePerShare": str(terms.price), "strategy": strategy, **options}
        return SignedOrder(order_hash, terms.size, msgspec.json.encode({"data": data}))
