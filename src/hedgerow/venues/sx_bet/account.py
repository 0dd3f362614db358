"""One account's right to trade: its key and wallet, what the venue's metadata say, and what both connectors ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote as quoted

from hedgerow.core.errors import Reason, Refused, SetupError, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import Account, Balance, Manifest, OrderState, VenueContext
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.signing import Wallet, checksum_address
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.errors import VENUE, reading
from hedgerow.venues.sx_bet.listing import Terms
from hedgerow.venues.sx_bet.orders import OrderSigner
from hedgerow.venues.sx_bet.parse import balance_of, order_state
from hedgerow.venues.sx_bet.rest import ORDERS, PAGE, Query, Rest

_MOST_FOUND = 30
"""Markets in one question."""


class Trader:
    """Signs in, and asks for orders, fills, markets and money."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or not of their form."""
        self.wallet = _wallet(context.account)
        self.rest = Rest(context, manifest, _credential(context.account, "api_key"))
        self._clock = context.clock
        self._terms: Terms | None = None
        self._signer: OrderSigner | None = None
        self._token = ""

    async def sign_in(self) -> None:
        """Raises Refused for a key that is not accepted, for one whose account has another wallet, and for an account
        without its proxy wallet, where the venue keeps the money."""
        metadata = await self.rest.read(wire.Metadata, "metadata", "/metadata/obv3")
        with reading("metadata"):
            self._learn(metadata)
        row = await self._balance_row()
        if row.user_address.lower() != self.wallet.address.lower():
            why = f"the API key is of {row.user_address}, the private key of {self.wallet.address}"
            raise Refused(VENUE, "sign in", why, reason=Reason.AUTH)
        proxy = await self.rest.read(wire.Proxy, "sign in", "/user/proxy")
        if not proxy.deployed:
            why = "the account has no proxy wallet yet; deploy and fund it at the venue"
            raise Refused(VENUE, "sign in", why, reason=Reason.ACCOUNT)
        await self.rest.warm_up()

    @property
    def known_signer(self) -> OrderSigner | None:
        """What computes orders' ids; None before the venue's metadata are known."""
        return self._signer

    @property
    def signer(self) -> OrderSigner:
        """Raises Unavailable before the metadata are known."""
        if self._signer is None:
            raise Unavailable(VENUE, "place", "not signed in")
        return self._signer

    @property
    def terms(self) -> Terms:
        """Raises Unavailable before the metadata are known."""
        if self._terms is None:
            raise Unavailable(VENUE, "markets", "not signed in")
        return self._terms

    def _learn(self, metadata: wire.Metadata) -> None:
        self._terms = Terms(metadata)
        self._token = metadata.active_asset.base_token
        try:
            self._signer = OrderSigner(self.wallet, metadata.domain, checksum_address(self._token))
        except ValueError as error:
            raise UnreadableError(str(error)) from None

    # --- money -------------------------------------------------------------------------------------------------

    async def balance(self) -> Balance:
        """From two reads, the orders first: what changes between them is right at the next reading. Whoever checks an
        account asks for this without a stream, and so signs in here."""
        if not self._token:
            await self.sign_in()
        resting = await self.working(lambda order_id: None)
        row = await self._balance_row()
        with reading("balance"):
            return balance_of(row, resting)

    async def _balance_row(self) -> wire.BalanceRow:
        told = await self.rest.read(wire.Balances, "balance", "/user/balance-v3")
        for row in told.balances:
            if row.token_address.lower() == self._token.lower():
                return row
        raise Unavailable(VENUE, "balance", "the answer has no row of the token that is bet with")

    # --- orders, fills, markets --------------------------------------------------------------------------------

    async def working(self, ref_of: Callable[[str], str | None]) -> list[OrderState]:
        """Every order that rests or waits. ref_of: our reference of an order's id, for rows that have none."""
        raws = await self.rest.pages("working", ORDERS, "orders", [("perPage", PAGE)])
        now_ms = self._clock.now_ms()
        with reading("working"):
            rows = {row.id: row for row in (read(wire.OrderRow, raw) for raw in raws)}  # pages can overlap
            return [order_state(row, ref_of(row.id), now_ms) for row in rows.values()]

    async def order(self, operation: str, order_id: str) -> wire.OrderRow | None:
        """The order, whatever became of it; None for one that the venue does not know."""
        try:
            return await self.rest.read(wire.OrderRow, operation, f"{ORDERS}/{quoted(order_id, safe='')}")
        except Refused as error:
            if error.reason is not Reason.UNKNOWN_ORDER:
                raise
            return None

    async def fills(self, operation: str, query: Query) -> list[wire.FillRow]:
        """The account's fills of a query, oldest first, each once."""
        asked = [*query, ("perPage", PAGE), ("sortAsc", "true")]
        raws = await self.rest.pages(operation, "/fills-v3", "fills", asked)
        with reading(operation):
            return list({row.id: row for row in (read(wire.FillRow, raw) for raw in raws)}.values())

    async def markets(self, operation: str, hashes: Sequence[str]) -> list[wire.Market]:
        """The markets of these hashes, as far as the venue knows them."""
        found: list[wire.Market] = []
        for start in range(0, len(hashes), _MOST_FOUND):
            query = [("marketHashes", ",".join(hashes[start : start + _MOST_FOUND]))]
            found += await self.rest.read(list[wire.Market], operation, "/markets/find", query)
        return found

    async def book(self, market_hash: str) -> wire.Book:
        query = [("marketHash", market_hash)]
        return await self.rest.read(wire.Book, "book", "/orderbook-v3/snapshot", query, budget="books")


def _credential(account: Account, name: str) -> Secret:
    given = account.credentials.get(name)
    if given is None or not given.reveal().strip():
        raise SetupError(f"sx.bet: {account.username} has no {name}", "store the credentials again")
    return given


def _wallet(account: Account) -> Wallet:
    try:
        return Wallet(_credential(account, "private_key"))
    except ValueError as error:
        raise SetupError(f"sx.bet: {error}", f"correct the private key of {account.username}") from None
