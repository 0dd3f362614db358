"""Switches, cancels and settings, carried out on real orders in the simulated world."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.core.clock import SystemClock
from hedgerow.core.errors import ApiError
from hedgerow.core.states import OrderStatus, Side
from hedgerow.core.tasks import spawn, stop
from hedgerow.mm.commanding import Commander
from hedgerow.mm.controls import Result, Switch, TradingState
from hedgerow.mm.controls import turn as turned
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import Trader
from hedgerow.mm.policy import Policies, Policy
from hedgerow.mm.repository import Repository
from hedgerow.mm.roster import Roster
from hedgerow.mm.shards import WHOLE
from hedgerow.storage.database import StorageError

from .worldkit import CLIENT, HOME, MATCH, TOURNAMENT, Scene


def commands(scene: Scene) -> Commander:
    return scene.process.maker.commands


async def turn(scene: Scene, switch: Switch) -> Result:
    result, outcome = await commands(scene).switch(CLIENT, switch, "because", "test")
    assert outcome.is_complete
    return result


# --- the client's switches -----------------------------------------------------------------------------------------


async def test_pause_keeps_what_rests_and_posts_nothing(quoting: Scene) -> None:
    before, sent = quoting.resting(), len(quoting.sim_orders("polymarket"))
    assert await turn(quoting, Switch.PAUSE) is Result.PAUSED
    await quoting.run(5)
    assert quoting.resting() == before
    await quoting.step(act=lambda: quoting.put_odds("2.06", "1.84"))
    await quoting.run(2)
    assert len(quoting.sim_orders("polymarket")) == sent


async def test_paused_quote_that_became_too_generous_is_taken_away(quoting: Scene) -> None:
    await turn(quoting, Switch.PAUSE)
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(1)
    assert {(order.outcome_id, order.side) for order in quoting.resting("polymarket")} == {(HOME + 1, Side.BUY)}


async def test_fill_of_a_paused_quote_is_hedged(quoting: Scene) -> None:
    await turn(quoting, Switch.PAUSE)
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.45", 50))
    assert len(quoting.sim_bets()) == 1
    assert await quoting.unhedged() == 0


async def test_resume_goes_on_quoting(quoting: Scene) -> None:
    await turn(quoting, Switch.PAUSE)
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    assert await turn(quoting, Switch.RESUME) is Result.RESUMED
    await quoting.run(2)
    assert len(quoting.resting()) == 6


async def test_stop_answers_after_every_order_is_cancelled(quoting: Scene) -> None:
    orders = quoting.process.orders()
    result, outcome = await commands(quoting).switch(CLIENT, Switch.STOP, "enough", "test")
    assert result is Result.STOPPED
    assert set(outcome.cancelled) == {order.order_id for order in orders}
    assert quoting.resting() == []
    assert {order.status for order in orders} == {OrderStatus.CANCELLED}


async def turn_elsewhere(scene: Scene, switch: Switch) -> None:
    """As another process commits it."""
    controls = await scene.switches.client_controls(CLIENT)
    assert controls is not None
    async with scene.database.transaction() as connection:
        await scene.switches.save_controls(connection, turned(controls, switch, SystemClock().now(), None)[0])


async def test_stop_answers_orders_that_left_when_the_switch_was_read_before(quoting: Scene) -> None:
    orders = {order.order_id for order in quoting.process.orders()}
    await turn_elsewhere(quoting, Switch.STOP)
    await commands(quoting).refresh_settings()
    assert quoting.resting() == []
    result, outcome = await commands(quoting).switch(CLIENT, Switch.STOP, None, "test")
    assert (result, set(outcome.cancelled), len(outcome.cancelled)) == (Result.ALREADY_STOPPED, orders, len(orders))
    assert (await commands(quoting).switch(CLIENT, Switch.STOP, None, "test"))[1].cancelled == ()


async def test_stop_answers_once_what_is_leaving_since_the_switch_was_read(quoting: Scene) -> None:
    orders = {order.order_id for order in quoting.process.orders()}
    await turn_elsewhere(quoting, Switch.STOP)
    reading = spawn(commands(quoting).refresh_settings(), "settings")
    await quoting.until(lambda: commands(quoting)._untold != {})
    _, outcome = await commands(quoting).switch(CLIENT, Switch.STOP, None, "test")
    assert sorted(outcome.cancelled) == sorted(orders)
    await reading


async def test_start_ends_what_a_stop_has_not_answered(quoting: Scene) -> None:
    ended = {order.order_id for order in quoting.process.orders()}
    await turn_elsewhere(quoting, Switch.STOP)
    await commands(quoting).refresh_settings()
    await turn(quoting, Switch.START)
    assert ended.isdisjoint((await commands(quoting).switch(CLIENT, Switch.STOP, None, "test"))[1].cancelled)


async def test_stop_long_after_the_switch_was_read_answers_its_own_orders_only(quoting: Scene) -> None:
    await turn_elsewhere(quoting, Switch.STOP)
    await commands(quoting).refresh_settings()
    await quoting.run(11)
    assert (await commands(quoting).switch(CLIENT, Switch.STOP, None, "test"))[1].cancelled == ()


async def test_stop_does_not_answer_what_the_operators_switch_took_away(quoting: Scene) -> None:
    await quoting.turn_system(stopped=True)
    await quoting.until(lambda: not quoting.resting())
    assert (await commands(quoting).switch(CLIENT, Switch.STOP, None, "test"))[1].cancelled == ()


async def test_who_asks_after_a_stop_finds_no_open_order(quoting: Scene) -> None:
    before = len(quoting.process.orders())
    await commands(quoting).switch(CLIENT, Switch.STOP, None, "test")
    rows = await quoting.database.fetch("select status from mm_orders")
    assert [row["status"] for row in rows] == ["CANCELLED"] * before


async def test_stop_survives_a_restart_and_start_ends_it(quoting: Scene) -> None:
    await turn(quoting, Switch.STOP)
    await quoting.process.stop()
    await quoting.start()
    await quoting.run(5)
    assert quoting.resting() == []
    assert await turn(quoting, Switch.RESUME) is Result.START_REQUIRED
    assert await turn(quoting, Switch.START) is Result.STARTED
    await quoting.run_until(lambda: len(quoting.resting()) == 6)


async def test_stop_names_the_orders_that_an_exchange_did_not_cancel(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.commanding.CANCEL_PATIENCE_S", 2.0)
    kept = {order.order_id for order in quoting.process.lane("kalshi").live_orders()}
    quoting.behave("kalshi", down=True)
    _, outcome = await commands(quoting).switch(CLIENT, Switch.STOP, None, "test")
    assert set(outcome.failed) == kept
    assert len(outcome.cancelled) == 2
    quoting.behave("kalshi")
    await quoting.connected(lambda: not quoting.resting())


class SlowPolicies:
    """Holds up whoever reads the settings, in the middle of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        load = Policies.load

        async def slowly(policies: Policies, client: str) -> Policy:
            self.reached.set()
            await self.go_on.wait()
            return await load(policies, client)

        monkeypatch.setattr(Policies, "load", slowly)


async def test_stop_is_not_undone_by_settings_that_were_read_before(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = SlowPolicies(monkeypatch)
    refreshing = spawn(commands(quoting).refresh(), "refresh")
    await policies.reached.wait()
    stopping = spawn(turn(quoting, Switch.STOP), "stop")
    await asyncio.wait([stopping], timeout=0.3)
    policies.go_on.set()
    await asyncio.gather(refreshing, stopping)
    await quoting.run(1)
    assert quoting.resting() == []


async def test_halt_is_not_undone_by_settings_that_were_read_before(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies, maker = SlowPolicies(monkeypatch), quoting.process.maker
    refreshing = spawn(commands(quoting).refresh(), "refresh")
    await policies.reached.wait()
    maker._roster.halt()
    policies.go_on.set()
    await refreshing
    assert maker.engine.traders[CLIENT].state is TradingState.SYSTEM_STOPPED


async def test_client_that_is_taken_out_is_quoted_for_no_more(quoting: Scene) -> None:
    await quoting.accounts.set_client_active(CLIENT, is_active=False)
    await quoting.until(lambda: not quoting.resting())
    await quoting.accounts.set_client_active(CLIENT, is_active=True)
    await quoting.until(lambda: len(quoting.resting()) == 6)


async def test_what_rests_for_a_client_that_was_taken_out_meanwhile_is_taken_away(quoting: Scene) -> None:
    await quoting.process.kill()
    await quoting.accounts.set_client_active(CLIENT, is_active=False)
    await quoting.start()
    await quoting.run_until(lambda: not quoting.resting(), most_s=10)


async def test_fills_of_a_client_that_was_taken_out_meanwhile_are_hedged_and_settled(quoting: Scene) -> None:
    await quoting.step(act=lambda: (quoting.suspend(), quoting.take("polymarket", Side.SELL, "0.45", 50)))
    await turn(quoting, Switch.STOP)
    await quoting.process.kill()
    assert (quoting.resting(), quoting.sim_bets()) == ([], [])
    await quoting.accounts.set_client_active(CLIENT, is_active=False)
    await quoting.start()
    await quoting.step(act=lambda: quoting.suspend(False))
    await quoting.run_until(lambda: len(quoting.sim_bets()) == 1)
    assert (await quoting.unhedged(), quoting.resting()) == (0, [])


async def test_switch_is_noted_in_the_audit_trail(quoting: Scene) -> None:
    await turn(quoting, Switch.PAUSE)
    rows = await quoting.database.fetch("select actor, action, data from audit where subject = 'client'")
    assert [(row["actor"], row["action"], row["data"]) for row in rows] == [("test", "pause", {"reason": "because"})]


async def test_client_that_does_not_trade_is_not_found(quoting: Scene) -> None:
    with pytest.raises(ApiError) as caught:
        await commands(quoting).switch("nobody", Switch.PAUSE, None, "test")
    assert caught.value.status == 404


# --- the operator's switches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["soft_paused", "stopped", "emergency"])
async def test_operators_switch_takes_everything_away_until_it_is_cleared(quoting: Scene, switch: str) -> None:
    await quoting.turn_system(**{switch: True})
    await quoting.until(lambda: not quoting.resting())
    await quoting.step(act=lambda: quoting.put_odds("2.10", "1.80"))
    await quoting.run(3)
    assert quoting.resting() == []
    await quoting.turn_system()
    await quoting.until(lambda: len(quoting.resting()) == 6)


@pytest.mark.parametrize("switch", ["soft_paused", "stopped"])
async def test_fill_that_could_not_be_hedged_is_hedged_under_the_operators_switch(quoting: Scene, switch: str) -> None:
    await quoting.step(act=lambda: (quoting.suspend(), quoting.take("polymarket", Side.SELL, "0.45", 50)))
    assert await quoting.unhedged() > 0
    await quoting.turn_system(**{switch: True})
    await quoting.until(lambda: not quoting.resting())
    await quoting.step(act=lambda: quoting.suspend(False))
    await quoting.run(3)
    assert len(quoting.sim_bets()) == 1
    assert await quoting.unhedged() == 0


async def test_emergency_is_read_from_the_database_by_a_process_that_nobody_tells(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.upkeep.SETTINGS_EVERY_S", 60.0)
    quoting.process.maker.upkeep.settings_changed()  # begins the longer pause
    await quoting.database.execute("update mm_system set emergency = true")
    await quoting.until(lambda: not quoting.resting())


async def test_emergency_does_not_wait_for_an_account_that_is_being_opened(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Roster) -> tuple[list[Trader], list[Lane]]:
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Roster, "load_accounts", never)
    opening = spawn(commands(quoting).refresh(), "a venue that does not answer")
    await quoting.turn_system(emergency=True)
    await quoting.until(lambda: not quoting.resting())
    await stop(opening)


async def test_emergency_reaches_all_though_the_database_was_away_in_the_middle(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await quoting.accounts.add_client("rival", "Rival")
    await quoting.switches.add_client("rival", "pinnacle")
    await commands(quoting).refresh()
    load, failed = Policies.load, asyncio.Event()

    async def load_or_fail(policies: Policies, client: str) -> Policy:
        if client == "rival" and not failed.is_set():
            failed.set()
            raise StorageError("away")
        return await load(policies, client)

    monkeypatch.setattr(Policies, "load", load_or_fail)
    await quoting.turn_system(emergency=True)
    await failed.wait()
    await quoting.until(lambda: not quoting.resting())


async def test_emergency_survives_a_restart(quoting: Scene) -> None:
    await quoting.turn_system(emergency=True)
    await quoting.process.kill()
    await quoting.start()
    await quoting.run_until(lambda: not quoting.resting(), most_s=10)
    await quoting.run(5)
    assert quoting.resting() == []


# --- cancels -------------------------------------------------------------------------------------------------------


async def test_cancelled_order_is_not_made_again_for_ten_seconds(quoting: Scene) -> None:
    order = quoting.process.lane("polymarket").live_orders()[0]
    outcome = await commands(quoting).cancel(CLIENT, order_id=order.order_id)
    assert outcome.cancelled == (order.order_id,)
    assert len(quoting.resting()) == 5
    await quoting.run(9.5)
    assert len(quoting.resting()) == 5
    await quoting.run(1)
    assert len(quoting.resting()) == 6


async def test_cancel_of_one_exchange_leaves_the_other(quoting: Scene) -> None:
    outcome = await commands(quoting).cancel(CLIENT, exchange="kalshi")
    assert len(outcome.cancelled) == 4
    assert {order.exchange for order in quoting.resting()} == {"polymarket"}


async def test_cancel_of_a_fixture_takes_all_of_it(quoting: Scene) -> None:
    assert (await commands(quoting).cancel(CLIENT, fixture_id="id12990112000000002")).cancelled == ()
    assert len((await commands(quoting).cancel(CLIENT, fixture_id=MATCH)).cancelled) == 6
    assert quoting.resting() == []


async def test_cancel_of_an_order_that_is_not_open_finds_nothing(quoting: Scene) -> None:
    assert (await commands(quoting).cancel(CLIENT, order_id=10**9)).cancelled == ()
    assert len(quoting.resting()) == 6


async def test_who_is_told_that_an_order_is_not_open_finds_it_ended(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.storage.behind._GATHER_S", 60.0)
    lane = quoting.process.lane("polymarket")
    order = lane.live_orders()[0]
    slot = lane.slot_of(order)
    assert slot is not None
    quoting.process.maker.engine.cancel_by_hand(lane, slot, order, 0)
    await quoting.until(lambda: not order.is_live)  # without a step of time, which ends when all is written
    assert (await commands(quoting).cancel(CLIENT, order_id=order.order_id)).cancelled == ()
    query = "select status from mm_orders where order_id = $1"
    assert await quoting.database.fetchval(query, order.order_id) == "CANCELLED"


# --- settings ------------------------------------------------------------------------------------------------------


async def test_deactivated_tournament_has_its_orders_cancelled(quoting: Scene) -> None:
    await quoting.activate(is_active=False)
    change = await commands(quoting).reconfigure(CLIENT)
    assert change.cancelled == {"kalshi": 4, "polymarket": 2}
    assert quoting.resting() == []


async def test_fill_that_could_not_be_hedged_is_hedged_long_after_deactivation(quoting: Scene) -> None:
    await quoting.step(act=lambda: (quoting.suspend(), quoting.take("polymarket", Side.SELL, "0.45", 50)))
    await quoting.activate(is_active=False)
    await commands(quoting).reconfigure(CLIENT)
    await quoting.run(90)
    assert await quoting.unhedged() > 0
    await quoting.step(act=lambda: quoting.suspend(False))
    await quoting.run(3)
    assert len(quoting.sim_bets()) == 1
    assert await quoting.unhedged() == 0


async def test_fill_that_comes_long_after_deactivation_is_hedged(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.commanding.CANCEL_PATIENCE_S", 2.0)
    quoting.behave("kalshi", down=True)
    await quoting.activate(is_active=False)
    await commands(quoting).reconfigure(CLIENT)
    await quoting.run(90)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 50))
    quoting.behave("kalshi")
    await quoting.connected(lambda: len(quoting.sim_bets()) == 1)
    assert quoting.resting() == []


async def test_fill_of_a_tournament_that_was_active_for_a_while_is_graded_by_the_feed(scene: Scene) -> None:
    await scene.activate(is_active=False)
    await scene.start()
    await scene.run(5)
    await scene.activate()
    await commands(scene).reconfigure(CLIENT)
    await scene.run_until(lambda: bool(scene.resting("kalshi")))
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.45", 50))
    await scene.run(2)
    await scene.activate(is_active=False)
    await commands(scene).reconfigure(CLIENT)
    await scene.finish()
    await scene.run(60)
    query = "select feed_settlement from mm_orders where matched_size > 0"
    assert await scene.database.fetchval(query) == "WON"


async def test_deactivation_counts_orders_that_left_when_it_was_read_before(quoting: Scene) -> None:
    await quoting.activate(is_active=False)
    await commands(quoting).refresh_settings()
    await quoting.until(lambda: not quoting.resting())
    assert (await commands(quoting).reconfigure(CLIENT)).cancelled == {"kalshi": 4, "polymarket": 2}
    assert (await commands(quoting).reconfigure(CLIENT)).cancelled == {}


async def test_deactivation_names_the_orders_that_an_exchange_did_not_cancel(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.commanding.CANCEL_PATIENCE_S", 2.0)
    kept = {order.order_id for order in quoting.process.lane("kalshi").live_orders()}
    quoting.behave("kalshi", down=True)
    await quoting.activate(is_active=False)
    change = await commands(quoting).reconfigure(CLIENT)
    assert (change.cancelled, set(change.outcome.failed)) == ({"polymarket": 2}, kept)
    assert len(change.outcome.cancelled) == 2


async def test_what_settings_deny_is_found_where_nobody_trades_it(quoting: Scene) -> None:
    async def denied() -> set[int]:
        return set(await Repository(quoting.database, quoting.process.clock).denied_orders(CLIENT, WHOLE))

    orders = {order.order_id for order in quoting.process.orders()}
    await quoting.run(1)
    await quoting.process.kill()
    assert await denied() == set()
    await quoting.activate(is_active=False)
    assert await denied() == orders
    await quoting.activate()
    await quoting.database.execute("insert into mm_denied_markets values ($1, 12, 'moneyline', true)", CLIENT)
    assert await denied() == set()
    await quoting.database.execute("update mm_denied_markets set player_prop = false")
    assert await denied() == orders


async def test_denied_market_type_has_its_orders_cancelled(quoting: Scene) -> None:
    await quoting.database.execute(
        """insert into mm_denied_markets (client, sport_id, market_type, player_prop)
           values ($1, 12, 'moneyline', false)""",
        CLIENT,
    )
    assert sum((await commands(quoting).reconfigure(CLIENT)).cancelled.values()) == 6
    await quoting.database.execute("delete from mm_denied_markets")
    await commands(quoting).reconfigure(CLIENT)
    await quoting.run(2)
    assert len(quoting.resting()) == 6


async def test_price_ticks_move_the_quotes_away(quoting: Scene) -> None:
    await quoting.activate(ticks=3)
    await commands(quoting).reconfigure(CLIENT)
    await quoting.run(2)
    (bid,) = [o for o in quoting.resting("polymarket") if o.outcome_id == HOME]
    assert bid.price == 420_000


async def test_change_of_nothing_cancels_nothing(quoting: Scene) -> None:
    before = quoting.resting()
    assert (await commands(quoting).reconfigure(CLIENT)).cancelled == {}
    assert quoting.resting() == before


async def test_tournament_is_covered_while_the_bookmaker_has_odds_on_it(quoting: Scene) -> None:
    assert await commands(quoting).covers(CLIENT, TOURNAMENT)
    assert not await commands(quoting).covers(CLIENT, TOURNAMENT + 1)
    await quoting.step(act=lambda: quoting.put_match(status_id=2, live=False))
    assert not await commands(quoting).covers(CLIENT, TOURNAMENT)
