"""REST calls about the catalogue: bookmakers, sports, tournaments, participants, markets, currencies.

Source: the feed sheet, section 2. The world has no venues, and of players the numbers only.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.core.ids import MarketId
from hedgerow.sim.dialects.oddspapi import facts, shapes
from hedgerow.sim.dialects.oddspapi.desk import Call, Desk, Handler, check_sports
from hedgerow.sim.dialects.oddspapi.query import invalid_filters
from hedgerow.sim.dialects.oddspapi.shapes import Json
from hedgerow.sim.markets import SPORTS, Market, Sport

_DEFAULT_SPORT = 11


class CatalogueCalls:
    """What exists, whether or not it is played now."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._view, self._world, self._memory = desk, desk.view, desk.world, desk.memory

    def handlers(self) -> dict[str, Handler]:
        return {
            "bookmakers": self._bookmakers,
            "sports": self._sports,
            "tournaments": self._tournaments,
            "seasons": self._seasons,
            "participants": self._participants,
            "players": self._players,
            "venues": self._venues,
            "markets": self._markets,
            "currencies": self._currencies,
        }

    def known_books(self) -> list[str]:
        """All bookmakers that the feed can name: its own list, the world's, and whoever has quoted."""
        return sorted({*facts.KNOWN_BOOKS, *self._world.bookmakers, *self._world.exchanges, *self._memory.slugs()})

    def _bookmakers(self, call: Call) -> list[Json]:
        asked = call.query.texts("bookmakers")
        everything = not asked or asked in (["*"], ["all"])
        slugs = [slug for slug in self.known_books() if everything or slug in asked]
        books = [self._view.bookmaker(slug) for slug in slugs if call.key.may_see_bookmaker(slug)]
        props = call.query.flag("playerProps")
        return books if props is None else [book for book in books if book["playerProps"] == props]

    def _sports(self, call: Call) -> list[Json]:
        asked = call.query.integers("sportIds")
        check_sports(call.key, asked)
        played = {fixture.sport_id for fixture in self._world.fixtures.values()}
        listed: dict[int, Sport] = {sport.sport_id: sport for sport in SPORTS}
        listed |= {sport_id: shapes.sport_of(sport_id) for sport_id in sorted(played - listed.keys())}
        return [
            shapes.sport_shape(sport)
            for sport_id, sport in listed.items()
            if call.key.may_see_sport(sport_id) and (not asked or sport_id in asked)
        ]

    def _tournaments(self, call: Call) -> list[Json]:
        ids, sport_id = call.query.integers("tournamentIds"), call.query.integer("sportId")
        if not ids and sport_id is None:
            sport_id = _DEFAULT_SPORT
        if sport_id is not None:
            check_sports(call.key, [sport_id])
        return [
            shapes.tournament_shape(tournament)
            for _, tournament in sorted(self._known_tournaments().items())
            if (not ids or tournament.tournament_id in ids)
            and (sport_id is None or tournament.sport_id == sport_id)
            and call.key.may_see_sport(tournament.sport_id)
        ]

    def _known_tournaments(self) -> dict[int, facts.Tournament]:
        """The feed's list and those of the world's fixtures, whose names count."""
        played = {
            fixture.tournament_id: facts.Tournament(
                fixture.tournament_id,
                fixture.sport_id,
                shapes.tournament_name(fixture),
                shapes.category_name(fixture) or "",
            )
            for fixture in self._world.fixtures.values()
        }
        return {**facts.TOURNAMENTS, **played}

    def _seasons(self, call: Call) -> list[Json]:
        ids, tournament_id = call.query.integers("seasonIds"), call.query.integer("tournamentId")
        if not ids and tournament_id is None:
            raise invalid_filters()
        seasons = {
            season["seasonId"]: season for season in map(shapes.season_shape, self._desk.visible(call, over_too=True))
        }
        return [
            season
            for _, season in sorted(seasons.items())
            if (not ids or season["seasonId"] in ids)
            and (tournament_id is None or season["tournamentId"] == tournament_id)
        ]

    def _participants(self, call: Call) -> list[Json]:
        ids, sport_id = call.query.integers("participantIds"), call.query.integer("sportId")
        if not ids and sport_id is None:
            if call.query.integer("playerId") is None:
                raise invalid_filters()
            return []  # the world does not know who plays for whom
        shown = [
            shapes.participant_shape(fixture.sport_id, name)
            for fixture in self._desk.visible(call, over_too=True)
            for name in (fixture.participant1_name, fixture.participant2_name)
            if sport_id in (None, fixture.sport_id)
        ]
        unique = {shape["participantId"]: shape for shape in shown}
        return [shape for number, shape in sorted(unique.items()) if not ids or number in ids]

    def _players(self, call: Call) -> list[Json]:
        ids, sport_id = call.query.integers("playerIds"), call.query.integer("sportId")
        if not ids and sport_id is None:
            if call.query.integer("participantId") is None:
                raise invalid_filters()
            return []
        players = {
            player_id
            for fixture in self._desk.visible(call, over_too=True)
            for quotes in self._memory.books_of(fixture.fixture_id).values()
            for _, player_id in quotes
            if player_id and sport_id in (None, fixture.sport_id)
        }
        return [shapes.player_shape(player) for player in sorted(players) if not ids or player in ids]

    def _venues(self, call: Call) -> list[Json]:
        if not call.query.integers("venueIds"):
            raise invalid_filters()
        return []

    def _markets(self, call: Call) -> list[Json]:
        ids, outcomes = call.query.integers("marketIds"), call.query.integers("outcomeIds")
        sport_id = call.query.integer("sportId")
        if (bool(ids), bool(outcomes), sport_id is not None).count(True) != 1:
            raise invalid_filters()
        catalogue = self._world.catalogue
        if sport_id is not None:
            check_sports(call.key, [sport_id])
            found: Iterable[Market | None] = catalogue.of_sport(sport_id)
        elif ids:
            found = [catalogue.markets.get(MarketId(number)) for number in ids]
        else:
            found = dict.fromkeys(map(catalogue.market_of, outcomes))
        return [
            shapes.market_shape(market)
            for market in found
            if market is not None and call.key.may_see_sport(market.sport_id)
        ]

    def _currencies(self, call: Call) -> list[Json]:
        wanted = (call.query.text("currency") or "").upper()
        return [
            shapes.currency_shape(currency, rate, self._memory.rate_updated_ms(currency))
            for currency, rate in sorted(self._world.currencies.items())
            if wanted in ("", currency)
        ]
