"""Switches, cancels and settings, carried out on real orders in the simulated world."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import ApiError
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.commanding import Commander
from hedgerow.mm.controls import Result, Switch

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
    monkeypatch.setattr("hedgerow.mm.commanding.CANCEL_PATIENCE_S", 0.3)
    kept = {order.order_id for order in quoting.process.lane("kalshi").live_orders()}
    quoting.behave("kalshi", down=True)
    _, outcome = await commands(quoting).switch(CLIENT, Switch.STOP, None, "test")
    assert set(outcome.failed) == kept
    assert len(outcome.cancelled) == 2
    quoting.behave("kalshi")
    await quoting.connected(lambda: not quoting.resting())


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


async def test_emergency_is_read_from_the_database_by_a_process_that_nobody_tells(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.upkeep.SETTINGS_EVERY_S", 60.0)
    quoting.process.maker.upkeep.settings_changed()  # begins the longer pause
    await quoting.database.execute("update mm_system set emergency = true")
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


# --- settings ------------------------------------------------------------------------------------------------------


async def test_deactivated_tournament_has_its_orders_cancelled(quoting: Scene) -> None:
    await quoting.activate(is_active=False)
    change = await commands(quoting).reconfigure(CLIENT)
    assert change.cancelled == {"kalshi": 4, "polymarket": 2}
    assert quoting.resting() == []


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
