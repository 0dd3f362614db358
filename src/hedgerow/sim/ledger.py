"""The entries of a simulated exchange's ledger, in the script's shape."""

from __future__ import annotations

from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.orders import COMMISSION, Order, State, in_yes_terms


def entry_of(order: Order) -> dict[str, Any]:
    """The order as the script's ledger shows it: prices as probabilities and stake as money at risk, at betting
    exchanges decimal odds and the backer's stake."""
    outcome = order.outcome or order.contract.yes
    fills = [
        {
            "id": match.id,
            **_told(order, match.price, match.size),
            "size": decimal_of(match.size),
            "fee": decimal_of(match.charged),
            "at": match.at_ms,
        }
        for match in order.fills
    ]
    return {
        "id": order.id,
        "reference": order.reference,
        "account": order.account,
        "fixtureId": outcome.fixture_id,
        "outcomeId": outcome.outcome_id,
        "playerId": outcome.player_id,
        "side": _side(order),
        **_told(order, order.price, order.size),
        "currency": "USD",
        "state": order.state.value,
        "matched": sum((fill["stake"] for fill in fills), decimal_of(0)),
        "fills": fills,
        "settlement": None if order.settlement is SettlementStatus.UNDECIDED else order.settlement.value,
        "payout": decimal_of(order.payout) if order.state is State.SETTLED else None,
        "commission": decimal_of(order.extra.get(COMMISSION, 0)),
        "at": order.created_ms,
    }


def _told(order: Order, price: int, size: int) -> dict[str, Any]:
    """Price and stake in the ledger's words: at betting exchanges decimal odds, and the backer's stake."""
    grid = order.contract.grid
    if isinstance(grid, OddsGrid):
        yes_price = in_yes_terms(order.leg, price)
        return {
            "price": decimal_of(grid.odds_of(yes_price)),
            "stake": decimal_of(grid.at_risk(yes_price, size, buys=True)),
        }
    return {"price": decimal_of(price), "stake": decimal_of(order.at_risk(price, size))}


def _side(order: Order) -> str:
    if isinstance(order.contract.grid, OddsGrid):
        return "back" if order.is_bid else "lay"
    return order.side.value
