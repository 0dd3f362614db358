"""The world's truths: what a bettor meets, who hears of what, how everything ends."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.bookmaker import ABOVE_MAXIMUM, Bet, Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import CLOSED, Contract, Leg, Rejection, State
from hedgerow.sim.world import (
    CANCELLED,
    FINISHED,
    LIVE,
    Emptied,
    Fixture,
    FixtureChanged,
    OddsChanged,
    ScoresChanged,
    Settled,
    World,
    WorldEvent,
)

FIXTURE = FixtureId("id1200000161061419")
YES, NO = (OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122))
WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID


@pytest.fixture
def world() -> World:
    clock = WorldClock()
    clock.run_stepped(1_000 * NS_PER_S)
    made = World(Catalogue(), clock)
    made.add_bookmaker("pinnacle")
    made.put_fixture(Fixture(FIXTURE, 12, 1, "Ann", "Bob", 2_000))
    return made


def quote(price: str | None = "2.00", outcome: OutcomeKey = YES, **more: object) -> Quote:
    values: dict[str, object] = {
        "outcome": outcome,
        "bookmaker": "pinnacle",
        "price": None if price is None else Decimal(price),
        "limit": Decimal(100),
        "limit_min": None,
        "currency": "USD",
        "active": True,
        "changed_ms": 0,
    }
    return Quote(**{**values, **more})  # type: ignore[arg-type]


def bet(world: World, stake: str = "10", reference: str = "r", outcome: OutcomeKey = YES) -> Bet:
    book = world.bookmakers["pinnacle"]
    return book.place(
        "demo_pinnacle", outcome, Decimal(stake), reference=reference, least_price=Decimal("1.01"), extra={}
    )


def heard(world: World) -> list[WorldEvent]:
    events: list[WorldEvent] = []
    world.on_event(events.append)
    return events


def listed(world: World) -> tuple[Exchange, Contract]:
    exchange = world.add_exchange(Exchange("market", world.clock))
    contract = Contract("c", MarketKey(FIXTURE, MarketId(121)), YES, NO, PriceGrid.probability(10_000), 10_000, 10_000)
    exchange.add_contract(contract)
    return exchange, contract


def test_unchanged_odds_are_no_event(world: World) -> None:
    events = heard(world)
    world.put_odds([quote()])
    world.clock.step_to(1_001 * NS_PER_S)
    world.put_odds([quote()])
    assert [type(event) for event in events] == [OddsChanged]
    assert world.quotes[YES, "pinnacle"].changed_ms == 1_000_000


def test_each_change_is_a_new_version_at_its_time(world: World) -> None:
    world.put_odds([quote("2.00")])
    world.clock.step_to(1_001 * NS_PER_S)
    world.put_odds([quote("2.10")])
    present = world.quotes[YES, "pinnacle"]
    assert (present.version, present.changed_ms) == (2, 1_001_000)


def test_a_fixtures_quotes_are_its_present_ones(world: World) -> None:
    other = FixtureId("id1200000161061420")
    world.put_fixture(Fixture(other, 12, 1, "Cleo", "Dan", 2_000))
    elsewhere = OutcomeKey(other, OutcomeId(121))
    world.put_odds([quote("1.9"), quote("2.0", NO), quote("3", elsewhere)])
    world.put_odds([quote("1.8")])
    assert [quote.price for quote in world.quotes_of(FIXTURE)] == [Decimal("1.8"), Decimal("2.0")]
    world.reset()
    assert world.quotes_of(FIXTURE) == []


def test_quotes_that_move_together_are_one_event(world: World) -> None:
    events = heard(world)
    world.put_odds([quote("2.00"), quote("1.90", NO)])
    assert [len(event.quotes) for event in events if isinstance(event, OddsChanged)] == [2]


@pytest.mark.parametrize("state", ["suspended", "over", "cancelled"])
def test_no_bet_is_taken_where_the_book_is_shut(world: World, state: str) -> None:
    world.put_odds([quote()])
    if state == "suspended":
        world.put_book(FIXTURE, "pinnacle", suspended=True)
    else:
        status = FINISHED if state == "over" else CANCELLED
        world.put_fixture(Fixture(FIXTURE, 12, 1, "Ann", "Bob", 2_000, status_id=status))
    with pytest.raises(Rejection, match=CLOSED):
        bet(world)


def test_a_suspended_book_opens_with_the_odds_it_had(world: World) -> None:
    world.put_odds([quote("2.00")])
    world.put_book(FIXTURE, "pinnacle", suspended=True)
    world.put_book(FIXTURE, "pinnacle", suspended=False)
    assert bet(world).price == Decimal("2.00")


def test_limits_in_another_currency_are_compared_in_dollars(world: World) -> None:
    world.put_odds([quote(limit=Decimal(85), currency="EUR")])  # 100 USD
    assert bet(world, "100").stake == Decimal(100)
    with pytest.raises(Rejection, match=ABOVE_MAXIMUM):
        bet(world, "100.01", "other")


def test_a_score_alone_does_not_tell_the_fixture_again(world: World) -> None:
    events = heard(world)
    world.put_scores(FIXTURE, {"result": {"participant1Score": 1, "participant2Score": 0}})
    world.put_scores(FIXTURE, {"result": {"participant1Score": 1, "participant2Score": 0}})
    assert [type(event) for event in events] == [ScoresChanged]


def test_true_times_follow_from_the_status(world: World) -> None:
    world.put_fixture(Fixture(FIXTURE, 12, 1, "Ann", "Bob", 2_000, status_id=LIVE))
    assert world.fixtures[FIXTURE].true_start_ms == 1_000_000
    world.settle(FIXTURE, {121: WON})
    assert world.fixtures[FIXTURE].true_end_ms == 1_000_000


def test_a_result_pays_bets_and_contracts_and_ends_the_fixture(world: World) -> None:
    exchange, contract = listed(world)
    world.put_odds([quote("2.50")])
    placed = bet(world, "10")
    exchange.place("demo_market", contract, Leg.YES, Side.BUY, 400_000, MICRO, reference="x")
    exchange.take(YES, Side.SELL, 400_000, MICRO)
    events = heard(world)
    world.settle(FIXTURE, {121: WON, 122: LOST})
    assert (placed.state, placed.payout) == (State.SETTLED, Decimal("25.00"))
    assert world.bookmakers["pinnacle"].balances["demo_pinnacle"] == Decimal("10015.00")
    assert exchange.accounts["demo_market"].cash == 10_000 * MICRO + 600_000
    assert world.fixtures[FIXTURE].status_id == FINISHED
    assert [type(event) for event in events] == [FixtureChanged, Settled]


def test_a_contract_is_decided_by_the_result_of_its_no(world: World) -> None:
    _, contract = listed(world)
    world.settle(FIXTURE, {122: WON})
    assert contract.result is LOST


def test_a_second_result_corrects_the_first(world: World) -> None:
    world.put_odds([quote("2.50")])
    placed = bet(world, "10")
    world.settle(FIXTURE, {121: WON})
    world.settle(FIXTURE, {121: VOID})
    assert (placed.payout, placed.revision) == (Decimal("10.00"), 2)
    assert world.bookmakers["pinnacle"].balances["demo_pinnacle"] == Decimal("10000.00")


def test_a_cancelled_fixture_stays_cancelled_when_it_is_voided(world: World) -> None:
    world.put_fixture(Fixture(FIXTURE, 12, 1, "Ann", "Bob", 2_000, status_id=CANCELLED))
    world.settle(FIXTURE, {121: VOID, 122: VOID})
    assert world.fixtures[FIXTURE].status_id == CANCELLED


async def test_a_bet_that_waits_when_the_result_comes_is_refused(world: World) -> None:
    world.bookmakers["pinnacle"].faults.set(Behaviour(acceptDelayMs=500))
    world.put_odds([quote()])
    placed = bet(world)
    world.settle(FIXTURE, {121: LOST})
    assert placed.state is State.REJECTED
    assert world.bookmakers["pinnacle"].balances["demo_pinnacle"] == Decimal(10_000)
    world.clock.forget()


@given(
    st.lists(
        st.tuples(
            st.decimals("1.01", "50", places=3),
            st.decimals("0.5", "200", places=2),
            st.booleans(),
        ),
        max_size=15,
    ),
    st.sampled_from([s for s in SettlementStatus if s is not SettlementStatus.UNDECIDED]),
)
def test_balances_are_the_opening_plus_payouts_minus_stakes(
    bets: list[tuple[Decimal, Decimal, bool]], result: SettlementStatus
) -> None:
    made = World(Catalogue())
    book = made.add_bookmaker("pinnacle")
    made.put_fixture(Fixture(FIXTURE, 12, 1, "Ann", "Bob", 2_000))
    for number, (price, stake, on_yes) in enumerate(bets):
        outcome = YES if on_yes else NO
        made.put_odds([quote(str(price), outcome, limit=None)])
        bet(made, str(stake), f"r{number}", outcome)
    made.settle(FIXTURE, {121: result, 122: result.mirrored})
    entries = book.ledger()["entries"]
    total = sum((e["payout"] - e["stake"] for e in entries), Decimal(10_000))
    assert book.balances["demo_pinnacle"] == total
    assert all(e["state"] == "settled" and e["payout"] <= e["stake"] * e["price"] for e in entries)


def test_a_reset_forgets_all_but_the_venues(world: World) -> None:
    exchange, contract = listed(world)
    world.put_odds([quote()])
    bet(world)
    exchange.place("demo_market", contract, Leg.YES, Side.BUY, 400_000, MICRO, reference="x")
    world.bookmakers["pinnacle"].faults.set(Behaviour(down=True))
    events = heard(world)
    world.reset()
    assert (world.fixtures, world.quotes, world.books) == ({}, {}, {})
    assert world.bookmakers["pinnacle"].balances == {
        "demo_pinnacle": Decimal(10_000),
        "rival_pinnacle": Decimal(10_000),
    }
    assert world.bookmakers["pinnacle"].ledger()["entries"] == []
    assert not world.bookmakers["pinnacle"].faults.behaviour.down
    assert (exchange.free_cash("demo_market"), exchange.open_orders()) == (10_000 * MICRO, [])
    assert events == [Emptied()]
