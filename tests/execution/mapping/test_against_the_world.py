"""What the simulated exchanges list and what the simulated feed tells come together: both were written from their
documents, and neither from the mapping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, MarketKey, VenueSlug
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff
from hedgerow.execution.instruments import Instruments
from hedgerow.execution.mapping import Facts, Mapping, Verdict, map_listings
from hedgerow.execution.mapping.from_feed import fixtures_of, markets_of
from hedgerow.feed.book import PriceBook
from hedgerow.feed.client import FeedClient
from hedgerow.feed.gate import Limits
from hedgerow.feed.scope import Scope
from hedgerow.sim.dialects import kalshi, oddspapi, polymarket
from hedgerow.sim.events import FixtureEvent
from hedgerow.sim.generator import GeneratedMatch
from hedgerow.sim.markets import SPORTS, Catalogue
from hedgerow.sim.site import Dialect, listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, Exchange, Listing, VenueContext
from hedgerow.venues.registry import build_exchange

NOW_S = 1_795_190_000
START_S = NOW_S + 25 * 3600
SLUGS = {sport.sport_id: sport.slug for sport in SPORTS}
PATHS = {("kalshi", "rest"): "/trade-api/v2", ("kalshi", "ws"): "/trade-api/ws/v2"}

# sport id, tournament id, tournament, category, both names
MATCHES = [
    (11, 132, "NBA", "USA", "Los Angeles Lakers", "Philadelphia 76ers"),
    (11, 486, "WNBA", "USA", "Indiana Fever", "Chicago Sky"),
    (12, 2314, "ATP Finals", "ATP", "Sinner, Jannik", "Alcaraz, Carlos"),
    (12, 2555, "Wimbledon, Women Singles", "WTA", "Świątek, Iga", "Sabalenka, Aryna"),
    (13, 109, "MLB", "USA", "Chicago White Sox", "Athletics"),
    (15, 234, "NHL", "USA", "New York Rangers", "Montréal Canadiens"),
    (16, 30001, "The International", "International", "Team Spirit", "Tundra Esports"),
    (17, 30002, "IEM Katowice", "International", "Natus Vincere", "Team Vitality"),
    (18, 30003, "Worlds", "International", "Bilibili Gaming", "T1"),
    (27, 2472, "Indian Premier League", "India", "Mumbai Indians", "Royal Challengers Bengaluru"),
    (61, 30004, "VCT Champions", "International", "Paper Rex", "EDward Gaming"),
]


def fixtures() -> list[Fixture]:
    """Matches of all sports with a two-way winner that both exchanges list, and a generated one."""
    found = [
        Fixture(
            FixtureId(f"id{sport:02}{tournament:06}{6_100_000 + number}"),
            sport,
            tournament,
            one,
            other,
            START_S + number * 60,
            tournament_name,
            category,
        )
        for number, (sport, tournament, tournament_name, category, one, other) in enumerate(MATCHES)
    ]
    made = next(event for event in GeneratedMatch(7, start_ns=START_S * NS_PER_S).events())
    assert isinstance(made, FixtureEvent)
    named = {name: getattr(made, name) for name in FixtureEvent.__slots__ if name != "at_ns"}
    return [*found, Fixture(**named)]


@dataclass
class Scene:
    """A world with its feed and two exchanges, a client of the feed, and our connectors."""

    world: World
    exchanges: dict[str, Exchange]
    book: PriceBook
    client: FeedClient
    known: list[Fixture] = field(default_factory=fixtures)

    async def listings(self, venue: str) -> list[Listing]:
        sports = {SLUGS[fixture.sport_id] for fixture in self.known}
        return [listing for sport in sorted(sports) for listing in await self.exchanges[venue].listings(sport)]

    def map(self, listings: list[Listing]) -> list[Mapping]:
        facts = Facts(fixtures_of(self.book.fixtures(), SLUGS), markets_of(self.book.catalogue, SLUGS))
        return map_listings(listings, facts)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - sockets in between have no event to wait for
                await asyncio.sleep(0.001)

    async def change(self, fixture: Fixture, **changes: Any) -> None:
        """The world changes the match, and the feed's client has heard of it."""
        self.world.put_fixture(replace(fixture, **changes))
        state = self.book.fixture(fixture.fixture_id)
        assert state is not None
        before = state.info
        await self.until(lambda: state.info is not before)


async def urls_of(dialect: Dialect, stack: AsyncExitStack) -> dict[str, str]:
    urls = {}
    for name, app in dialect.sites().items():
        site = await listen(app, "127.0.0.1", 0)
        stack.push_async_callback(site.runner.cleanup)
        scheme = site.url.replace("http", "ws", 1) if name.startswith("ws") else site.url
        urls[name] = scheme + PATHS.get((dialect.slug, name), "")
    return urls


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    async with AsyncExitStack() as stack:
        exchanges = {}
        dialects = (kalshi.Kalshi(world, kalshi.Terms(tier="premier")), polymarket.build(world))
        for dialect in dialects:
            credentials = {
                name: Secret(text) for name, text in dialect.demo_credentials(f"demo_{dialect.slug}").items()
            }
            account = Account(1, "demo", "USD", credentials)
            context = VenueContext(account, world.clock, await urls_of(dialect, stack))
            exchanges[dialect.slug] = exchange = build_exchange(dialect.slug, context)
            await exchange.open(lambda _: None)
            stack.push_async_callback(exchange.close)
        feed = oddspapi.build(world)
        for fixture in fixtures():
            world.put_fixture(fixture)
        url = (await urls_of(feed, stack))["rest"]
        book = PriceBook()
        client = FeedClient(
            rest_url=f"{url}/en",
            ws_url=f"{url.replace('http', 'ws')}/ws",
            key=Secret(oddspapi.DEMO_KEY),
            scope=Scope(tuple(sorted({fixture.sport_id for fixture in fixtures()})), (VenueSlug("pinnacle"),)),
            book=book,
            clock=world.clock,
            limits=Limits(live_ms=10_000, pregame_ms=60_000, silence_ms=10_000),
            sink=lambda *_: None,
            backoff=lambda: Backoff(0.001, 0.01),
        )
        client.start()
        stack.push_async_callback(client.stop)
        made = Scene(world, exchanges, book, client)
        await made.until(lambda: len(list(fixtures_of(book.fixtures(), SLUGS))) == len(made.known))
        yield made


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
async def test_every_winner_is_proved_and_backs_what_its_name_says(scene: Scene, venue: str) -> None:
    listings = await scene.listings(venue)
    mappings = scene.map(listings)
    assert [mapping.evidence.doubts for mapping in mappings] == [()] * len(mappings)
    assert {mapping.verdict for mapping in mappings} == {Verdict.PROVED}
    found = set()
    for listing, mapping in zip(listings, mappings, strict=True):
        fixture = next(known for known in scene.known if known.fixture_id == mapping.fixture_id)
        winner = scene.world.catalogue.winner(fixture.sport_id)
        assert winner is not None
        names = (fixture.participant1_name, fixture.participant2_name)
        backed = dict(zip(winner.outcomes, names, strict=True))
        assert mapping.market_id == winner.market_id
        assert mapping.buys is not None
        assert mapping.sells is not None
        assert (backed[mapping.buys], backed[mapping.sells]) == (listing.outcome, listing.opposite)
        found.add((mapping.fixture_id, mapping.buys))
    assert len(found) == len(listings) == 2 * len(scene.known)


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
async def test_buying_a_contract_pays_when_its_outcome_wins(scene: Scene, venue: str) -> None:
    """The simulator's own contract under the listing is settled by the outcome that the mapping tells."""
    for mapping in scene.map(await scene.listings(venue)):
        contract = next(
            contract
            for contract in scene.world.exchanges[venue].contracts.values()
            if contract.ref in (mapping.instrument_ref, mapping.market_ref)
        )
        assert {contract.yes.outcome_id, contract.no.outcome_id} == {mapping.buys, mapping.sells}
        assert contract.yes.fixture_id == mapping.fixture_id
        if contract.ref == mapping.instrument_ref:
            assert contract.yes.outcome_id == mapping.buys


async def test_both_exchanges_back_an_outcome_twice_each(scene: Scene) -> None:
    instruments = Instruments()
    for venue in scene.exchanges:
        listings = await scene.listings(venue)
        instruments.learn(listings, scene.map(listings))
    for fixture in scene.known:
        winner = scene.world.catalogue.winner(fixture.sport_id)
        assert winner is not None
        key = MarketKey(fixture.fixture_id, winner.market_id)
        for outcome in winner.outcomes:
            sides = [(c.instrument.venue, side.name) for c, side in instruments.backing(key, outcome)]
            assert sorted(sides) == [(v, s) for v in ("kalshi", "polymarket") for s in ("BUY", "SELL")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"participant2_name": "Zverev, Alexander"}, "though the other name fits"),
        ({"participant2_name": "Alcaraz, Karlos"}, "only similar"),
        ({"start_time": START_S + 9 * 3600}, "minutes apart"),
        ({"tournament_name": "ATP Finals, Doubles"}, "marks differ"),
        ({"status_id": 2}, "the match is over and the contract is open"),
    ],
)
async def test_a_match_that_the_feed_tells_otherwise_is_quarantined(
    scene: Scene, changes: dict[str, Any], reason: str
) -> None:
    listings = {venue: await exchange.listings("tennis") for venue, exchange in scene.exchanges.items()}
    sinner = next(fixture for fixture in scene.known if fixture.participant1_name == "Sinner, Jannik")
    await scene.change(sinner, **changes)
    for venue, known in listings.items():
        for listing, mapping in zip(known, scene.map(known), strict=True):
            if sinner.participant1_name in listing.participants:
                assert (mapping.verdict, reason in mapping.reason) == (Verdict.QUARANTINED, True), (venue, mapping)
            else:
                assert mapping.verdict is Verdict.PROVED


async def test_a_match_told_twice_is_quarantined(scene: Scene) -> None:
    listings = await scene.exchanges["kalshi"].listings("tennis")
    sinner = next(fixture for fixture in scene.known if fixture.participant1_name == "Sinner, Jannik")
    twin = FixtureId("id1200231469999999")
    scene.world.put_fixture(replace(sinner, fixture_id=twin))
    await scene.until(lambda: scene.book.fixture(twin))
    for listing, mapping in zip(listings, scene.map(listings), strict=True):
        if sinner.participant1_name in listing.participants:
            assert mapping.reason == f"match {twin} fits as well"
