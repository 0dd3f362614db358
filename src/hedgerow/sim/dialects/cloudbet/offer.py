"""What Cloudbet offers: events with their markets, and one selection.

Source: `feed.proto` (Event, Submarket, Selection, LineRequest), the wiki's page on markets. Prices and stakes are JSON
numbers there, sequences texts (protojson's int64); zeros are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import Any

import msgspec

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import FixtureId, MarketId
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import book_ids, cloudbet_ids
from hedgerow.sim.bookmaker import Bookmaker, Quote
from hedgerow.sim.dialects.cloudbet.wire import Call, Denial, malformed
from hedgerow.sim.markets import Market
from hedgerow.sim.world import CANCELLED, FINISHED, LIVE, Emptied, Fixture, FixtureChanged, World, WorldEvent

Json = dict[str, Any]

_EUR_STEP = Decimal("0.0001")
_LEAST_EUR, _MOST_EUR = Decimal("0.1"), Decimal(10_000)
"""Stakes, where a quote has no limits of its own. Source of the least: samples of the feed."""
_NOTHING = Decimal(0)


class LineQuestion(msgspec.Struct, frozen=True, rename="camel"):
    """`POST /pub/v2/odds/lines`."""

    event_id: str
    market_url: str


@dataclass(frozen=True, slots=True)
class Selection:
    """One outcome of a line as it is offered now."""

    market: Market
    quote: Quote

    @property
    def outcome(self) -> str:
        return cloudbet_ids.outcome_ref(self.market, self.quote.outcome.outcome_id) or ""

    @property
    def url(self) -> str:
        """`marketKey/outcome?params`, without the question mark where there are no parameters."""
        params = cloudbet_ids.params(self.market)
        return f"{cloudbet_ids.market_key(self.market)}/{self.outcome}" + (f"?{params}" if params else "")


class Offer:
    """Reads the offer from the world, and answers the feed's calls."""

    def __init__(self, world: World, book: Bookmaker) -> None:
        self._world, self._book, self._slug = world, book, book.slug
        self._events: dict[str, FixtureId] = {}
        world.on_event(self._on_world)
        for fixture_id in world.fixtures:
            self._events[book_ids.fixture_ref(self._slug, fixture_id)] = fixture_id

    # --- reading ---------------------------------------------------------------------------------------------

    def fixture(self, event_id: str) -> Fixture | None:
        fixture_id = self._events.get(event_id)
        return None if fixture_id is None else self._world.fixtures.get(fixture_id)

    def selection(self, fixture: Fixture, url: str) -> Selection | None:
        """The outcome of a market URL; None for one that was never offered."""
        return next((found for found in self._selections(fixture) if found.url == url), None)

    def limits_eur(self, selection: Selection) -> tuple[Decimal, Decimal]:
        """The least and the highest stake, in EUR."""
        rate = self._world.currencies["EUR"]
        quote = selection.quote
        least = _LEAST_EUR if quote.limit_min is None else quote.limit_min * rate
        most = _MOST_EUR if quote.limit is None else quote.limit * rate
        return least.quantize(_EUR_STEP, ROUND_CEILING), most.quantize(_EUR_STEP, ROUND_DOWN)

    def _selections(self, fixture: Fixture) -> Iterator[Selection]:
        for quote in self._world.quotes_of(fixture.fixture_id):
            market = self._world.catalogue.market_of(quote.outcome.outcome_id)
            met = self._book.quote(quote.outcome) if quote.bookmaker == self._slug else None
            if market is not None and met is not None:
                yield Selection(market, met)

    # --- calls -----------------------------------------------------------------------------------------------

    def line(self, call: Call) -> Json:
        """Raises Denial (400, 404)."""
        try:
            asked = msgspec.json.decode(call.body, type=LineQuestion)
        except msgspec.DecodeError as error:
            raise malformed(str(error)) from None
        fixture = self.fixture(asked.event_id)
        found = None if fixture is None else self.selection(fixture, asked.market_url)
        if found is None:
            raise Denial(404, "MALFORMED_REQUEST", "no such selection")
        return self._selection_shape(found)

    def event(self, call: Call) -> Json:
        """Raises Denial (404)."""
        fixture = self.fixture(call.named("event_id"))
        if fixture is None:
            raise Denial(404, "MALFORMED_REQUEST", "no such event")
        return self._event_shape(fixture)

    def events(self, call: Call) -> Json:
        """The open events of a sport, by competition."""
        sport, is_live = call.text("sport"), call.text("live") == "true"
        competitions: dict[int, Json] = {}
        for fixture in self._world.fixtures.values():
            if cloudbet_ids.SPORT_KEYS[fixture.sport_id] != sport or fixture.status_id in (FINISHED, CANCELLED):
                continue
            if fixture.live != is_live:
                continue
            shape = competitions.setdefault(fixture.tournament_id, {**_competition(fixture), "events": []})
            shape["events"].append(self._event_shape(fixture))
        return {"competitions": list(competitions.values())}

    def sports(self, _: Call) -> Json:
        rows = []
        for sport_id, key in cloudbet_ids.SPORT_KEYS.items():
            fixtures = [f for f in self._world.fixtures.values() if f.sport_id == sport_id]
            competitions = len({fixture.tournament_id for fixture in fixtures})
            name = key.replace("_", " ").title()
            rows.append({"name": name, "key": key, "competitionCount": competitions, "eventCount": len(fixtures)})
        return {"sports": rows}

    # --- shapes ----------------------------------------------------------------------------------------------

    def _event_shape(self, fixture: Fixture) -> Json:
        markets: dict[MarketId, list[Selection]] = {}
        for selection in self._selections(fixture):
            markets.setdefault(selection.market.market_id, []).append(selection)
        by_key: Json = {}
        for selections in markets.values():
            key = cloudbet_ids.market_key(selections[0].market)
            part = by_key.setdefault(key, {"submarkets": {_submarket(selections[0].market): _empty_submarket()}})
            submarket = next(iter(part["submarkets"].values()))
            versions = sum(selection.quote.version for selection in selections)
            submarket["sequence"] = str(int(submarket["sequence"]) + versions)
            submarket["selections"] += map(self._selection_shape, selections)
        sequence = sum(int(next(iter(part["submarkets"].values()))["sequence"]) for part in by_key.values())
        return {
            "sequence": str(sequence),
            "id": int(book_ids.fixture_ref(self._slug, fixture.fixture_id)),
            "home": {"name": fixture.participant1_name},
            "away": {"name": fixture.participant2_name},
            "status": self.status_of(fixture),
            "markets": by_key,
            "name": f"{fixture.participant1_name} V {fixture.participant2_name}",
            "cutoffTime": datetime_of_ms(fixture.start_time * 1000).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "type": "EVENT_TYPE_EVENT",
        }

    def status_of(self, fixture: Fixture) -> str:
        """Of the EventStatus enumeration."""
        if fixture.status_id == CANCELLED:
            return "CANCELLED"
        if fixture.results:
            is_void = all(result is SettlementStatus.VOID for result in fixture.results.values())
            return "CANCELLED" if is_void else "RESULTED"
        if fixture.status_id == FINISHED:
            return "AWAITING_RESULTS"
        meta = self._world.books.get((fixture.fixture_id, self._slug))
        if meta is not None and meta.suspended:
            return "POST_TRADING"
        return "TRADING_LIVE" if fixture.live or fixture.status_id == LIVE else "TRADING"

    def _selection_shape(self, selection: Selection) -> Json:
        quote = selection.quote
        least, most = self.limits_eur(selection)
        return {
            "outcome": selection.outcome,
            "params": cloudbet_ids.params(selection.market),
            "marketUrl": selection.url,
            "price": quote.price if quote.is_open else _NOTHING,
            "minStake": least,
            "maxStake": most if quote.is_open else _NOTHING,
            "probability": _NOTHING if quote.price is None else (1 / quote.price).quantize(Decimal("0.001")),
            "status": "SELECTION_ENABLED" if quote.is_open else "SELECTION_DISABLED",
            "side": "BACK",
        }

    def _on_world(self, event: WorldEvent) -> None:
        if isinstance(event, FixtureChanged):
            fixture_id = event.fixture.fixture_id
            self._events[book_ids.fixture_ref(self._slug, fixture_id)] = fixture_id
        elif isinstance(event, Emptied):
            self._events.clear()


def _competition(fixture: Fixture) -> Json:
    sport = cloudbet_ids.SPORT_KEYS[fixture.sport_id]
    name = fixture.tournament_name or f"Competition {fixture.tournament_id}"
    return {"name": name, "key": f"{sport}-{fixture.tournament_id}", "sport": {"name": sport.title(), "key": sport}}


def _submarket(market: Market) -> str:
    return {"p1": "period=1h", "p2": "period=2h"}.get(market.period, "period=ft")


def _empty_submarket() -> Json:
    return {"sequence": "0", "selections": []}
