"""An order as it is posted, checked before it comes near the book, and what it buys there.

Pure. A stake is fixed, not a number of contracts: at a better price than the order's the stake buys more. Sources: the
SX sheet, sections 2, 3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.sx_bet import errors
from hedgerow.sim.dialects.sx_bet.accounts import User
from hedgerow.sim.dialects.sx_bet.chain import ONE, USDC, OrderStruct
from hedgerow.sim.dialects.sx_bet.listings import LADDER_STEP
from hedgerow.sim.evm import signer_of

MOST_ORDERS = 10
MOST_CANCELS = 100
MOST_MARKETS = 3
LEAST_STAKE = MICRO
_LADDER_UNIT = LADDER_STEP * ONE // 100_000
_PER_MICRO = ONE // MICRO

_HASH = re.compile(r"0x[0-9a-f]{64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,29}")
_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Posted(msgspec.Struct, rename="camel"):
    """One order of `POST /orders-v3`, in the venue's names."""

    market_hash: str
    maker: str
    total_bet_size: str
    percentage_odds: str
    salt: str
    expiry: int
    base_token: str
    is_maker_betting_outcome_one: bool
    time_in_force: Literal["GTC", "IOC", "FOK"]
    order_signature: str
    client_order_id: str | None = None


class Posting(msgspec.Struct, rename="camel"):
    """The body of `POST /orders-v3`."""

    orders: list[Posted]
    wait_for_outcome: bool = False


@dataclass(slots=True)
class Wanted:
    """A checked order. stake, dropped: micros; price: micros of probability of the outcome that is bet on. dropped: the
    part of the stake that was taken out before the book, because nothing stood there for it."""

    order_id: str
    market_hash: str
    stake: int
    price: int
    is_outcome_one: bool
    expiry_s: int
    time_in_force: str
    client_order_id: str | None
    dropped: int = 0
    updated_ms: int = 0


def checked(posted: Posted, user: User, earliest_expiry_s: int) -> Wanted:
    """What the order instructs. Raises Failure. earliest_expiry_s: the first second at which it may end."""
    if posted.base_token.lower() != USDC.lower():
        raise errors.Failure(errors.WRONG_ASSET)
    if not _HASH.fullmatch(posted.market_hash) or not _HASH.fullmatch(posted.salt.lower()):
        raise errors.Failure(errors.NO_MARKET)
    if not _NUMBER.fullmatch(posted.percentage_odds) or not _NUMBER.fullmatch(posted.total_bet_size):
        raise errors.Failure(errors.BAD_ODDS)
    odds, stake = int(posted.percentage_odds), int(posted.total_bet_size)
    if not 0 < odds < ONE or odds % _LADDER_UNIT:
        raise errors.Failure(errors.BAD_ODDS)
    if stake < LEAST_STAKE:
        raise errors.Failure(errors.TOO_SMALL)
    if posted.expiry < earliest_expiry_s:
        raise errors.Failure(errors.TOO_SOON)
    if posted.client_order_id is not None and not _CLIENT_ORDER_ID.fullmatch(posted.client_order_id):
        raise errors.Failure("clientOrderId must be at most 64 letters, digits, _ or -")
    struct = OrderStruct(
        bytes.fromhex(posted.market_hash[2:]),
        USDC,
        stake,
        odds,
        int(posted.salt, 16),
        posted.expiry,
        user.address,
        posted.is_maker_betting_outcome_one,
    )
    if posted.maker != user.address or signer_of(struct.digest, _signature(posted)) != user.address:
        raise errors.Failure(errors.BAD_SIGNATURE)
    return Wanted(
        "0x" + struct.digest.hex(),
        posted.market_hash,
        stake,
        odds // _PER_MICRO,
        posted.is_maker_betting_outcome_one,
        posted.expiry,
        posted.time_in_force,
        posted.client_order_id,
    )


def _signature(posted: Posted) -> bytes:
    try:
        return bytes.fromhex(posted.order_signature.removeprefix("0x"))
    except ValueError:
        return b""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Contracts that a stake buys at once, what is left of it, and the dearest price that was met."""

    contracts: int
    left: int
    worst: int


def purchase(stake: int, limit: int, offers: Sequence[tuple[int, int]]) -> Purchase:
    """What a stake buys of the offers, (cost of a contract, contracts), the cheapest first, at up to a limit."""
    contracts, left, worst = 0, stake, limit
    for cost, size in offers:
        if cost > limit:
            break
        bought = min(size, left * MICRO // cost)
        if not bought:
            break
        contracts, left, worst = contracts + bought, left - cost * bought // MICRO, cost
    return Purchase(contracts, left, worst)
