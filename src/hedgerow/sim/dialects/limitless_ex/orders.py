"""A signed order as it is posted, and what it instructs: checked before it comes near the book.

Pure: what the venue refuses for is raised as its refusal. Amounts are micros of dollars and of shares. Orders at a
price are taken, to rest (GTC) or to match at once (FAK); those without one (FOK) are refused in this world. Source: the
limitless-ex sheet, sections 2, 4 and 7; the vectors of the official SDK for the amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from hedgerow.core.money import MICRO, InexactAmountError, micros
from hedgerow.core.states import Side
from hedgerow.sim import evm
from hedgerow.sim.dialects.limitless_ex.markets import LOT, Market
from hedgerow.sim.dialects.limitless_ex.profiles import Profile
from hedgerow.sim.dialects.limitless_ex.refusals import Refusal, bad_request
from hedgerow.sim.orders import OrderKind

CHAIN_ID = 8453
ZERO_ADDRESS = "0x" + "00" * 20
_ORDER = evm.text_word(
    "Order(uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType)"
)


class PostedOrder(msgspec.Struct, rename="camel"):
    """The `order` of a placement, in the venue's names."""

    salt: int
    maker: str
    signer: str
    taker: str
    token_id: str
    maker_amount: int
    taker_amount: int
    expiration: str
    nonce: int
    fee_rate_bps: int
    side: Literal[0, 1]
    signature_type: int
    signature: str
    price: Decimal | None = None

    def digest(self, contract: str) -> bytes:
        """What is signed. Raises Refusal when a member cannot be one."""
        numbers = (self.token_id, self.maker_amount, self.taker_amount, self.expiration, self.nonce, self.fee_rate_bps)
        try:
            struct = evm.keccak(
                _ORDER
                + evm.number_word(self.salt)
                + b"".join(evm.address_word(one) for one in (self.maker, self.signer, self.taker))
                + b"".join(evm.number_word(int(one)) for one in (*numbers, self.side, self.signature_type))
            )
        except (ValueError, OverflowError):
            raise bad_request("order is malformed") from None
        return evm.typed_digest(evm.domain_of("Limitless CTF Exchange", "1", CHAIN_ID, contract), struct)


class Posting(msgspec.Struct, rename="camel"):
    """The body of `POST /orders`. timestamp, recvWindow: milliseconds."""

    order: PostedOrder
    owner_id: int
    order_type: Literal["GTC", "FAK", "FOK"]
    market_slug: str
    post_only: bool = False
    client_order_id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    timestamp: int | None = None
    recv_window: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a checked order wants, in micros."""

    side: Side
    price: int
    size: int
    kind: OrderKind
    post_only: bool


def check_signed(posting: Posting, market: Market, profile: Profile, fee_bps: int) -> None:
    """The order is the profile's own and signed for this market's contract. Raises Refusal."""
    order = posting.order
    if posting.owner_id != profile.owner_id:
        raise Refusal(403, "ownerId does not belong to the API token")
    if order.token_id not in market.tokens:
        raise bad_request("tokenId does not belong to the market")
    wallets = order.maker, order.signer, order.signature_type
    if wallets != (profile.maker, profile.signer, profile.signature_type):
        raise bad_request("Invalid maker, signer or signatureType for the profile")
    if (order.taker, order.nonce, order.expiration) != (ZERO_ADDRESS, 0, "0"):
        raise bad_request("taker, nonce and expiration must be zero")
    if order.fee_rate_bps != fee_bps:
        raise bad_request(f"feeRateBps must be {fee_bps}")
    if not _has_signed(profile, order.digest(market.exchange), order.signature):
        raise bad_request("Invalid signature")


def _has_signed(profile: Profile, digest: bytes, signature: str) -> bool:
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return False
    return evm.signer_of(digest, raw) == profile.signer


def check_terms(posting: Posting, market: Market, now_ms: int) -> Instruction:
    """Price, size and age of the order. Raises Refusal."""
    order, window = posting.order, posting.recv_window
    if window is not None and posting.timestamp is not None and now_ms > posting.timestamp + window:
        raise Refusal(425, "Order is outside of the receive window")
    if posting.order_type == "FOK" or order.price is None:
        raise bad_request("price is required: orders without one are not taken")
    if posting.post_only and posting.order_type != "GTC":
        raise bad_request("postOnly is only supported for GTC orders")
    side = Side.BUY if order.side == 0 else Side.SELL
    money, shares = order.maker_amount, order.taker_amount
    if side is Side.SELL:
        money, shares = shares, money
    price = _price(order.price, market)
    if shares <= 0 or shares % LOT:
        raise bad_request(f"amount of shares must be a positive multiple of {LOT}")
    if money * MICRO != shares * price:
        raise bad_request("makerAmount and takerAmount do not match the price")
    kind = OrderKind.RESTS if posting.order_type == "GTC" else OrderKind.IMMEDIATE
    return Instruction(side, price, shares, kind, posting.post_only)


def _price(told: Decimal, market: Market) -> int:
    try:
        price = micros(told)
    except InexactAmountError:
        price = None
    if price is None or price not in market.contract.grid:
        raise bad_request("price must be between 0.001 and 0.999 in steps of 0.001")
    return price
