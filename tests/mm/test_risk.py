"""What bounds the risk: every cap binds, is named, and holds whatever is filled; losses and refusals stop quoting."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from itertools import product

import pytest

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.mm.daily import result_of_day
from hedgerow.mm.orders import stake_of
from hedgerow.mm.policy import Policies, Scope
from hedgerow.mm.sizing import CapName

from .worldkit import AWAY, CLIENT, HOME, MATCH, TOURNAMENT, Scene


def policies(scene: Scene) -> Policies:
    return Policies(scene.database, scene.world.clock)


GRID = PriceGrid.probability(10_000)


async def changed(scene: Scene) -> None:
    """As the command line's message to the running service."""
    await scene.process.maker.commands.refresh()
    await scene.run(1)


def at_risk(scene: Scene, exchange: str | None = None) -> int:
    """What our resting orders and unsettled fills put at risk, by the exchanges' own books."""
    total = 0
    for slug in [exchange] if exchange else ["kalshi", "polymarket"]:
        for order in scene.sim_orders(slug):
            is_open = order.state.value == "open"
            total += stake_of(order.side, order.price, order.filled + (order.remaining if is_open else 0), GRID)
    return total


def bounds(scene: Scene) -> set[str | None]:
    return {place.unquoted for place in scene.process.market.places}


CAPS = [
    (Scope.CLIENT, "", CapName.CLIENT),
    (Scope.FIXTURE, str(MATCH), CapName.FIXTURE),
    (Scope.TOURNAMENT, str(TOURNAMENT), CapName.TOURNAMENT),
]


@pytest.mark.parametrize(("scope", "subject", "name"), CAPS)
async def test_cap_bounds_all_orders_and_fills_together_and_is_named(
    quoting: Scene, scope: Scope, subject: str, name: CapName
) -> None:
    await policies(quoting).set_cap(CLIENT, scope, subject, Decimal(60))
    await changed(quoting)
    assert 0 < at_risk(quoting) <= 60 * MICRO
    assert name in bounds(quoting)
    for exchange, outcome in product(("kalshi", "polymarket"), (HOME, AWAY)):
        await quoting.step(act=partial(quoting.take, exchange, Side.SELL, "0.40", 40, outcome))
        for odds in (("2.10", "1.81"), ("2.05", "1.85")):
            await quoting.step(act=partial(quoting.put_odds, *odds))
            assert at_risk(quoting) <= 60 * MICRO
    assert await quoting.fills()
    assert name in bounds(quoting)


async def test_cap_of_an_exchange_leaves_the_other_alone(quoting: Scene) -> None:
    before = at_risk(quoting, "polymarket")
    await policies(quoting).set_cap(CLIENT, Scope.EXCHANGE, "kalshi", Decimal(30))
    await changed(quoting)
    assert at_risk(quoting, "kalshi") <= 30 * MICRO
    assert at_risk(quoting, "polymarket") == before


async def test_cap_of_an_outcome_counts_what_needs_the_same_hedge_at_all_exchanges(quoting: Scene) -> None:
    await policies(quoting).set_cap(CLIENT, Scope.OUTCOME, "", Decimal(50))
    await changed(quoting)
    by_hedge = dict.fromkeys((HOME, AWAY), 0)
    for order in quoting.resting():
        hedge = order.outcome_id if order.side is Side.SELL else HOME if order.outcome_id == AWAY else AWAY
        by_hedge[hedge] += stake_of(order.side, order.price, order.size, GRID)
    assert all(0 < stake <= 50 * MICRO for stake in by_hedge.values())


async def test_cancelled_order_and_metric_name_the_cap(quoting: Scene) -> None:
    await policies(quoting).set_cap(CLIENT, Scope.CLIENT, "", Decimal(0))
    await changed(quoting)
    assert quoting.resting() == []
    rows = await quoting.database.fetch("select distinct reason from mm_orders where status = 'CANCELLED'")
    assert CapName.CLIENT.value in {row["reason"] for row in rows}
    assert bounds(quoting) == {CapName.CLIENT}


async def test_caps_count_what_was_matched_before_a_restart(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await policies(quoting).set_cap(CLIENT, Scope.CLIENT, "", Decimal(50))
    await quoting.process.stop()
    await quoting.start()
    await quoting.run_until(lambda: bool(quoting.resting()))
    await quoting.run(2)
    assert at_risk(quoting) <= 50 * MICRO


async def test_settled_market_gives_its_stakes_back(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    trader = quoting.process.trader
    assert max(stakes.matched for stakes in trader.stakes.values()) == 45 * MICRO
    await quoting.finish()
    await quoting.run_until(lambda: not trader.markets)
    assert {where for where, _ in trader.stakes} == {Scope.TOURNAMENT, Scope.EXCHANGE, Scope.CLIENT}
    assert {stakes.used for stakes in trader.stakes.values()} == {0}


# --- stops -----------------------------------------------------------------------------------------------------------


async def test_loss_of_the_day_stops_quoting_until_the_day_is_over(quoting: Scene) -> None:
    await policies(quoting).set_stops(CLIENT, Decimal(10), None)
    await changed(quoting)
    today = quoting.world.clock.now().date()
    await quoting.step(act=lambda: (quoting.suspend(), quoting.take("kalshi", Side.SELL, "0.45", 100)))
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.LOST))
    await quoting.run_until(lambda: quoting.process.trader.stopped_by is CapName.DAILY_LOSS, most_s=120)
    assert await result_of_day(quoting.database, CLIENT, today) == -45
    await quoting.process.kill()
    await quoting.start()
    assert quoting.process.trader.stopped_by is CapName.DAILY_LOSS
    await policies(quoting).set_stops(CLIENT, Decimal(100), None)
    await changed(quoting)
    assert quoting.process.trader.stopped_by is None


async def test_half_settled_market_is_no_loss_yet(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    today = quoting.world.clock.now().date()
    quoting.behave("pinnacle", down=True)
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.LOST))
    await quoting.run(20)
    rows = await quoting.database.fetch("select pnl from mm_orders where matched_size > 0 and pnl is not null")
    assert [row["pnl"] for row in rows] == [-45]
    assert await result_of_day(quoting.database, CLIENT, today) == 0


async def test_refused_hedges_stop_quoting_and_the_stop_ends_by_itself(quoting: Scene) -> None:
    await policies(quoting).set_stops(CLIENT, None, Decimal("0.5"))
    await changed(quoting)
    quoting.behave("pinnacle", rejectRate="1")
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.run_until(lambda: quoting.process.trader.stopped_by is CapName.HEDGE_REJECTS, most_s=30)
    assert quoting.resting() == []
    quoting.behave("pinnacle")
    await quoting.run_until(lambda: quoting.process.trader.stopped_by is None, most_s=120)
    await quoting.run_until(lambda: bool(quoting.resting()), most_s=5)
    assert await quoting.unhedged() == 0
