"""Odds of an exchange are orders in its book, and the feed tells them by the exchange's own names."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects import matchbook
from hedgerow.sim.dialects.kalshi import Kalshi, Terms
from hedgerow.sim.dialects.matchbook import Matchbook
from hedgerow.sim.dialects.oddspapi import build
from hedgerow.sim.dialects.prophetx import ProphetX
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.world import Fixture, World

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
NOW_S = 1_795_190_000


def offered(outcome: OutcomeKey, price: str | None, limit: str = "57", *, active: bool = True) -> Quote:
    odds = None if price is None else Decimal(price)
    return Quote(outcome, "kalshi", odds, Decimal(limit), Decimal(1), "USD", active, 0)


@pytest.fixture
def world() -> World:
    made = World(Catalogue())
    made.clock.run_stepped(NOW_S * NS_PER_S)
    Kalshi(made, Terms())
    made.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200, "ATP Finals", "ATP"))
    return made


def books(world: World) -> list[tuple[list[Any], list[Any]]]:
    """(bids, asks) of the contracts of Sinner and of Alcaraz."""
    exchange: Exchange = world.exchanges["kalshi"]
    found = [exchange.book(contract) for contract in exchange.contracts.values()]
    return [(book.levels(is_bid=True), book.levels(is_bid=False)) for book in found]


def test_an_offer_rests_at_the_price_that_is_no_worse_for_who_takes_it(world: World) -> None:
    world.put_odds([offered(SINNER, "1.75")])  # 0.5714...
    assert books(world) == [([], [(570_000, 100_000_000)]), ([(430_000, 100_000_000)], [])]
    assert world.exchanges["kalshi"].ledger()["entries"] == []


@pytest.mark.parametrize("gone", [offered(SINNER, "1.75", active=False), offered(SINNER, None)])
def test_an_offer_that_goes_takes_its_orders_along(world: World, gone: Quote) -> None:
    world.put_odds([offered(SINNER, "1.75")])
    world.put_odds([gone])
    assert books(world) == [([], []), ([], [])]


def test_a_new_offer_takes_the_place_of_the_old_one(world: World) -> None:
    world.put_odds([offered(SINNER, "1.75")])
    world.put_odds([offered(SINNER, "2", "10")])
    assert books(world)[0] == ([], [(500_000, 20_000_000)])


def test_a_reset_world_offers_nothing_and_can_be_offered_to_again(world: World) -> None:
    world.put_odds([offered(SINNER, "1.75")])
    fixture = world.fixtures[FIXTURE]
    world.reset()
    world.put_fixture(fixture)
    assert books(world) == [([], []), ([], [])]
    world.put_odds([offered(SINNER, "1.75")])
    assert len(books(world)[0][1]) == 1


def test_the_feed_names_the_contract_and_tells_its_book(world: World) -> None:
    view = build(world).view
    world.put_odds([offered(SINNER, "1.75"), offered(ALCARAZ, "2.2", "45")])
    (row,) = view.present(world.fixtures[FIXTURE], "kalshi", [(SINNER.outcome_id, SINNER.player_id)]).values()
    (ticker, *_) = world.exchanges["kalshi"].contracts
    assert (row["bookmakerMarketId"], row["bookmakerOutcomeId"]) == (ticker, f"{ticker}:yes")
    assert row["price"] == Decimal("1.75")
    assert row["meta"] == {
        "back": [{"price": Decimal("1.754"), "limit": 57, "cents": Decimal("0.57"), "size": 100}],
        "lay": [{"price": Decimal("1.818"), "limit": 55, "cents": Decimal("0.55"), "size": 100}],
        "bookmakerLayOutcomeId": f"{ticker}:no",
    }


def test_the_feed_tells_a_betting_exchanges_book_in_odds_and_stakes() -> None:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    Matchbook(world, matchbook.Terms())
    view = build(world).view
    names = "Jannik Sinner", "Carlos Alcaraz"
    world.put_fixture(Fixture(FIXTURE, 12, 2314, *names, NOW_S + 7200, "ATP Finals", "ATP"))
    world.put_odds([replace(offered(SINNER, "1.73", "40"), bookmaker="matchbook")])
    (row,) = view.present(world.fixtures[FIXTURE], "matchbook", [(SINNER.outcome_id, SINNER.player_id)]).values()
    assert row["meta"] == {"availableToBack": [{"price": Decimal("1.73"), "size": 40}], "availableToLay": []}


def test_the_feed_tells_both_sides_of_american_odds_in_their_own() -> None:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    ProphetX(world)
    view = build(world).view
    names = "Jannik Sinner", "Carlos Alcaraz"
    world.put_fixture(Fixture(FIXTURE, 12, 2314, *names, NOW_S + 7200, "ATP Finals", "ATP"))
    offers = offered(SINNER, "1.75", "60"), offered(ALCARAZ, "2.2", "60")
    world.put_odds([replace(offer, bookmaker="prophetx") for offer in offers])
    sides = [(one.outcome_id, one.player_id) for one in (SINNER, ALCARAZ)]
    first, second = (row["meta"] for row in view.present(world.fixtures[FIXTURE], "prophetx", sides).values())
    # -132 and +122, of which the other sides are +132 and -122: whole cents on both.
    assert first["availableToBack"] == [{"price": Decimal("1.757575"), "size": Decimal("59.73")}]
    assert first["availableToLay"] == [{"price": Decimal("1.819672"), "size": Decimal("72.59")}]
    assert second["availableToBack"] == [{"price": Decimal("2.22"), "size": Decimal("59.5")}]
    assert second["availableToLay"] == [{"price": Decimal("2.32"), "size": Decimal("45.25")}]
