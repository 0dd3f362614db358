"""Automated bet placing as a whole: builds the parts, lets the feed drive them, and does what clients ask for.

The API and the sockets stand on top of it. Any number of processes may run it on one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

import structlog
from asyncpg import Connection

from hedgerow.abp import idempotency
from hedgerow.abp.betslip import SlipKey, SlipOffer, Windows, betslip
from hedgerow.abp.booking import Booking
from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.intake import Declined, Intake, OrderRequest, free_of, standing_of
from hedgerow.abp.offers import BookOffers, Offer
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, end_of
from hedgerow.abp.profiles import VERIFY
from hedgerow.abp.repository import AbpOrders, OrderFilter
from hedgerow.abp.runner import Runner
from hedgerow.abp.settling import Settler
from hedgerow.abp.verifying import Verifier
from hedgerow.abp.view import View
from hedgerow.abp.work import progress_of
from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import ClientName, FixtureId, MarketKey, OutcomeId, OutcomeKey, PlayerId, VenueSlug
from hedgerow.core.money import Rates
from hedgerow.core.secrets import Vault
from hedgerow.core.states import BetStatus
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import Placement
from hedgerow.feed.book import BookChange, ChangeKind, PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits
from hedgerow.feed.scope import Scope
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database, StorageError, decode_json
from hedgerow.storage.terms import Terms
from hedgerow.venues.registry import Ways, all_venues

_log = structlog.get_logger(__name__)

_MOST_TOLD = 1000
"""Orders that had ended before a cancel and are told of in its answer."""
BALANCES_EVERY_S = 15.0
ASKED_AGAIN_EVERY_S = 5.0
_MOST_ASKED_AGAIN = 10
"""Open betslips of verified accounts that are made anew in one turn; each bookmaker's own pace counts besides."""
SETTINGS_EVERY_S = 2.0
"""In the machine's time: accounts and terms that somebody else changed count after so long."""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What a cancel did. not_cancelled: orders with the reason why they are not, or not wholly."""

    cancelled: tuple[AbpOrder, ...]
    not_cancelled: tuple[tuple[AbpOrder, str], ...]


class AutomatedBetPlacing:
    """One process's automated bet placing."""

    def __init__(self, settings: Settings, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self.book = PriceBook()
        self.orders = AbpOrders(database, clock)
        self.bets = Bets(database, clock)
        self.windows = Windows(clock)
        self._verifier = Verifier(clock)
        limits, breakers = Limits.of(settings), Breakers(clock)
        placement = Placement(database, self.bets, breakers, clock, Booking(self.bets, self.orders, clock).write)
        self.desks = Desks(
            database,
            Accounts(database, clock),
            Terms(database, clock),
            vault,
            settings.venue_urls,
            Ways(settings.venue_proxies),
            clock,
            placement,
            self.book.fixture_ref,
            self.book.described,
        )
        self._offers = BookOffers(self.book, limits, clock)
        self._view = View(self.desks, self._offers, breakers, untold_max=settings.untold_limit_usd)
        self.runner = Runner(database, self.orders, self.bets, placement, self.desks, self._offers, self._view, clock)
        self._intake = Intake(
            database, self.orders, self.desks, self._offers, self._view, self.book.catalogue, self.runner, clock
        )
        self._settler = Settler(database, self.bets, self.desks, clock, self._watch_settlement)
        self.desks.on_drift(self._settler.read)
        self.feed = FeedClient(
            rest_url=settings.feed_rest_url,
            ws_url=settings.feed_ws_url,
            key=settings.feed_key,
            scope=Scope(),
            book=self.book,
            clock=clock,
            limits=limits,
            sink=self._book_changed,
            on_connection=self._feed_turned,
            on_rates=self._rates_told,
            on_grades=self._settler.graded,
        )
        self._slip_changed: Callable[[SlipKey], None] = _nobody
        self._slip_opened: Callable[[SlipKey], None] = _nobody
        self._fixture_changed: Callable[[FixtureId], None] = _nobody
        self._rates_changed: Callable[[Rates], None] = _nobody
        self._connected: Callable[[bool], None] = _nobody
        self._to_ask_again: list[SlipKey] = []
        self._settings_wake = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    # --- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Loads accounts, then follows the feed and takes up what is open. Raises StorageError."""
        await self.desks.load()
        self.feed.start()
        self.runner.start()
        self._settler.start()
        self._tasks = [
            spawn(self._every(BALANCES_EVERY_S, self._keep_up), "balances", is_vital=True),
            spawn(self._every(ASKED_AGAIN_EVERY_S, self._ask_again), "verified betslips", is_vital=True),
            spawn(self._follow_settings(), "settings", is_vital=True),
        ]

    async def stop(self) -> None:
        """Bets that are under way are answered first; open orders are given back to whoever runs next."""
        await stop(*self._tasks)
        await self.runner.stop()
        await self._settler.stop()
        await self.feed.stop()
        await self.desks.close()

    def settings_changed(self) -> None:
        """Somebody changed accounts or terms in the database: read them now."""
        self._settings_wake.set()

    async def not_ready(self) -> str | None:
        """Why orders cannot be worked on; None when they can."""
        return None if self.book.up_since_ms else "the feed is not connected"

    def on_slip(self, *, changed: Callable[[SlipKey], None], opened: Callable[[SlipKey], None] | None = None) -> None:
        """The listeners are called when prices of an open betslip window may have changed (`news` says whether they
        have), and when a window was opened, or extended."""
        self._slip_changed, self._slip_opened = changed, opened or _nobody

    def on_feed(
        self,
        *,
        fixture: Callable[[FixtureId], None],
        rates: Callable[[Rates], None],
        connection: Callable[[bool], None],
    ) -> None:
        """The listeners are called when anything of a fixture but its odds has changed, when rates may have, and when
        the feed comes (True) or goes. They must not block."""
        self._fixture_changed, self._rates_changed, self._connected = fixture, rates, connection

    def _feed_turned(self, is_up: bool) -> None:
        self._connected(is_up)

    def _rates_told(self, rates: Rates) -> None:
        self._rates_changed(rates)

    def _book_changed(self, change: BookChange, _: int) -> None:
        if change.kind in (ChangeKind.FIXTURE, ChangeKind.SCORES, ChangeKind.CLOCK):
            self._fixture_changed(change.fixture_id)
        if change.kind in (ChangeKind.SCORES, ChangeKind.CLOCK):
            return
        self.runner.changed(change.fixture_id)
        for key in self.windows.of(change.fixture_id):
            if not change.markets or any(market.market_id == key.market_id for market in change.markets):
                self._slip_changed(key)

    def _watch_settlement(self, fixture_id: FixtureId) -> None:
        self.feed.watch_settlement(fixture_id)

    async def _keep_up(self) -> None:
        self.desks.ask_balances()
        await idempotency.forget(self._database, self._clock.now())

    async def _every(self, seconds: float, turn: Callable[[], Any]) -> NoReturn:
        while True:
            with work.unit():
                try:
                    await turn()
                except StorageError as error:
                    _log.error("upkeep waits for the database", error=str(error))
            await self._clock.sleep(seconds, soft=True)

    async def _follow_settings(self) -> NoReturn:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTINGS_EVERY_S):
                    await self._settings_wake.wait()
            self._settings_wake.clear()
            try:
                self.desks.ask_balances(await self.desks.load())
            except StorageError as error:
                _log.error("accounts are not read", error=str(error))

    # --- orders ----------------------------------------------------------------------------------------------------

    def check_room(self) -> None:
        """Raises ApiError 503 while too many orders wait to be taken in."""
        self._intake.check_room()

    async def place(
        self, client: ClientName, key_bookmakers: frozenset[str] | None, requests: Sequence[OrderRequest]
    ) -> list[AbpOrder | Declined]:
        """Accepts or declines each, in the order given; what is accepted is committed. key_bookmakers: those that the
        API key may use, None for all. Raises ApiError 503 when too many wait, StorageError."""
        return await self._intake.place(client, key_bookmakers, requests)

    async def cancel(self, client: ClientName, wanted: OrderFilter | None) -> Cancellation:
        """Stops the client's open orders, all or those of the filter; placed bets stay. Raises StorageError."""
        cancelled: list[AbpOrder] = []
        others: list[tuple[AbpOrder, str]] = []
        async with self._database.transaction() as connection:
            for order in await self.orders.lock_open(connection, client, wanted):
                why_not = await self._cancel_one(connection, order)
                if why_not is None:
                    cancelled.append(order)
                else:
                    others.append((order, why_not))
        seen = {order.order_id for order in cancelled} | {order.order_id for order, _ in others}
        for order_id in seen:
            self.runner.look_at(order_id)
        matching = await self.orders.find(client, wanted, limit=_MOST_TOLD) if wanted is not None else []
        others += [(order, f"order is {order.status.value}") for order in matching if order.order_id not in seen]
        return Cancellation(tuple(cancelled), tuple(others))

    async def _cancel_one(self, connection: Connection[Any], order: AbpOrder) -> str | None:
        """Stops a locked open order; answers why it is not cancelled as a whole."""
        legs = await self.bets.of_orders(connection, order.order_id)
        order.is_cancel_wanted = True
        if order.status is AbpOrderStatus.PENDING:
            order.move_to(AbpOrderStatus.PROCESSING)
            await self.orders.save(connection, order)
        currency = self.desks.currency(order.asked.currency, self._offers.rates)
        end = None if currency is None else end_of(progress_of(order, legs, currency, is_expired=False))
        if end is not None:
            order.move_to(*end)
        await self.orders.save(connection, order)
        if any(bet.status is BetStatus.CONFIRMED for bet in legs):
            return "order has confirmed bets; nothing more is bet"
        return None if end is not None else "bets are under way; nothing more is bet"

    # --- betslip ---------------------------------------------------------------------------------------------------

    async def betslip(
        self,
        client: ClientName,
        fixture_id: FixtureId,
        outcome_id: OutcomeId,
        player_id: PlayerId,
        bookmakers: frozenset[str] | None,
    ) -> dict[str, Any]:
        """The betslip now; opens its window. Raises ApiError 400 for an unknown bookmaker, 403 for one without an
        account, 404 without odds; StorageError."""
        desks = self.desks.of(client)
        unknown = sorted((bookmakers or frozenset()) - all_venues().keys())
        if unknown:
            raise ApiError(400, f"Invalid bookmaker slug: {', '.join(unknown)}")
        missing = sorted((bookmakers or frozenset()) - {desk.row.venue for desk in desks})
        if missing:
            raise ApiError(403, f"No accounts configured for bookmaker(s): {', '.join(missing)}")
        market_id = self.book.catalogue.of_outcome(outcome_id)
        if market_id is None:
            raise ApiError(404, "No odds found for given parameters")
        key = SlipKey(client, fixture_id, market_id, outcome_id, player_id, bookmakers)
        offered = self._offered(key)
        answer = await self._slip(key)
        if not answer["odds"]:
            raise ApiError(404, "No odds found for given parameters")
        is_other = self.windows.open(key, answer)
        self._slip_opened(key)
        if is_other or self._offered(key) != offered:  # it moved while it was made, maybe before there was a window
            self._slip_changed(key)
        return answer

    async def news(self, key: SlipKey) -> dict[str, Any] | None:
        """The betslip of a window as it is now; None when its client was shown the same already, or the window is over.
        Raises StorageError."""
        slip = await self._slip(key)
        return slip if self.windows.is_news(key, slip) else None

    async def _slip(self, key: SlipKey) -> dict[str, Any]:
        async with self._database.transaction() as connection:
            free = await free_of(connection, [key.client])
        asked = (self._slip_offer(key, desk, offer, free) for desk, offer in self._offered(key))
        found = [offer for offer in await asyncio.gather(*asked) if offer is not None]
        return betslip(key, found, self.book.fixture(key.fixture_id), self.book.catalogue.get(key.market_id))

    async def _ask_again(self) -> None:
        """Has open betslips of verified accounts made anew, those that have waited longest first: the feed does not
        tell of what only their bookmakers show."""
        verified = dict.fromkeys(key for key in self.windows.all() if any(map(_is_verified, self._desks_of(key))))
        waiting = dict.fromkeys(key for key in self._to_ask_again if key in verified)
        turns = [*waiting, *(key for key in verified if key not in waiting)]
        now, later = turns[:_MOST_ASKED_AGAIN], turns[_MOST_ASKED_AGAIN:]
        self._to_ask_again = later + now
        for key in now:
            self._slip_changed(key)

    def _desks_of(self, key: SlipKey) -> list[Desk]:
        """The client's accounts that the betslip shows, the highest priority first."""
        desks = self.desks.of(key.client)
        return [desk for desk in desks if key.bookmakers is None or desk.row.venue in key.bookmakers]

    def _offered(self, key: SlipKey) -> list[tuple[Desk, Offer]]:
        """The accounts of which the feed has an offer, and that."""
        market = _market_of(key)
        found = (
            (desk, self._offers.offer(market, key.outcome_id, VenueSlug(desk.row.venue)))
            for desk in self._desks_of(key)
        )
        return [(desk, offer) for desk, offer in found if offer is not None]

    async def _slip_offer(
        self, key: SlipKey, desk: Desk, offer: Offer, free: Mapping[int, Decimal]
    ) -> SlipOffer | None:
        if _is_verified(desk):
            outcome = OutcomeKey(key.fixture_id, key.outcome_id, key.player_id)
            offer = await self._verifier.verified(desk, offer, outcome)
        candidate = self._view.candidate(desk, offer, standing_of(free)(desk, offer), is_back=True)
        if candidate is None:
            return None
        slug = VenueSlug(desk.row.venue)
        quote = self._offers.quote(_market_of(key), key.outcome_id, slug)
        meta = None if quote is None or quote.meta is None else decode_json(quote.meta)
        return SlipOffer(candidate, self.book.fixture_ref(slug, key.fixture_id), meta)


def _is_verified(desk: Desk) -> bool:
    """Whether its bookmaker itself is asked for betslips."""
    return desk.row.meta.get(VERIFY) == "true"


def _market_of(key: SlipKey) -> MarketKey:
    return MarketKey(key.fixture_id, key.market_id, key.player_id)


def _nobody(_: object) -> None:
    """Until somebody listens."""
