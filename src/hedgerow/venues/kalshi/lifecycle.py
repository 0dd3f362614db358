"""The life of the markets that are watched: from the venue's lifecycle events to ours.

The channel brings the events of every market of the venue and takes no filter, so that most are let pass. Source:
docs.kalshi.com websockets/market-and-event-lifecycle, getting_started/market_lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import MarketChange
from hedgerow.venues.kalshi import markets, wire


@dataclass(slots=True)
class _Market:
    """What is remembered: a change of the grid does not say whether the market is open, nor a settlement its
    result."""

    is_open: bool = True
    determined: SettlementStatus | None = None


class WatchedMarkets:
    """The markets whose changes are handed on."""

    def __init__(self) -> None:
        self._markets: dict[str, _Market] = {}

    def watch(self, tickers: Iterable[str]) -> None:
        """These markets, in place of those before."""
        self._markets = {ticker: self._markets.get(ticker) or _Market() for ticker in tickers}

    def change(self, event: wire.Lifecycle, now_ms: int) -> MarketChange | None:
        """What the event changes at a watched market; None for others and for events that change nothing of ours.

        A determined result can still be disputed: the market is closed then, and resolved when it is settled. Raises
        MalformedError.
        """
        market = self._markets.get(event.market_ticker)
        if market is None:
            return None
        grid: PriceGrid | None = None
        resolution: SettlementStatus | None = None
        match event.event_type:
            case "activated":
                market.is_open = True
            case "deactivated":
                market.is_open = False
            case "close_date_updated":
                if event.close_ts is None or event.close_ts * 1_000 > now_ms:
                    return None
                market.is_open = False
            case "determined":
                market.is_open = False
                ended = markets.settlement(event.result or "", event.settlement_value)
                market.determined = ended[0] if ended else None
            case "settled":
                market.is_open = False
                resolution = market.determined
            case "price_level_structure_updated":
                grid = markets.price_grid(event.price_ranges or ())
            case _:
                return None
        return MarketChange(event.market_ticker, market.is_open, grid, resolution)
