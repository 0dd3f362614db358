"""The operations of the market making API, one module for each group."""

from __future__ import annotations

from hedgerow.mm.routes import trading

ROUTERS = (trading.router,)
