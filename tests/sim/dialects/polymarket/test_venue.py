"""The venue in its world: what a match's start, its end and a reset do, and what the world's ledger says."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects import polymarket
from hedgerow.sim.dialects.polymarket.desk import Mode
from hedgerow.sim.dialects.polymarket.limits import Tier
from hedgerow.sim.dialects.polymarket.wallets import wallet_of
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.world import World

from .harness import ACCOUNT, FIXTURE, Opens, Venue, tennis

CASH = 10_000 * MICRO


def _cash(venue: Venue) -> int:
    return venue.polymarket.exchange.accounts[ACCOUNT].cash


async def _buy(venue: Venue, price: str = "0.4", size: str = "10") -> None:
    venue.quote("sell", price, size)
    assert (await venue.place("BUY", price, size)).body["status"] == "matched"


# --- the life of a match --------------------------------------------------------------------------------------------


async def test_the_book_is_emptied_once_when_the_match_begins(venue: Venue) -> None:
    await venue.rest("BUY", "0.4")
    venue.world.put_fixture(tennis(status_id=1, live=True))
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 0
    await venue.rest("BUY", "0.4")
    venue.world.put_fixture(tennis(status_id=1, live=True, scores={"1": 1}))
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1


async def test_a_venue_that_keeps_its_books_keeps_them(opens: Opens) -> None:
    venue = await opens(clears_at_start=False)
    await venue.rest("BUY", "0.4")
    venue.world.put_fixture(tennis(status_id=1, live=True))
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1


@pytest.mark.parametrize(("result", "paid"), [("WON", 10 * MICRO), ("LOST", 0), ("VOID", 5 * MICRO)])
async def test_tokens_are_redeemed_when_the_match_is_settled(venue: Venue, result: str, paid: int) -> None:
    await _buy(venue)
    before = _cash(venue)
    venue.world.settle(FIXTURE, {121: SettlementStatus(result)})
    assert _cash(venue) - before == paid
    assert not any(venue.polymarket.exchange.accounts[ACCOUNT].held.values())


async def test_the_second_token_pays_when_the_first_does_not(venue: Venue) -> None:
    venue.quote("buy", "0.6", "10")
    await venue.place("BUY", "0.4", "10", token=1)
    before = _cash(venue)
    venue.world.settle(FIXTURE, {121: SettlementStatus.LOST})
    assert _cash(venue) - before == 10 * MICRO


async def test_money_of_resting_orders_is_free_again_after_the_end(venue: Venue) -> None:
    await venue.rest("BUY", "0.4", "100")
    assert venue.polymarket.exchange.free_cash(ACCOUNT) < CASH
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    assert venue.polymarket.exchange.free_cash(ACCOUNT) == CASH


# --- the world's side -----------------------------------------------------------------------------------------------


async def test_the_ledger_names_orders_by_their_digest(venue: Venue) -> None:
    order_id = await venue.rest("BUY", "0.4", "10")
    (entry,) = venue.polymarket.exchange.ledger()["entries"]
    assert entry["id"] == order_id


async def test_a_reset_leaves_wallets_and_nothing_else(venue: Venue) -> None:
    await _buy(venue)
    desk = venue.polymarket.desk
    desk.mode, desk.closed_only, desk.version = Mode.DISABLED, frozenset({ACCOUNT}), 3
    await venue.ask("DELETE", "/auth/api-key")
    credentials, tokens = venue.credentials(), venue.market.tokens
    venue.world.reset()
    assert venue.credentials() == credentials
    assert (await venue.ask("GET", "/data/trades")).body["data"] == []
    assert (await venue.get("/book", token_id=tokens[0])).status == 404
    assert (await venue.get("/markets", "gamma")).body == []
    venue.world.put_fixture(tennis())
    assert venue.market.tokens == tokens
    await venue.rest()
    assert _cash(venue) == CASH


async def test_an_open_stream_hears_of_the_world_after_a_reset(venue: Venue) -> None:
    stream = await venue.market_stream(custom_feature_enabled=True)
    await stream.hear_all()
    venue.quote("buy", "0.4", "10")
    await stream.hear_all()
    venue.world.reset()
    venue.world.put_fixture(tennis())
    venue.quote("buy", "0.4", "10")
    told = [message["event_type"] for message in await stream.hear_all()]
    assert told == ["new_market", "price_change", "best_bid_ask"]


async def test_a_reset_refills_the_buckets(opens: Opens) -> None:
    venue = await opens(tier=Tier("tiny", 1, 1, 1, 1))
    assert [(await venue.place()).status for _ in range(2)] == [200, 429]
    venue.world.reset()
    venue.world.put_fixture(tennis())
    assert (await venue.place()).status == 200


async def test_a_venue_that_is_down_answers_nobody(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(down=True))
    for site, path in (("clob", "/ok"), ("gamma", "/markets"), ("data", "/trades")):
        with pytest.raises(aiohttp.ClientError):
            await venue.get(path, site)
    with pytest.raises(aiohttp.ClientError):
        await venue.stream("market")


async def test_fixtures_that_were_there_before_the_venue_are_listed() -> None:
    world = World(Catalogue())
    world.put_fixture(tennis())
    built = polymarket.build(world)
    assert built.listings.of_fixture(FIXTURE) is not None
    assert world.exchanges["polymarket"] is built.exchange


def test_a_venue_offers_its_four_sites_and_the_account_of_the_world() -> None:
    built = polymarket.build(World(Catalogue()))
    assert set(built.sites()) == {"clob", "gamma", "data", "ws"}
    told = built.demo_credentials(ACCOUNT)
    wallet = wallet_of(ACCOUNT, 0)
    assert (told["funder"], told["signature_type"]) == (wallet.address, "0")
    assert told["private_key"] == "0x" + wallet.private_key.hex()
    with pytest.raises(KeyError):
        built.demo_credentials("demo_kalshi")


@pytest.mark.parametrize(("settings", "tick"), [({}, "0.01"), ({"tick": 1_000}, "0.001"), ({"tick": 5_000}, "0.005")])
async def test_the_tick_of_new_markets_is_a_setting(opens: Opens, settings: dict[str, Any], tick: str) -> None:
    venue = await opens(**settings)
    assert (await venue.get("/book", token_id=venue.market.tokens[0])).body["tick_size"] == tick


async def test_somebody_s_quotes_and_ours_share_one_book_of_the_world(venue: Venue) -> None:
    await venue.rest("BUY", "0.4", "10", token=1)
    book = venue.polymarket.exchange.book(venue.market.contract)
    assert book.levels(is_bid=False) == [(600_000, 10 * MICRO)]
    filled = venue.take("buy", "0.6", "10")
    assert sum(match.size for match in filled) == 10 * MICRO
    held = venue.polymarket.exchange.accounts[ACCOUNT].held
    assert held[venue.market.contract.ref, Leg.NO] == 10 * MICRO


async def test_a_second_match_has_a_market_of_its_own(venue: Venue) -> None:
    other = FixtureId("id1200000161061420")
    venue.world.put_fixture(tennis(fixture_id=other))
    await venue.rest("BUY", "0.4")
    venue.world.put_fixture(tennis(fixture_id=other, status_id=1, live=True))
    assert (await venue.ask("GET", "/data/orders")).body["count"] == 1
