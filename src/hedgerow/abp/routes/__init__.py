"""The operations of automated bet placing, one module for each group."""

from __future__ import annotations

from hedgerow.abp.routes import accounts, bets, catalogue, orders

ROUTERS = (accounts.router, orders.router, bets.router, catalogue.router)
