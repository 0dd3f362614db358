"""One account's right to trade: its wallet and API key, the exchange version that it signs for, what bars it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import structlog

from hedgerow.core.errors import Reason, Refused
from hedgerow.venues.base import Balance, Manifest, OrderState, VenueContext
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.auth import ApiKey, identity_of
from hedgerow.venues.polymarket.errors import VENUE, reading
from hedgerow.venues.polymarket.orders import DEPLOYMENTS, Contracts, Maker, OrderSigner, deployment_of
from hedgerow.venues.polymarket.parse import Owner, balance_of
from hedgerow.venues.polymarket.rest import Query, Rest
from hedgerow.venues.reading import read

_log = structlog.get_logger(__name__)


class Trader:
    """Signs in, and signs orders for the exchange as it is now."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete or do not fit together."""
        self.identity = identity_of(context.account)
        self.rest = Rest(context, manifest, self.identity)
        self.owner = Owner("", self.identity.funder.lower())
        self._meta = context.account.meta
        self._version = max(DEPLOYMENTS)
        self._barred = ""
        self._signer = self._make_signer()

    async def sign_in(self) -> ApiKey:
        """Raises Refused for keys that are not accepted."""
        key = await self.rest.sign_in()
        self.owner = Owner(key.key.reveal(), self.identity.funder.lower())
        await self.read_version()
        self._signer = self._make_signer()
        self._barred = await self._why_barred()
        await self.rest.warm_up()
        return key

    @property
    def known_signer(self) -> OrderSigner | None:
        """What computes orders' ids; None for a version of the exchange that this release does not know."""
        return self._signer

    @property
    def signer(self) -> OrderSigner:
        """What signs orders. Raises Refused for an account that may open no positions, and for a version of the
        exchange that this release does not know."""
        if self._barred:
            raise Refused(VENUE, "place", self._barred, reason=Reason.ACCOUNT)
        if self._signer is None:
            why = f"exchange version {self._version} is not known; a newer release is needed"
            raise Refused(VENUE, "place", why, reason=Reason.OTHER)
        return self._signer

    async def read_version(self) -> bool:
        """Reads the exchange's version, and signs for it from now on; whether it is another than before."""
        version = (await self.rest.public(wire.Version, "version", "/version")).version
        if version == self._version:
            return False
        self._version = version
        self._signer = self._make_signer()
        return True

    async def balance(self, working: Callable[[], Awaitable[list[OrderState]]]) -> Balance:
        """working: asks for what rests, after the money."""
        query = [("asset_type", "COLLATERAL"), ("signature_type", str(int(self.identity.signature_type)))]
        message = await self.rest.private(wire.BalanceAllowance, "balance", "/balance-allowance", query)
        resting = await working()
        with reading("balance"):
            return balance_of(message, resting)

    async def trades(self, operation: str, query: Query) -> list[wire.Trade]:
        """All trades for a query in which the account took part."""
        mine = ("maker_address", self.identity.funder)
        raws = await self.rest.pages(operation, "/data/trades", [mine, *query])
        with reading(operation):
            return [read(wire.Trade, raw) for raw in raws]

    async def open_order(self, operation: str, order_id: str) -> wire.OpenOrder | None:
        """The order in the venue's list of those that rest or wait; None when it is not there."""
        try:
            raw = await self.rest.private(msgspec.Raw, operation, f"/data/order/{order_id}")
        except Refused as error:
            if error.reason is not Reason.UNKNOWN_ORDER:
                raise
            return None
        if bytes(raw) == b"null":
            return None
        with reading(operation):
            return read(wire.OpenOrder, raw)

    async def _why_barred(self) -> str:
        """Why the account may open no positions; empty when it may, or when the venue does not say."""
        try:
            told = await self.rest.private(wire.ClosedOnly, "closed-only", "/auth/ban-status/closed-only")
        except Refused as error:
            if error.reason is Reason.AUTH:
                raise
            return ""
        return "the account may only close positions; ask the venue's support" if told.closed_only else ""

    def _make_signer(self) -> OrderSigner | None:
        deployment = deployment_of(self._version, self._meta)
        if deployment is None:
            _log.error("exchange version is not known", venue=VENUE, version=self._version)
            return None
        identity = self.identity
        maker = Maker(identity.funder, identity.order_signer, identity.signature_type, self.owner.api_key)
        return OrderSigner(identity.wallet, maker, Contracts(deployment))
