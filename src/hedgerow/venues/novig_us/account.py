"""What the account's two sides, resting orders and bets, ask in the same way: orders, fills, markets, money.

An order of ours is found by its flags, which the venue echoes and does not check. Rows name an outcome: which side of
which instrument that is comes from what was listed, or from the row's market.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from urllib.parse import quote as quoted

from hedgerow.core.errors import CannotTell, Reason, Refused, SetupError
from hedgerow.core.money import decimal_of
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Balance, Fill, Instrument, Manifest, OrderState, VenueContext
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.errors import FIND, VENUE, reading
from hedgerow.venues.novig_us.listing import outcomes_of
from hedgerow.venues.novig_us.orders import CURRENCY, OPPOSITE
from hedgerow.venues.novig_us.parse import Terms, epoch_ms, fill_of, held_by, money_of, order_state
from hedgerow.venues.novig_us.rest import Rest
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import keep

GRACE_S = 60
"""How long after an order left, or was first asked for, its absence proves nothing. The venue ends requests after five
seconds, and says nothing of how late the queue can be."""

_EARLY_MS = 60_000
"""How much earlier than we sent an order the venue's clock can say that it came."""

_MOST_OUTCOMES = 20_000

RefOf = Callable[[str], str | None]
"""Our reference of an order's id, where it is known."""


class Trader:
    """One account's requests."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError for credentials that are not complete, or another protocol than NBX."""
        protocol = context.account.meta.get("protocol", "nbx")
        if protocol != "nbx":
            raise SetupError(f"{VENUE}: protocol {protocol!r} is not spoken", "leave it out, or set nbx")
        self.rest = Rest(context, manifest)
        self._clock = context.clock
        self._terms: OrderedDict[str, Terms] = OrderedDict()

    # --- outcomes ----------------------------------------------------------------------------------------------

    def learn(self, instrument: Instrument) -> None:
        """From now on the instrument's outcomes are known."""
        self._learn(instrument.ref, instrument.meta[OPPOSITE])

    def known(self, outcome_id: str) -> Terms | None:
        return self._terms.get(outcome_id)

    async def terms(self, operation: str, market_id: str, outcome_id: str) -> Terms:
        """Of an outcome, asked from its market where it is not known."""
        if outcome_id not in self._terms:
            market = await self.market(operation, market_id)
            with reading(operation):
                home, away = outcomes_of(market)
                if outcome_id not in (home.id, away.id):
                    raise UnreadableError(f"market {market_id[:40]} has no such outcome")
            self._learn(home.id, away.id)
        return self._terms[outcome_id]

    def _learn(self, home: str, away: str) -> None:
        keep(self._terms, home, Terms(home, Side.BUY), _MOST_OUTCOMES)
        keep(self._terms, away, Terms(home, Side.SELL), _MOST_OUTCOMES)

    async def market(self, operation: str, market_id: str) -> wire.Market:
        """Raises Refused with Reason.CLOSED for one that is not known."""
        return await self.rest.read(wire.Market, operation, f"/markets/{quoted(market_id, safe='')}")

    # --- money -------------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        """The money of the account, and what resting orders hold of it."""
        told = await self.rest.read(wire.Balance, "balance", "/account/balance", [("currency", CURRENCY)])
        with reading("balance"):
            total = money_of(told.balance)
        held = held_by(await self.working(lambda _: None))
        return Balance(decimal_of(max(total - held, 0)), decimal_of(min(held, max(total, 0))), "USD")

    # --- orders ------------------------------------------------------------------------------------------------

    async def working(self, ref_of: RefOf) -> list[OrderState]:
        """Every order that rests."""
        rows = await self.rest.rows(list[wire.Order], "working", "/orders/all", [("status", "RESTING")], _never)
        states = [await self.state(row, ref_of(row.id)) for row in rows]
        return [state for state in states if state.status is OrderStatus.PLACED]

    async def order(self, operation: str, order_id: str) -> wire.Order | None:
        """What the venue knows of an order; None where it knows none of that id. operation: FIND, as it is about an
        order."""
        try:
            return await self.rest.read(wire.Order, operation, f"/orders/{quoted(order_id, safe='')}")
        except Refused as error:
            if error.reason is not Reason.UNKNOWN_ORDER:
                raise
            return None

    async def by_flags(self, flags: str, since_ms: int) -> wire.Order | None:
        """The order with the flags, among those since a time; None where there is none. CannotTell for several."""
        is_old = _until(since_ms)

        def is_enough(page: Sequence[wire.Order]) -> bool:
            return any(row.flags == flags for row in page) or is_old(page)

        rows = await self.rest.rows(list[wire.Order], FIND, "/orders/all", (), is_enough)
        found = [row for row in rows if row.flags == flags]
        if len(found) > 1:
            raise CannotTell(VENUE, FIND, f"{len(found)} orders have the flags {flags}")
        return found[0] if found else None

    async def state(self, row: wire.Order, client_ref: str | None) -> OrderState:
        terms = await self.terms("order", row.market_id, row.outcome_id)
        with reading("order"):
            return order_state(row, terms, client_ref, self._clock.now_ms())

    # --- fills -------------------------------------------------------------------------------------------------

    async def fill_rows(self, operation: str, since_ms: int) -> list[wire.Fill]:
        """Every trade of the account from `since_ms` on, newest first. What orders of its own did to each other is
        none."""
        rows = await self.rest.rows(list[wire.Fill], operation, "/fills/all", (), _until(since_ms))
        with reading(operation):
            return [row for row in rows if not row.is_wash and epoch_ms(row.created_at) >= since_ms]

    async def fill(self, row: wire.Fill, client_ref: str | None) -> Fill:
        terms = await self.terms("fills", row.market_id, row.outcome_id)
        with reading("fills"):
            return fill_of(row, terms, client_ref)


def _never(page: Sequence[wire.Order]) -> bool:
    return False


def _until(since_ms: int) -> Callable[[Sequence[wire.Order | wire.Fill]], bool]:
    """Whether a page, newest first, goes back further than a time."""

    def is_enough(page: Sequence[wire.Order | wire.Fill]) -> bool:
        first, last = page[0].created_at, page[-1].created_at
        if first is None or last is None:
            return False
        with reading("page"):
            return epoch_ms(last) < since_ms - _EARLY_MS and epoch_ms(first) >= epoch_ms(last)

    return is_enough
