"""The Data API: what a wallet holds, has traded and was paid, open to anybody who knows its address.

Winning tokens are redeemed for the wallet the moment a market resolves, as the venue's auto-redeem does, so no
position outlives its market. Positions count what is matched, as balances do; trades are listed once they are mined,
and those that failed never happened here. Source: the Polymarket sheet, section 4; the API reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from aiohttp import web

from hedgerow.sim.dialects.polymarket.data_shapes import (
    in_first_names,
    position,
    redemption,
    trade_activity,
    trade_row,
)
from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.holdings import Holding, parts_of
from hedgerow.sim.dialects.polymarket.http import is_true, number_of, page_of, plain, texts_of
from hedgerow.sim.dialects.polymarket.market_shapes import reference_price
from hedgerow.sim.dialects.polymarket.orders import Refusal
from hedgerow.sim.dialects.polymarket.shapes import Json
from hedgerow.sim.dialects.polymarket.wallets import Keyring, Wallet
from hedgerow.sim.orders import Leg

_MOST_V1, _MOST_V2, _DEEPEST = 500, 1_000, 10_000
_EVER = 2**40


class DataRoutes:
    """Positions, trades and activity of the known wallets."""

    def __init__(self, desk: Desk, keyring: Keyring) -> None:
        self._desk, self._keyring = desk, keyring

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/", plain(lambda _: {"data": "OK"})),
                web.get("/positions", plain(self.positions)),
                web.get("/trades", plain(self.trades)),
                web.get("/activity", plain(self.activity)),
                web.get("/v2/positions", plain(self.positions_v2)),
                web.get("/v2/trades", plain(self.trades_v2)),
                web.get("/v2/activity", plain(self.activity_v2)),
            ]
        )

    # --- first version -------------------------------------------------------------------------------------------

    def positions(self, request: web.Request) -> list[Json]:
        """Positions smaller than `sizeThreshold`, one share unless it says otherwise, are left out."""
        try:
            least = Decimal(request.query.get("sizeThreshold", "1"))
        except ArithmeticError:
            raise Refusal("invalid sizeThreshold") from None
        rows = [in_first_names(row) for row in self._positions(request, "market") if row["current_size"] >= least]
        return _window(request, rows)

    def trades(self, request: web.Request) -> list[Json]:
        """Newest first; only what was taken, unless `takerOnly` is false."""
        taker_only = is_true(request, "takerOnly") is not False
        return _window(request, [in_first_names(r) for r in self._trades(request, "market", taker_only=taker_only)])

    def activity(self, request: web.Request) -> list[Json]:
        return _window(request, [in_first_names(row) for row in self._activity(request, "market", "sortDirection")])

    # --- second version ------------------------------------------------------------------------------------------

    def positions_v2(self, request: web.Request) -> Json:
        """Positions are open or gone: another status finds none."""
        is_open = request.query.get("status", "OPEN") == "OPEN"
        return _envelope(request, self._positions(request, "condition_id") if is_open else [])

    def trades_v2(self, request: web.Request) -> Json:
        taker_only = is_true(request, "taker_only") is not False
        return _envelope(request, self._trades(request, "condition_id", taker_only=taker_only))

    def activity_v2(self, request: web.Request) -> Json:
        return _envelope(request, self._activity(request, "condition_id", "sort_direction"))

    # --- rows ----------------------------------------------------------------------------------------------------

    def _user(self, request: web.Request) -> Wallet | None:
        """The wallet whose funds lie at the address asked for; None for a stranger. Raises Refusal."""
        address = request.query.get("user", "").lower()
        if not address:
            raise Refusal("required query param 'user' not provided")
        return next((w for w in self._keyring.wallets.values() if w.funder.lower() == address), None)

    def _holdings(self, wallet: Wallet) -> list[Holding]:
        holdings: dict[tuple[str, Leg], Holding] = {}
        for part in parts_of(self._desk.trades, wallet.account):
            market, leg = self._desk.market_of(part.order), part.order.leg
            holdings.setdefault((market.condition_id, leg), Holding(market, leg)).add(part)
        return [holding for holding in holdings.values() if holding.size > 0]

    def _positions(self, request: web.Request, market_filter: str) -> list[Json]:
        wallet, conditions = self._user(request), texts_of(request, market_filter)
        if wallet is None:
            return []
        return [
            position(wallet.funder, holding, self._price(holding))
            for holding in self._holdings(wallet)
            if not holding.market.is_resolved and (not conditions or holding.market.condition_id in conditions)
        ]

    def _price(self, holding: Holding) -> int:
        return reference_price(holding.market, holding.leg, self._desk.exchange.book(holding.market.contract))

    def _trades(self, request: web.Request, market_filter: str, *, taker_only: bool) -> list[Json]:
        """Newest first. Without a user, the trades of all known wallets."""
        wallets = [self._user(request)] if "user" in request.query else list(self._keyring.wallets.values())
        rows = [
            trade_row(wallet.funder, part, self._desk.market_of(part.order))
            for wallet in wallets
            if wallet is not None
            for part in parts_of(self._desk.trades, wallet.account)
            if part.is_on_chain and (not taker_only or part.order is part.trade.taker)
        ]
        return _filtered(request, market_filter, _newest_first(rows))

    def _activity(self, request: web.Request, market_filter: str, direction: str) -> list[Json]:
        """Trades and redemptions, newest first unless the query says ASC."""
        wallet, kinds = self._user(request), texts_of(request, "type")
        if wallet is None:
            return []
        rows = [
            trade_activity(wallet.funder, part, self._desk.market_of(part.order))
            for part in parts_of(self._desk.trades, wallet.account)
            if part.is_on_chain
        ]
        ended = [holding for holding in self._holdings(wallet) if holding.market.is_resolved]
        rows += [redemption(wallet.funder, holding) for holding in ended]
        rows = [row for row in rows if not kinds or row["type"] in kinds]
        rows = _newest_first(rows)
        return _filtered(request, market_filter, rows[::-1] if request.query.get(direction) == "ASC" else rows)


def _newest_first(rows: list[Json]) -> list[Json]:
    """By time; within a second, what came later in the list first."""
    return sorted(rows, key=lambda row: row["timestamp"])[::-1]


def _filtered(request: web.Request, market_filter: str, rows: list[Json]) -> list[Json]:
    """By market, side and time (seconds, both ends included)."""
    conditions, side = texts_of(request, market_filter), request.query.get("side")
    start, end = number_of(request, "start", 0, _EVER), number_of(request, "end", _EVER, _EVER)
    return [
        row
        for row in rows
        if (not conditions or row["condition_id"] in conditions)
        and (side is None or row["side"] == side)
        and start <= row["timestamp"] <= end
    ]


def _window(request: web.Request, rows: Sequence[Json]) -> list[Json]:
    offset, limit = number_of(request, "offset", 0, _DEEPEST), number_of(request, "limit", 100, _MOST_V1)
    return list(rows[offset : offset + limit])


def _envelope(request: web.Request, rows: Sequence[Json]) -> Json:
    limit = max(1, number_of(request, "limit", 100, _MOST_V2))
    shown, following = page_of(rows, request.query.get("cursor", ""), limit, "invalid cursor")
    return {"data": list(shown), "pagination": {"has_more": following is not None, "next_cursor": following}}
