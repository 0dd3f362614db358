"""The operations of automated bet placing, one module for each group."""

from __future__ import annotations

from hedgerow.abp.routes import accounts, analytics, bets, betslip, catalogue, orders, placing

ROUTERS = (
    accounts.router,
    betslip.router,
    placing.router,
    orders.router,
    bets.router,
    analytics.router,
    catalogue.router,
)
