"""What the account's two sides, resting orders and bets, ask in the same way: orders by name, matches, markets."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.core.errors import Reason, Refused
from hedgerow.venues.base import Balance, Manifest, OrderState, VenueContext
from hedgerow.venues.ctf import balance_of
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.auth import identity_of
from hedgerow.venues.predict_fun.errors import reading
from hedgerow.venues.predict_fun.orders import OrderSigner
from hedgerow.venues.predict_fun.parse import RefOf, epoch_ms, order_state
from hedgerow.venues.predict_fun.rest import MATCHES, ORDERS, Rest
from hedgerow.venues.reading import read

CURRENCY = "USD"

GRACE_S = 60
"""How long after an order left, or was first asked for, its absence proves nothing. The venue says nothing of how late
one can arrive; connections end after seconds."""

_SECOND_MS = 1_000


class Trader:
    """One account's requests and signatures."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete."""
        self.identity = identity_of(context.account)
        self.address = self.identity.address.lower()
        self.signer = OrderSigner(self.identity)
        self.rest = Rest(context, manifest, self.identity)
        self._clock = context.clock

    async def balance(self) -> Balance:
        """The money of the address, and what resting bids hold of it: the chain tells only the sum of both."""
        total = await self.rest.money()
        return balance_of(total, await self.working(lambda _: None), CURRENCY)

    async def working(self, ref_of: RefOf) -> list[OrderState]:
        """Every limit order that rests."""
        now_ms, found = self._clock.now_ms(), []
        async for raw in self.rest.pages("working", ORDERS, [("status", "OPEN")], is_private=True):
            with reading("working"):
                row = read(wire.OrderRow, raw)
                found.append(order_state(row, ref_of(row.order.hash.lower()), now_ms))
        return [state for state in found if state.status.is_open]

    async def order(self, operation: str, order_hash: str) -> wire.OrderRow | None:
        """What the venue knows of an order; None where it knows none of that name."""
        try:
            answer = await self.rest.private(wire.OrderAnswer, operation, f"{ORDERS}/{order_hash}")
        except Refused as error:
            if error.reason is not Reason.UNKNOWN_ORDER:
                raise
            return None
        return answer.data

    async def matches(self, operation: str, since_ms: int, query: Sequence[tuple[str, str]] = ()) -> list[wire.Match]:
        """The account's settled matches from the second of `since_ms` on, newest first."""
        since_ms -= since_ms % _SECOND_MS  # the venue's times are whole seconds
        found = []
        async for raw in self.rest.pages(operation, MATCHES, [("signerAddress", self.identity.address), *query]):
            with reading(operation):
                match = read(wire.Match, raw)
                if epoch_ms(match.executed_at) < since_ms:
                    break
            found.append(match)
        return found

    async def market(self, operation: str, market_ref: str) -> wire.Market:
        """market_ref: its number. Raises Refused with Reason.CLOSED for one that is not known."""
        return (await self.rest.public(wire.MarketAnswer, operation, f"/v1/markets/{market_ref}")).data
