"""A client in shadow mode and one that trades, side by side in the simulated world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY

from hedgerow.core.ids import ClientName
from hedgerow.core.money import MICRO
from hedgerow.core.observe import _UNHEDGED_STAKE
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.core.tasks import Backoff
from hedgerow.mm.controls import TournamentSettings
from hedgerow.mm.orders import Order
from hedgerow.mm.outcome import outcome
from hedgerow.mm.policy import Policies
from hedgerow.mm.pricing import Pricing
from hedgerow.mm.shadowing import SCHEMA, Shadowing
from hedgerow.sim.orders import Leg
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms

from .test_two_clients import add_rival
from .worldkit import CLIENT, HOME, TOURNAMENT, Scene, scene_on

RIVAL = ClientName("rival")
REAL_TABLES = ("mm_orders", "mm_fills", "mm_quotes", "bets", "mm_disputes")
UNTOUCHED = -1
AT_BREAK_EVEN = TournamentSettings(TOURNAMENT, is_active=True, limit_ratio=Decimal("0.8"), price_ticks=0)


@pytest.fixture
async def paper(database_url: Secret) -> AsyncIterator[Database]:
    found = await Database.connect(database_url, size=4, schema=SCHEMA)
    yield found
    await found.close()


@pytest.fixture
async def beside(database: Database, paper: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """The demo client trades; its rival, with an account at Kalshi, is in shadow mode."""
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database) as scene:
        scene.paper = paper
        await add_rival(scene)
        await scene.switches.save_tournament(RIVAL, AT_BREAK_EVEN)
        await Policies(database, scene.world.clock).set_pricing(RIVAL, (None, None), Pricing())
        await Shadowing(database, scene.world.clock).turn(RIVAL, None, on=True)
        await scene.start()
        await scene.connected(lambda: len(shadow_orders(scene, Side.BUY)) == 2 and bool(scene.resting("kalshi")))
        await scene.run(2)
        yield scene


def shadow_orders(scene: Scene, side: Side, client: str = RIVAL) -> list[Order]:
    """What rests on paper."""
    maker = scene.process.maker.shadow
    assert maker is not None
    trader = maker.engine.traders.get(client)
    lanes = trader.lanes if trader is not None else []
    return [o for lane in lanes for o in lane.live_orders() if o.side is side and o.status.value == "PLACED"]


def shadow_bid(scene: Scene) -> Order:
    """On the home player, at 0.45."""
    return next(o for o in shadow_orders(scene, Side.BUY) if o.price == 450_000)


def others_bid(scene: Scene, price: int, contracts: int) -> None:
    """Somebody else rests on the home player's contract at Kalshi."""
    engine = scene.world.exchanges["kalshi"]
    contract = next(c for c in engine.contracts.values() if c.yes.outcome_id == HOME)
    engine.place("other", contract, Leg.YES, Side.BUY, price, contracts * MICRO, reference=f"other {price} {contracts}")


def unhedged_gauge(client: str) -> float | None:
    return REGISTRY.get_sample_value("hedgerow_mm_unhedged_stake_usd", {"client": client})


async def test_nothing_on_paper_reaches_a_venue_or_the_real_books(beside: Scene, paper: Database) -> None:
    bid = shadow_bid(beside)
    for client in (RIVAL, CLIENT):
        _UNHEDGED_STAKE.labels(client).set(UNTOUCHED)
    at_venue = {order.account for order in beside.world.exchanges["kalshi"].orders.values()}
    assert at_venue == {f"{CLIENT}_kalshi"}
    await beside.step(act=lambda: others_bid(beside, 400_000, 500))
    assert bid.filled == 0
    await beside.step(act=lambda: beside.take("kalshi", Side.SELL, "0.40", 1_000))  # through its price
    await beside.run_until(lambda: bid.filled > 0)
    await beside.run(3)
    done = await outcome(paper, RIVAL)
    assert (done.fills >= 1, done.hedges >= 1, done.unhedged_stake) == (True, True, 0)
    for table in REAL_TABLES:
        if table != "mm_quotes":
            query = f"select count(*) from public.{table} where client = $1"
            assert await beside.database.fetchval(query, RIVAL) == 0, table
            assert await paper.fetchval(query.replace("public", SCHEMA), CLIENT) == 0, table
    assert not any("rival" in bet.account for bet in beside.sim_bets())
    assert unhedged_gauge(RIVAL) == UNTOUCHED
    assert unhedged_gauge(CLIENT) != UNTOUCHED
    await beside.finish()
    assert await beside.differences() == []
    await beside.run(20)
    settled = await outcome(paper, RIVAL)
    assert (settled.unsettled, settled.pnl > 0) == (0, True)


async def test_turning_cancels_what_rests_before_paper_begins_and_comes_back_clean(
    database: Database, paper: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database) as scene:
        scene.paper = paper
        shadowing = Shadowing(database, scene.world.clock)
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting("kalshi")))
        await shadowing.turn(CLIENT, TOURNAMENT, on=True)
        scene.process.maker.operator_changed()
        await scene.connected(lambda: not scene.resting("kalshi"))
        await scene.connected(lambda: bool(shadow_orders(scene, Side.BUY, CLIENT)))
        ended = await database.fetchval("select max(closed_at) from public.mm_orders")
        began = await paper.fetchval("select min(created_at) from shadow.mm_orders")
        assert ended <= began
        await shadowing.turn(CLIENT, TOURNAMENT, on=False)
        scene.process.maker.operator_changed()
        await scene.connected(lambda: bool(scene.resting("kalshi")) and not shadow_orders(scene, Side.BUY, CLIENT))
        assert scene.process.market.exposure.is_flat
        assert await scene.fills() == []


async def test_disabled_venue_is_not_quoted_on_paper_either(beside: Scene) -> None:
    terms = Terms(beside.database, beside.world.clock)
    await terms.set_bookmaker_active("kalshi", False)
    beside.process.maker.operator_changed()
    await beside.connected(lambda: not shadow_orders(beside, Side.BUY))
    await terms.set_bookmaker_active("kalshi", True)
    beside.process.maker.operator_changed()
    await beside.connected(lambda: len(shadow_orders(beside, Side.BUY)) == 2)


async def test_tables_on_paper_have_the_columns_of_the_real_ones(database: Database) -> None:
    rows = await database.fetch(
        """select table_name, table_schema, array_agg(column_name || ' ' || data_type order by column_name) as columns
           from information_schema.columns where table_schema in ('public', $1) group by 1, 2""",
        SCHEMA,
    )
    columns = {(row["table_schema"], row["table_name"]): row["columns"] for row in rows}
    on_paper = {table: found for (schema, table), found in columns.items() if schema == SCHEMA}
    assert set(on_paper) == {*REAL_TABLES, "audit"}
    assert on_paper == {table: columns[("public", table)] for table in on_paper}
