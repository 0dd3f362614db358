"""Orders as they are signed and posted: amounts in whole millionths, and the JSON that carries them.

Only orders at a price are made. The venue's FOK has none: it would take the book at whatever it costs. Sources:
docs.limitless.exchange "EIP-712 signing", "Create Order"; the official SDK (limitless-sdk 1.3.0) for the steps.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.venues import signing
from hedgerow.venues.base import Instrument
from hedgerow.venues.ctf import (
    SIDE_NUMBER,
    ZERO_ADDRESS,
    Amounts,
    FirstOrder,
    amounts_of,
    order_digest,
    salt_of,
)
from hedgerow.venues.limitless_ex.auth import Identity
from hedgerow.venues.taking import TakeOrder

DOMAIN_NAME, DOMAIN_VERSION = "Limitless CTF Exchange", "1"
CHAIN_ID = 8453
"""Base."""

TICK = 1_000
LOT = 1_000
"""Micros of a dollar and of a share: both have three decimals."""

RECV_WINDOW_MS = 10_000
"""The longest that the venue offers: an order that arrives later, by the venue's clock, is refused."""

_encoder = msgspec.json.Encoder(decimal_format="number")


def separator_of(chain_id: int, contract: str) -> bytes:
    """The domain of the contract that checks a market's orders. Raises ValueError for what is no address."""
    return signing.domain_separator(
        name=DOMAIN_NAME, version=DOMAIN_VERSION, chain_id=chain_id, verifying_contract=contract
    )


def limit_amounts(side: Side, price: int, size: int) -> Amounts:
    """Of an order at a price. A size is cut to the step; then the money is exact, as both have three decimals."""
    shares = size // LOT * LOT
    return amounts_of(side, shares * price // MICRO, shares)


def order_members(order: FirstOrder) -> dict[str, object]:
    """An order as it is posted, in the order of the official SDK; price and signature come after these."""
    return {
        "salt": order.salt,
        "maker": order.maker,
        "signer": order.signer,
        "taker": ZERO_ADDRESS,
        "tokenId": order.token,
        "makerAmount": order.amounts.maker,
        "takerAmount": order.amounts.taker,
        "expiration": str(order.expiration),
        "nonce": 0,
        "feeRateBps": order.fee_rate_bps,
        "side": SIDE_NUMBER[order.side],
        "signatureType": order.signature_type,
    }


def body_of(
    order: FirstOrder,
    signature: str,
    *,
    price: int | None,
    owner_id: int,
    order_type: str,
    slug: str,
    options: Mapping[str, object],
) -> bytes:
    """The body of `POST /orders`. price: micros, None where the kind of order has none."""
    priced = {} if price is None else {"price": decimal_of(price)}
    signed = {**order_members(order), **priced, "signature": signature}
    return _encoder.encode(
        {"order": signed, "ownerId": owner_id, "orderType": order_type, "marketSlug": slug, **options}
    )


def take_body(order: TakeOrder, who: Identity, wallet: signing.Wallet, now_ms: int) -> bytes:
    """An order that takes what stands at its price or better, what is left of it ends. Its salt follows from our
    reference, so that a repeat is the same order to the contract too."""
    instrument = order.leg.instrument
    fields = FirstOrder(
        salt_of(order.reference),
        who.maker,
        who.signer,
        instrument.ref,
        limit_amounts(Side.BUY, order.cost, order.size),
        0,
        int(instrument.meta["signed_bps"]),
        Side.BUY,
        who.signature_type,
    )
    return body_of(
        fields,
        sign(fields, instrument, wallet),
        price=order.cost,
        owner_id=who.owner_id,
        order_type="FAK",
        slug=instrument.market_ref,
        options={"clientOrderId": order.reference, "timestamp": now_ms, "recvWindow": RECV_WINDOW_MS},
    )


def sign(order: FirstOrder, instrument: Instrument, wallet: signing.Wallet) -> str:
    """For the contract of the instrument's market."""
    digest = order_digest(order, separator_of(CHAIN_ID, instrument.meta["exchange"]))
    return "0x" + wallet.sign(digest).hex()
