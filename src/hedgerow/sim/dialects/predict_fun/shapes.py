"""The venue's messages, made of what the world knows. Source: the predict.fun sheet, sections 3 to 6.

Money and sizes of orders are texts of wei; prices and sizes of a book are JSON numbers.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.predict_fun.desk import Desk, Paper
from hedgerow.sim.dialects.predict_fun.markets import Market
from hedgerow.sim.dialects.predict_fun.orders import WEI
from hedgerow.sim.dialects.predict_fun.refusals import Json
from hedgerow.sim.dialects.predict_fun.settlements import Part, Settlement
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg

# How the venue writes a market that neither outcome won is not published: this form is invented.
_NEITHER = {"indexSet": None, "onChainId": None, "name": "50-50", "status": None}
_WORDS = {Side.BUY: "BID", Side.SELL: "ASK"}


def market_view(market: Market, book: Book) -> Json:
    contract = market.contract
    winner = next((leg for leg in Leg if market.won(leg)), None)
    return {
        "id": market.market_id,
        "title": market.title,
        "question": market.title,
        "description": f"This market resolves to the winner of {market.title}.",
        "conditionId": market.condition_id,
        "categorySlug": market.slug,
        "status": "RESOLVED" if market.is_resolved else "REGISTERED",
        "tradingStatus": "OPEN" if contract.is_open else "CLOSED",
        "resolution": _outcome(market, winner) if winner is not None else _NEITHER if market.is_resolved else None,
        "outcomes": [{**_outcome(market, leg), **_touch(book, leg)} for leg in Leg],
        "feeRateBps": market.fee_bps,
        "isNegRisk": market.neg_risk,
        "isYieldBearing": market.yield_bearing,
        "decimalPrecision": market.precision,
        "marketVariant": "SPORTS_TEAM_MATCH",
        "shareThreshold": 100,
        "spreadThreshold": Decimal("0.06"),
        "createdAt": iso_of_ms(market.listed_ms),
    }


def _outcome(market: Market, leg: Leg) -> Json:
    status = {None: None, True: "WON", False: "LOST"}[market.won(leg)]
    number = 1 if leg is Leg.YES else 2
    return {"indexSet": number, "onChainId": market.token(leg), "name": market.names[number - 1], "status": status}


def _touch(book: Book, leg: Leg) -> Json:
    bids, asks = (book.levels(is_bid=is_bid) for is_bid in (leg is Leg.YES, leg is Leg.NO))
    found = {"bestBid": bids[:1], "bestAsk": asks[:1]}
    return {name: _level(leg, *levels[0]) if levels else None for name, levels in found.items()}


def _level(leg: Leg, price: int, size: int) -> Json:
    return {"price": decimal_of(price if leg is Leg.YES else MICRO - price), "size": decimal_of(size)}


def category_view(market: Market, book: Book) -> Json:
    starts_ms = market.fixture.start_time * 1000
    return {
        "id": market.category_id,
        "slug": market.slug,
        "title": market.title,
        "status": "RESOLVED" if market.is_resolved else "OPEN",
        "marketVariant": "SPORTS_TEAM_MATCH",
        "startsAt": iso_of_ms(starts_ms),
        "endsAt": None,
        "isNegRisk": market.neg_risk,
        "isYieldBearing": market.yield_bearing,
        "tags": [{"id": "1", "name": "Sports"}, {"id": str(market.fixture.sport_id), "name": market.tag}],
        "markets": [market_view(market, book)],
    }


def book_view(market: Market, book: Book) -> Json:
    """The whole book, in the terms of the first outcome."""
    return {
        "marketId": market.market_id,
        "updateTimestampMs": market.book_ms,
        "version": market.version,
        "asks": _levels(book.levels(is_bid=False)),
        "bids": _levels(book.levels(is_bid=True)),
        "orderCount": sum(1 for _ in book.orders()),
        "lastOrderSettled": None,
        "settlementsPending": False,
    }


def _levels(levels: list[tuple[int, int]]) -> list[list[Decimal]]:
    return [[decimal_of(price), decimal_of(size)] for price, size in levels]


# --- orders --------------------------------------------------------------------------------------------------------


def order_view(paper: Paper, desk: Desk) -> Json:
    posted = paper.data.order
    settled = 0 if paper.order is None else desk.settlements.settled(paper.order)
    return {
        "id": str(paper.number),
        "marketId": paper.market.market_id,
        "currency": "USDT",
        "amount": str(paper.wanted.size * WEI),
        "amountFilled": str(settled * WEI),
        "isNegRisk": paper.market.neg_risk,
        "isYieldBearing": paper.market.yield_bearing,
        "strategy": paper.data.strategy,
        "status": desk.status(paper),
        "rewardEarningRate": 0,
        "order": {
            "hash": paper.wanted.order_hash,
            "salt": posted.salt,
            "maker": posted.maker,
            "signer": posted.signer,
            "taker": posted.taker,
            "tokenId": posted.token_id,
            "makerAmount": posted.maker_amount,
            "takerAmount": posted.taker_amount,
            "expiration": int(posted.expiration),
            "nonce": posted.nonce,
            "feeRateBps": posted.fee_rate_bps,
            "side": posted.side,
            "signatureType": posted.signature_type,
            "signature": posted.signature,
        },
    }


def match_view(settlement: Settlement, market: Market, addresses: dict[str, str]) -> Json:
    """One settled match. addresses: of the wallets, by account."""
    taker = settlement.taker
    return {
        "amountFilled": str(taker.size * WEI),
        "priceExecuted": str(taker.price * WEI),
        "executedAt": iso_of_ms(settlement.at_ms),
        "settlementId": settlement.id,
        "transactionHash": settlement.transaction_hash,
        "taker": _leg_view(taker, market, addresses),
        "makers": [_leg_view(part, market, addresses) for part in settlement.makers],
        "market": {"id": market.market_id, "title": market.title},
    }


def _leg_view(part: Part, market: Market, addresses: dict[str, str]) -> Json:
    """A taker's price is the worst that it would have taken, a maker's the one that it traded at."""
    order = part.order
    fee = _fee(part)
    outcome = _outcome(market, order.leg)
    return {
        "amount": str(part.size * WEI),
        "fee": {"amount": fee["amountWei"], "type": fee["type"]},
        "hash": order.id,
        "outcome": {name: outcome[name] for name in ("indexSet", "name", "onChainId")},
        "price": str(order.price * WEI),
        "quoteType": _WORDS[order.side].title(),
        "signer": addresses.get(order.account, "0x" + "0" * 39 + "1"),
    }


def _fee(part: Part) -> dict[str, str]:
    if part.order.side is Side.BUY:
        return {"amountWei": str(part.withheld * WEI), "type": "SHARES"}
    return {"amountWei": str(part.fee * WEI), "type": "COLLATERAL"}


# --- what a wallet is told ----------------------------------------------------------------------------------------


def order_event(kind: str, paper: Paper, now_ms: int, address: str, settled: int) -> Json:
    """Of an order of a wallet. settled: how much of it the chain has, in micros."""
    market, wanted = paper.market, paper.wanted
    is_yes = paper.data.order.token_id == market.tokens[0]
    value = wanted.price * wanted.size // MICRO
    return {
        "type": kind,
        "orderId": str(paper.number),
        "orderHash": wanted.order_hash,
        "timestamp": now_ms,
        "walletAddress": address,
        "details": {
            "categorySlug": market.slug,
            "marketId": market.market_id,
            "marketQuestion": market.title,
            "outcome": "YES" if is_yes else "NO",
            "outcomeIndex": 1 if is_yes else 2,
            "outcomeName": market.names[not is_yes],
            "price": _units(wanted.price),
            "quantity": _units(wanted.size),
            "quantityFilled": _units(settled),
            "quoteType": _WORDS[wanted.side],
            "strategyType": paper.data.strategy,
            "value": _units(value),
            "valueFilled": _units(wanted.price * settled // MICRO),
        },
    }


def settlement_event(settlement: Settlement, part: Part, paper: Paper, now_ms: int, address: str, settled: int) -> Json:
    """Of a settlement's step, for one order in it."""
    told = order_event(f"orderTransaction{settlement.progress}", paper, now_ms, address, settled)
    return {
        **told,
        "settlementId": settlement.id,
        "transactionHash": settlement.transaction_hash,
        "isMaker": part.is_maker,
        "fee": _fee(part),
        "fill": {
            "executedPriceWei": str(part.price * WEI),
            "executedSizeWei": str(part.size * WEI),
            "executedValueWei": str(part.price * part.size // MICRO * WEI),
        },
    }


def _units(amount: int) -> str:
    """Dollars or shares with at least three decimals."""
    return f"{decimal_of(amount):.3f}" if amount % 1000 == 0 else f"{decimal_of(amount):f}"
