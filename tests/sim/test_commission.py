"""Commission on net winnings: by market, spread over what won, and given back when results change."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.commission import charge, taken_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import COUNTERPARTY, Contract, Leg

FIXTURE = FixtureId("id1")
HOME, AWAY = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (1, 2))
FIVE_PERCENT, CENT = Decimal("0.05"), 10_000


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange("x", WorldClock())
    made.add_account("we", 1_000 * MICRO)
    for ref, yes, no in (("home", HOME, AWAY), ("away", AWAY, HOME)):
        key = MarketKey(FIXTURE, MarketId(1))
        made.add_contract(Contract(ref, key, yes, no, PriceGrid.probability(10_000), 10_000, 10_000))
    return made


def bought(exchange: Exchange, ref: str, price: int, contracts: int, number: int = 0) -> None:
    contract = exchange.contracts[ref]
    for account, side in (("we", Side.BUY), (COUNTERPARTY, Side.SELL)):
        reference = f"{ref} {number}"
        exchange.place(account, contract, Leg.YES, side, price, contracts * MICRO, reference=reference)


def decide(exchange: Exchange, home: SettlementStatus) -> int:
    """Settles the market; what is charged in the end."""
    charged = 0
    for ref, result in (("home", home), ("away", home.mirrored)):
        contract = exchange.contracts[ref]
        exchange.settle(contract, result)
        if all(one.result is not None for one in exchange.contracts.values()):
            charged = charge(exchange, exchange.orders.values(), FIVE_PERCENT, CENT, contract).get("we", 0)
    return charged


def test_losses_are_set_against_winnings(exchange: Exchange) -> None:
    bought(exchange, "home", 500_000, 10)
    bought(exchange, "away", 300_000, 10)
    assert decide(exchange, SettlementStatus.WON) == 100_000  # of 5 − 3
    assert exchange.accounts["we"].cash == 1_000 * MICRO + 2 * MICRO - 100_000
    assert {order.payout for order in exchange.orders.values() if order.account == "we"} == {10 * MICRO - 100_000, 0}


def test_who_lost_altogether_is_charged_nothing(exchange: Exchange) -> None:
    bought(exchange, "home", 500_000, 4)
    bought(exchange, "away", 300_000, 10)
    assert decide(exchange, SettlementStatus.WON) == 0


def test_the_whole_is_rounded_up_to_its_unit(exchange: Exchange) -> None:
    bought(exchange, "home", 990_000, 1)
    assert decide(exchange, SettlementStatus.WON) == CENT


def test_a_correction_gives_it_back_and_charges_anew(exchange: Exchange) -> None:
    bought(exchange, "home", 500_000, 10)
    bought(exchange, "away", 300_000, 20)
    cash = []
    for result in (SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID, SettlementStatus.WON):
        decide(exchange, result)
        cash.append(exchange.accounts["we"].cash)
    assert cash == [999_000_000, 1_008_550_000, 1_000_000_000, 999_000_000]
    assert not any(taken_of(order) for order in exchange.orders.values())


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 50)), min_size=1, max_size=5))
def test_shares_make_up_the_whole(trades: list[tuple[int, int]]) -> None:
    made = Exchange("x", WorldClock())
    made.add_account("we", 1_000 * MICRO)
    key = MarketKey(FIXTURE, MarketId(1))
    made.add_contract(Contract("home", key, HOME, AWAY, PriceGrid.probability(10_000), 10_000, 10_000))
    for number, (cents, contracts) in enumerate(trades):
        bought(made, "home", cents * 10_000, contracts, number)
    charged = decide_one(made)
    assert sum(taken_of(order) for order in made.orders.values()) == charged
    won = sum(contracts * (100 - cents) * 10_000 for cents, contracts in trades)
    assert 0 <= charged * 20 - won < 20 * CENT


def decide_one(exchange: Exchange) -> int:
    contract = exchange.contracts["home"]
    exchange.settle(contract, SettlementStatus.WON)
    return charge(exchange, exchange.orders.values(), FIVE_PERCENT, CENT, contract)["we"]
