"""The venue's messages, made of what the world knows. Source: the limitless-ex sheet, sections 3 to 6, and answers of
the venue as ccxt 4.5.90 shows them. Sizes and money of orders are texts of millionths, prices of books numbers.
"""

from __future__ import annotations

from hedgerow.core.clock import datetime_of_ms, iso_of_ms
from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.limitless_ex.desk import MINED, Paper, is_taker
from hedgerow.sim.dialects.limitless_ex.markets import Market
from hedgerow.sim.dialects.limitless_ex.refusals import Json
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg, Match

USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
FEE_MODULE = "0x" + "fe" * 20
_BPS = 10_000
_DAY_MS = 24 * 3_600_000


def market_view(market: Market, *, has_fee: bool, is_collateral: bool, now_ms: int) -> Json:
    contract = market.contract
    ends_ms = market.fixture.start_time * 1000 + _DAY_MS
    module = {"feeModule": FEE_MODULE, "feeModuleType": "COLLATERAL"} if is_collateral else {}
    status = "RESOLVED" if market.is_resolved else "FUNDED" if contract.is_open else "LOCKED"
    is_neither = market.is_resolved and market.winner is None
    return {
        "id": market.market_id,
        "slug": market.slug,
        "title": market.title,
        "conditionId": market.condition_id,
        "description": f"<p>This market resolves to Yes if {market.fixture.participant1_name} wins.</p>",
        "collateralToken": {"address": USDC, "decimals": 6, "symbol": "USDC"},
        "expirationDate": f"{datetime_of_ms(ends_ms):%b %d, %Y}",
        "expirationTimestamp": ends_ms,
        "createdAt": iso_of_ms(market.listed_ms),
        "updatedAt": iso_of_ms(now_ms),
        "categories": ["Sports"],
        "tags": [],
        "status": status,
        "expired": status != "FUNDED",
        "tokens": dict(zip(("yes", "no"), market.tokens, strict=True)),
        "tradeType": "clob",
        "marketType": "single",
        "venue": {"exchange": market.exchange, "adapter": None, **module},
        "winningOutcomeIndex": market.winner,
        # How a market that neither won is told is not published: this is the name that positions have for it.
        "payoutNumerators": ["1", "1"] if is_neither else None,
        "metadata": {"fee": has_fee, "isBannered": False},
        "settings": {"minSize": "100000000", "maxSpread": "0.035", "dailyReward": "0", "rebateRate": "0"},
        "creator": {"name": "Limitless"},
        "negRiskRequestId": None,
    }


def book_view(market: Market, book: Book) -> Json:
    """The whole book, in the terms of YES."""
    bids, asks = book.levels(is_bid=True), book.levels(is_bid=False)
    middle = decimal_of((bids[0][0] + asks[0][0]) // 2) if bids and asks else None
    return {
        "bids": [_level(price, size, "BUY") for price, size in bids],
        "asks": [_level(price, size, "SELL") for price, size in asks],
        "tokenId": market.tokens[0],
        "adjustedMidpoint": middle,
        "midpoint": middle,
        "maxSpread": "0.035",
        "minSize": "100000000",
        "lastTradePrice": None,
    }


def _level(price: int, size: int, side: str) -> Json:
    return {"price": decimal_of(price), "size": size, "side": side}


# --- orders --------------------------------------------------------------------------------------------------------


def placed_view(paper: Paper) -> Json:
    """What a placement, and a question for an order, is answered with."""
    posted, market = paper.posting.order, paper.market
    return {
        "order": {
            "id": paper.id,
            "createdAt": iso_of_ms(paper.created_ms),
            "salt": str(posted.salt),
            "maker": posted.maker,
            "signer": posted.signer,
            "taker": posted.taker,
            "tokenId": posted.token_id,
            "makerAmount": str(posted.maker_amount),
            "takerAmount": str(posted.taker_amount),
            "expiration": None,
            "nonce": str(posted.nonce),
            "feeRateBps": posted.fee_rate_bps,
            "side": posted.side,
            "signatureType": posted.signature_type,
            "signature": posted.signature,
            "orderType": paper.posting.order_type,
            "price": str(posted.price),
            "marketId": market.market_id,
            "ownerId": paper.profile.owner_id,
            "market": {
                "id": market.market_id,
                "slug": market.slug,
                "title": market.title,
                "yesPositionId": market.tokens[0],
                "noPositionId": market.tokens[1],
            },
        },
        "makerMatches": [_match_view(paper, match) for match in paper.order.fills if not match.is_maker],
        "execution": _execution(paper),
    }


def _match_view(paper: Paper, match: Match) -> Json:
    return {
        "id": f"{paper.id}:{match.id}",
        "matchedSize": str(match.size),
        "fillPrice": str(decimal_of(match.price)),
        "fillCost": str(paper.order.at_risk(match.price, match.size)),
        "createdAt": iso_of_ms(match.at_ms),
    }


def _execution(paper: Paper) -> Json:
    order, status = paper.order, paper.status
    cost = sum(order.at_risk(match.price, match.size) for match in order.fills)
    if order.side is Side.SELL:
        cost = order.filled - cost
    fee, kept = (sum(getattr(match, name) for match in order.fills) for name in ("fee", "withheld"))
    charged, whole = (kept, order.filled) if kept else (fee, cost)
    eligible = {"eligibleAt": iso_of_ms(paper.created_ms)} if status == "DELAYED" else {}
    return {
        "matched": bool(order.filled),
        "settlementStatus": status,
        "tradeEventId": f"trade-{paper.id}" if order.filled else None,
        "txHash": paper.trade_hash if status == MINED else None,
        "clientOrderId": paper.posting.client_order_id,
        "feeRateBps": paper.posting.order.fee_rate_bps,
        "effectiveFeeBps": _BPS * charged // whole if whole else 0,
        "totalsRaw": {
            "contractsGross": str(order.filled),
            "contractsFee": str(kept),
            "contractsNet": str(order.filled - kept),
            "usdGross": str(cost),
            "usdFee": str(fee),
            "usdNet": str(cost + fee if order.side is Side.BUY else cost - fee),
        },
        **eligible,
    }


def row_view(paper: Paper) -> Json:
    """An order in a market's list."""
    posted, order = paper.posting.order, paper.order
    return {
        "createdAt": iso_of_ms(paper.created_ms),
        "id": paper.id,
        "ownerId": paper.profile.owner_id,
        "marketId": str(paper.market.market_id),
        "token": posted.token_id,
        "type": paper.posting.order_type,
        "status": "LIVE" if paper.is_live else "MATCHED",
        "side": order.side.value.upper(),
        "makerAmount": str(posted.maker_amount),
        "takerAmount": str(posted.taker_amount),
        "price": str(posted.price),
        "originalSize": str(order.size),
        "remainingSize": str(order.remaining),
    }


def history_view(paper: Paper, match: Match) -> Json:
    """A trade in the history. Amounts are whole units there."""
    order, market = paper.order, paper.market
    place = 0 if order.leg is Leg.YES else 1
    amounts = [str(decimal_of(match.size)), "0"]
    kind = "Market" if is_taker(paper) else "Limit"
    return {
        "blockTimestamp": match.at_ms // 1_000,
        "collateralAmount": str(decimal_of(order.at_risk(match.price, match.size))),
        "market": {
            "closed": market.is_resolved,
            "collateral": {"symbol": "USDC", "id": "7", "decimals": 6},
            "group": None,
            "conditionId": market.condition_id,
            "id": str(market.market_id),
            "slug": market.slug,
            "title": market.title,
        },
        "outcomeTokenAmount": amounts[0],
        "outcomeTokenAmounts": amounts if place == 0 else amounts[::-1],
        "outcomeIndex": place,
        "outcomeTokenPrice": str(decimal_of(match.price)),
        "strategy": f"{kind} {order.side.value.title()}",
        "transactionHash": paper.trade_hash,
    }
