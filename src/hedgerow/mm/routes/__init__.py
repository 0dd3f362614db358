"""The operations of the market making API, one module for each group."""

from __future__ import annotations

from hedgerow.mm.routes import bets, catalogue, client, markets, orders, positions, tournaments, trading

ROUTERS = (
    trading.router,
    orders.router,
    bets.router,
    positions.router,
    tournaments.router,
    markets.router,
    client.router,
    catalogue.router,
)
