"""A signed order as it is posted, and what it instructs: checked before it comes near the book.

Pure: what the venue refuses for is raised in the venue's own words. Amounts and prices come in wei, 10^18 to a dollar
or a share. Sources: the predict.fun sheet, sections 2, 4, 7 and 9; the answer to a repeated order is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim import evm
from hedgerow.sim.dialects.predict_fun.markets import Market
from hedgerow.sim.dialects.predict_fun.refusals import Refusal, bad_request
from hedgerow.sim.dialects.predict_fun.wallets import CHAIN_ID, Wallet, has_signed
from hedgerow.sim.orders import OrderKind

ETHER = 10**18
WEI = ETHER // MICRO
"""Wei of one micro."""

MIN_QUANTITY = 10**16
MIN_VALUE = 9 * 10**17
ZERO_ADDRESS = "0x" + "00" * 20
_PRICE_DIGITS, _QUANTITY_DIGITS = 3, 5

_EXCHANGES = {
    (False, False): "0x8BC070BEdAB741406F4B1Eb65A72bee27894B689",
    (True, False): "0x365fb81bd4A24D6303cd2F19c349dE6894D8d58A",
    (False, True): "0x6bEb5a40C032AFc305961162d8204CDA16DECFa5",
    (True, True): "0x8A289d458f5a134bA40015085A8F50Ffb681B41d",
}
_ORDER = evm.text_word(
    "Order(uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType)"
)

MISMATCH = "create_order_hash_mismatch"


class PostedOrder(msgspec.Struct, rename="camel"):
    """The `order` of a placement, in the venue's names."""

    salt: str
    maker: str
    signer: str
    taker: str
    token_id: str
    maker_amount: str
    taker_amount: str
    expiration: str | int
    nonce: str
    fee_rate_bps: str
    side: int
    signature_type: int
    hash: str
    signature: str

    def digest(self, contract: str) -> bytes:
        """What is signed, and the order's name. Raises Refusal when a member cannot be one."""
        try:
            numbers = [
                evm.number_word(int(text))
                for text in (self.token_id, self.maker_amount, self.taker_amount, self.expiration, self.nonce)
            ]
            struct = evm.keccak(
                _ORDER
                + evm.number_word(int(self.salt))
                + b"".join(evm.address_word(one) for one in (self.maker, self.signer, self.taker))
                + b"".join(numbers)
                + evm.number_word(int(self.fee_rate_bps))
                + evm.number_word(self.side)
                + evm.number_word(self.signature_type)
            )
        except (ValueError, OverflowError):
            raise bad_request("order is malformed") from None
        return evm.typed_digest(evm.domain_of("predict.fun CTF Exchange", "1", CHAIN_ID, contract), struct)


class Data(msgspec.Struct, rename="camel"):
    """The `data` of `POST /v1/orders`."""

    order: PostedOrder
    price_per_share: str
    strategy: Literal["LIMIT", "MARKET"]
    is_post_only: bool = False
    is_fill_or_kill: bool = False
    slippage_bps: str = "0"
    is_min_amount_out: bool = False
    self_trade_prevention: Literal["CANCEL_MAKER", "CANCEL_TAKER", "CANCEL_BOTH"] | None = None


class Posting(msgspec.Struct):
    """The body of `POST /v1/orders`."""

    data: Data


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a checked order wants, in micros."""

    order_hash: str
    side: Side
    price: int
    size: int
    kind: OrderKind
    post_only: bool
    expires_ms: int


def contract_of(market: Market) -> str:
    """The exchange contract that settles the market's orders."""
    return _EXCHANGES[market.neg_risk, market.yield_bearing]


def check_signed(data: Data, market: Market, wallet: Wallet) -> str:
    """The order's hash, when it is the wallet's own and signed for this market's contract. Raises Refusal."""
    order = data.order
    if {order.maker.lower(), order.signer.lower()} != {wallet.address.lower()}:
        raise Refusal("unauthorized", "order maker must be the authenticated wallet", 401)
    digest = order.digest(contract_of(market))
    if order.hash.lower() != "0x" + digest.hex():
        raise Refusal(MISMATCH, "order hash does not match the order")
    if order.taker.lower() != ZERO_ADDRESS or order.nonce != "0" or order.signature_type:
        raise Refusal(MISMATCH, "order taker, nonce or signature type is not accepted")
    if int(order.fee_rate_bps) < market.fee_bps:
        raise Refusal(MISMATCH, f"order fee rate is below {market.fee_bps}")
    if not has_signed(wallet, digest, order.signature):
        raise bad_request("invalid signature")
    return order.hash.lower()


def check_terms(data: Data, order_hash: str, market: Market, now_ms: int) -> Instruction:
    """Price, size and life of the order. Raises Refusal."""
    order = data.order
    if order.side not in (0, 1):
        raise bad_request("side must be 0 or 1")
    side = Side.BUY if order.side == 0 else Side.SELL
    money, quantity = int(order.maker_amount), int(order.taker_amount)
    if side is Side.SELL:
        money, quantity = quantity, money
    is_limit = data.strategy == "LIMIT"
    if data.is_post_only and not is_limit:
        raise bad_request("isPostOnly is only for LIMIT orders")
    if (data.is_fill_or_kill or data.is_min_amount_out) and is_limit:
        raise bad_request("isFillOrKill and isMinAmountOut are only for MARKET orders")
    expires_ms = int(order.expiration) * 1000
    if expires_ms <= now_ms:
        raise bad_request("order has expired")
    if quantity < MIN_QUANTITY or (is_limit and not _has_digits(quantity, _QUANTITY_DIGITS)):
        raise bad_request("order quantity must have at most five significant digits and be at least 0.01")
    price = _limit_price(data, money, quantity) if is_limit else _worst_price(money, quantity, side, market)
    if money < MIN_VALUE:
        raise Refusal("create_order_min_order_value_not_met", "order must have a value of at least 0.9 USD")
    if price is None or price not in market.contract.grid:
        raise Refusal("create_order_price_out_of_range", "price per share must be between 0 and 1 and on the tick")
    kind = OrderKind.RESTS
    if not is_limit:
        kind = OrderKind.ALL_OR_NONE if data.is_fill_or_kill else OrderKind.IMMEDIATE
    return Instruction(order_hash, side, price, quantity // WEI, kind, data.is_post_only, expires_ms)


def _limit_price(data: Data, money: int, quantity: int) -> int | None:
    """The price that the amounts were made of, in micros; None where they were not, or it has too many digits."""
    if not data.price_per_share.isdecimal():
        raise bad_request("pricePerShare is no number")
    price = int(data.price_per_share)
    if price * quantity // ETHER != money or not _has_digits(price, _PRICE_DIGITS) or price % WEI:
        return None
    return price // WEI


def _worst_price(money: int, quantity: int, side: Side, market: Market) -> int | None:
    """The worst price of a market order that its amounts allow, on the grid."""
    exact, rest = divmod(money * MICRO, quantity)
    grid = market.contract.grid
    return grid.floor(exact) if side is Side.BUY else grid.ceil(exact + bool(rest))


def _has_digits(number: int, most: int) -> bool:
    """Whether a number has at most so many significant digits."""
    return len(str(number).rstrip("0")) <= most
