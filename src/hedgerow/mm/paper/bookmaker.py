"""A bookmaker in shadow mode: bets are taken at what is offered in that moment, and go nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from hedgerow.core.errors import Reason, Refused
from hedgerow.core.ids import OutcomeKey, VenueSlug
from hedgerow.core.money import MICRO
from hedgerow.core.states import BetStatus
from hedgerow.mm.engine import Engine
from hedgerow.mm.hedging import Offer
from hedgerow.venues.base import Balance, BetIntent, BetRef, BetReport, LiveLine, Manifest

OfferOf = Callable[[BetIntent], Offer | None]
"""What the bookmaker offers now on a bet's outcome, the limit in micros of USD."""


def offered(engine: Engine, client: str, bookmaker: VenueSlug, bet: BetIntent) -> Offer | None:
    """What a bookmaker offers a client now on the outcome of a bet, as the engine sees it."""
    for market in engine.traders[client].markets.values():
        same = (market.key.fixture_id, market.key.player_id) == (bet.fixture_id, bet.player_id)
        if same and bet.outcome_id in market.outcomes:
            return engine.offers(market, bookmaker).get(bet.outcome_id)
    return None


class PaperBookmaker:
    """Implements venues.base.Bookmaker."""

    def __init__(
        self,
        manifest: Manifest,
        currency: str,
        offer_of: OfferOf,
        per_usd: Callable[[], Decimal],
        money: Callable[[], Awaitable[Decimal]],
        decided: Callable[[], Awaitable[list[BetReport]]],
    ) -> None:
        """per_usd: units of the account's currency; money: what is free of it; decided: bets of which the feed says how
        they ended."""
        self.manifest = manifest
        self._currency, self._offer_of, self._per_usd = currency, offer_of, per_usd
        self._money, self._decided = money, decided

    async def open(self) -> None:
        """Nobody is signed in."""

    async def close(self) -> None:
        """Nothing is open."""

    async def balance(self) -> Balance:
        return Balance(await self._money(), Decimal(0), self._currency)

    async def place(self, bet: BetIntent) -> BetReport:
        """Taken at the odds of this moment, where they are no worse than asked for and the limit allows the stake."""
        offer = self._offer_of(bet)
        if offer is None:
            raise self._refused("nothing is offered now", Reason.CLOSED)
        if offer.odds < bet.odds:
            raise self._refused("the odds have fallen", Reason.PRICE)
        if int(bet.stake / self._per_usd() * MICRO) > offer.limit:
            raise self._refused("above what the bookmaker takes now", Reason.LIMIT)
        return BetReport(bet.reference, BetStatus.CONFIRMED, f"paper-{bet.reference}", offer.odds, bet.stake)

    async def find(self, ref: BetRef) -> BetReport | None:
        """What was answered was written; what was not never arrived."""
        return None

    async def settled(self, since_ms: int) -> list[BetReport]:
        return await self._decided()

    async def line(self, market_ref: str, outcome_ref: str, outcome: OutcomeKey) -> LiveLine | None:
        """Nobody asks a bookmaker on paper for its line."""
        return None

    def _refused(self, why: str, reason: Reason) -> Refused:
        return Refused(self.manifest.slug, "place", why, reason=reason)
