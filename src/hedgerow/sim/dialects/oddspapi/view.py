"""The world through the feed's eyes: fixtures, quotes and books as it tells them, with its faults laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from hedgerow.core.american_grid import AmericanGrid
from hedgerow.core.ids import MarketId, fixture_id_parts, odds_id
from hedgerow.core.money import MICRO
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.sim import book_ids, cloudbet_ids, pinnacle_ids, singbet_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.oddspapi import facts, shapes
from hedgerow.sim.dialects.oddspapi.faults import FeedFaults
from hedgerow.sim.dialects.oddspapi.memory import Memory, Selection, Tick, market_id_of
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.markets import SPORTS
from hedgerow.sim.orders import Contract, Leg
from hedgerow.sim.world import BookMeta, Fixture, World

UNKNOWN_MARKET = 999_001
"""A market that no catalogue holds, for the fault of that name."""

_DEPTH = 3

_ALWAYS_IN_ROW = frozenset({"bookmaker", "outcomeId", "playerId", "price", "active", "changedAt"})
_MAY_LACK_IN_FIXTURE = ("season", "venue", "clock", "expectedPeriods", "periodLength", "trueStartTime", "trueEndTime")
_PLACEHOLDERS: Mapping[str, int | str | None] = {"zero": 0, "empty": "", "null": None}
_OTHER_PROVIDERS = (
    "mollybetId",
    "opticoddsId",
    "lsportsId",
    "txoddsId",
    "sofascoreId",
    "betgeniusId",
    "flashscoreId",
    "oddinId",
)


class View:
    """The world through the feed's eyes, with the feed's faults laid over it."""

    def __init__(self, world: World, memory: Memory) -> None:
        self.world, self.memory = world, memory
        self.faults = FeedFaults()
        self.switched_ms: dict[str, int] = {}
        """When the script last switched a book's state."""

    # --- fixtures --------------------------------------------------------------------------------------------

    def fixture(self, fixture: Fixture, lang: str, slugs: Iterable[str] = ()) -> Json:
        """The Fixture entity. slugs: bookmakers whose states it carries."""
        playing = facts.playing(fixture.sport_id)
        parts = fixture_id_parts(fixture.fixture_id)
        betradar = int(parts.native) if parts and parts.source == "id" and parts.native.isdecimal() else None
        shape: Json = {
            "fixtureId": fixture.fixture_id,
            "status": shapes.status_shape(fixture, lang),
            "sport": {"sportId": fixture.sport_id, "sportName": shapes.sport_of(fixture.sport_id).name},
            "tournament": {
                "tournamentId": fixture.tournament_id,
                "tournamentName": shapes.tournament_name(fixture),
                "categoryName": shapes.category_name(fixture),
            },
            "season": shapes.season_of(fixture),
            "venue": {"venueId": None, "venueName": None, "venueLocation": None},
            "startTime": fixture.start_time,
            "trueStartTime": None if fixture.true_start_ms is None else shapes.iso(fixture.true_start_ms),
            "trueEndTime": None if fixture.true_end_ms is None else shapes.iso(fixture.true_end_ms),
            "participants": shapes.participants_shape(fixture),
            "scores": shapes.scores_shape(self.memory.scores_of(fixture.fixture_id)),
            "clock": shapes.clock_shape(fixture),
            "expectedPeriods": playing.periods,
            "periodLength": playing.length,
            "externalProviders": {
                "betradarId": betradar,
                "pinnacleId": pinnacle_ids.event_id(fixture.fixture_id),
                **dict.fromkeys(_OTHER_PROVIDERS),
            },
            "bookmakers": {slug: self.book_state(fixture, slug) for slug in slugs},
        }
        if self.faults.omitOptional:
            return {key: value for key, value in shape.items() if key not in _MAY_LACK_IN_FIXTURE}
        return shape

    def book_state(self, fixture: Fixture, slug: str) -> Json:
        """The BookmakerFixtureMeta entity."""
        meta = self.world.books.get((fixture.fixture_id, slug), BookMeta(has_odds=False))
        native = shapes.book_fixture_id(fixture, slug)
        return {
            "bookmaker": slug,
            "bookmakerFixtureId": native,
            "fixturePath": shapes.book_path(slug, native),
            "hasOdds": meta.has_odds,
            "staleOdds": meta.stale or slug in self.faults.staleBooks,
            "staleOddsResponseCode": None,
            "suspended": meta.suspended or slug in self.faults.suspendedBooks,
            "participantsRotated": meta.rotated or slug in self.faults.rotatedBooks,
            "meta": None,
            "updatedAt": shapes.iso(max(meta.updated_ms, self.switched_ms.get(slug, 0))),
        }

    # --- quotes ----------------------------------------------------------------------------------------------

    def row(self, fixture: Fixture, tick: Tick) -> Json:
        """The OddQuote entity of a recorded state."""
        quote, standing = tick.quote, tick.standing
        outcome = quote.outcome
        market_id = market_id_of(self.world.catalogue, outcome.outcome_id)
        native_market, native_outcome = self._native_ids(fixture, tick, market_id)
        price = quote.price if quote.price is not None and quote.price > 1 else None
        shape: Json = {
            "bookmaker": quote.bookmaker,
            "outcomeId": outcome.outcome_id,
            "playerId": outcome.player_id,
            "price": shapes.number(quote.price) if quote.price is not None else 0,
            "active": quote.active,
            "marketActive": standing.active,
            "mainLine": standing.main,
            "marketId": market_id,
            "bookmakerMarketId": native_market,
            "bookmakerOutcomeId": native_outcome,
            "bookmakerChangedAt": quote.changed_ms,
            "priceFractional": "" if price is None else shapes.fractional(price),
            "priceAmerican": 0 if price is None else shapes.american(price),
            "limit": None if quote.limit is None else shapes.number(quote.limit),
            "betslip": None,
            "meta": self._depth(quote),
            "changedAt": tick.changed_ms,
        }
        if self.faults.placeholderPrice:
            shape["price"] = _PLACEHOLDERS[self.faults.placeholderPrice]
        if self.faults.omitOptional:
            return {key: value for key, value in shape.items() if key in _ALWAYS_IN_ROW}
        return shape

    def keyed_row(self, fixture: Fixture, tick: Tick) -> tuple[str, Json]:
        """A row with its oddsId."""
        quote = tick.quote
        outcome = quote.outcome
        key = odds_id(fixture.fixture_id, quote.bookmaker, outcome.outcome_id, outcome.player_id)
        return key, self.row(fixture, tick)

    def unknown_row(self, fixture: Fixture, slug: str) -> tuple[str, Json]:
        """A row of a market that the catalogue does not hold."""
        now = self.world.clock.now_ms()
        key = odds_id(fixture.fixture_id, slug, UNKNOWN_MARKET, 0)
        return key, {
            "bookmaker": slug,
            "outcomeId": UNKNOWN_MARKET,
            "playerId": 0,
            "price": Decimal("1.95"),
            "active": True,
            "marketActive": True,
            "mainLine": True,
            "marketId": UNKNOWN_MARKET,
            "changedAt": now,
        }

    def _native_ids(self, fixture: Fixture, tick: Tick, market_id: MarketId) -> tuple[str | None, str | None]:
        """The bookmaker's own ids of the market and the outcome."""
        quote = tick.quote
        found = self._contract(quote)
        if found is not None:
            contract, leg = found
            return contract.ref, contract.names[leg is Leg.NO]
        if quote.bookmaker not in (*pinnacle_ids.SLUGS, *cloudbet_ids.SLUGS, singbet_ids.SLUG):
            return (
                book_ids.market_ref(quote.bookmaker, fixture.fixture_id, market_id),
                book_ids.outcome_ref(quote.bookmaker, quote.outcome),
            )
        known = self.world.catalogue.markets.get(market_id)
        if known is None:
            return None, None
        if quote.bookmaker in cloudbet_ids.SLUGS:
            return cloudbet_ids.market_ref(known), cloudbet_ids.outcome_ref(known, quote.outcome.outcome_id)
        if quote.bookmaker == singbet_ids.SLUG:
            odds_name = singbet_ids.odds_name(known, quote.outcome.outcome_id)
            return singbet_ids.market_ref(fixture.fixture_id, known), odds_name
        versions = tick.standing.versions
        return (
            pinnacle_ids.market_ref(fixture.fixture_id, fixture.sport_id, fixture.tournament_id, known, versions),
            pinnacle_ids.outcome_ref(known, quote.outcome.outcome_id),
        )

    def _contract(self, quote: Quote) -> tuple[Contract, Leg] | None:
        """What the outcome is called at an exchange: of several contracts that pay on it, the one whose YES does."""
        exchange = self.world.exchanges.get(quote.bookmaker)
        found = exchange.contracts_on(quote.outcome) if exchange is not None else []
        named = [(contract, leg) for contract, leg in found if contract.names[0]]
        return min(named, key=lambda one: one[1] is Leg.NO, default=None)

    def _depth(self, quote: Quote) -> Json | None:
        """The order book of an exchange's contract, as it stands: best levels to back and to lay."""
        found = self._contract(quote)
        if found is None:
            return None
        contract, leg = found
        book = self.world.exchanges[quote.bookmaker].book(contract)
        asks, bids = (book.levels(is_bid=is_bid)[:_DEPTH] for is_bid in (leg is Leg.NO, leg is Leg.YES))
        grid = contract.grid
        if isinstance(grid, AmericanGrid) and leg is Leg.NO:
            asks, bids = ([(grid.opposite(price) or price, size) for price, size in side] for side in (asks, bids))
        if isinstance(grid, AmericanGrid) or (isinstance(grid, OddsGrid) and leg is Leg.YES):
            return {
                "availableToBack": [shapes.odds_level(grid, price, size) for price, size in asks],
                "availableToLay": [shapes.odds_level(grid, price, size) for price, size in bids],
            }
        return {
            "back": [shapes.level(price if leg is Leg.YES else MICRO - price, size) for price, size in asks],
            "lay": [shapes.level(price if leg is Leg.YES else MICRO - price, size) for price, size in bids],
            "bookmakerLayOutcomeId": contract.names[leg is Leg.YES],
        }

    def present(self, fixture: Fixture, slug: str, selections: Iterable[Selection]) -> dict[str, Json]:
        """Rows of one book by oddsId, as they are now."""
        memory = self.memory
        return dict(
            self.keyed_row(fixture, memory.tick(fixture.fixture_id, slug, selection)) for selection in selections
        )

    def _heard_ms(self, slug: str, moved_ms: int) -> int:
        """When the feed last heard from a bookmaker: just now, however long nothing has moved, unless it lost it."""
        if slug in self.faults.staleBooks:
            return self.switched_ms.get(slug, moved_ms)
        return self.world.clock.now_ms()

    # --- bookmakers ------------------------------------------------------------------------------------------

    def bookmaker(self, slug: str) -> Json:
        """The Bookmaker entity, with the fields that are live and in no document."""
        book = facts.book(slug)
        last = self.memory.last_quote(slug)
        last_at = None if last is None else shapes.iso(self._heard_ms(slug, last.changed_ms))
        return {
            "slug": slug,
            "bookmakerName": book.name,
            "active": True,
            "domain": book.domain,
            "websocketPregame": True,
            "websocketLive": book.delays.live is not None,
            "maxDelayPregameInSec": book.delays.pregame,
            "maxDelayLiveInSec": book.delays.live,
            "maxDelayPregameMainInSec": book.delays.main,
            "availableCountries": [],
            "serverGroup": None,
            "price": None,
            "playerProps": False,
            "staleThresholdSec": book.stale_s,
            "availableSports": [sport.sport_id for sport in SPORTS],
            "lastOddsAt": last_at,
            "staleOddsSince": last_at if slug in self.faults.staleBooks else None,
            "limitCurrency": book.currency if last is None else last.currency,
        }
