"""From odds to quotes, from fills to hedges, to a settled profit: market making as a whole in the simulated world."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.mm import engine
from hedgerow.mm.analytics import profit_and_loss
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.listing import Days
from hedgerow.mm.settling import ASK_AGAIN_S, Settler
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import OutcomeUnknownError, StorageError

from .worldkit import AWAY, BOOKMAKER, CLIENT, EXCHANGES, HOME, MATCH, Resting, Scene

TICK = 10_000


def break_even(order: Resting, home: str, away: str) -> Decimal:
    """The price in micros at which the order and its hedge pay nothing: 1 - 1/o of the other, or 1/o of its own."""
    odds = {HOME: Decimal(home), AWAY: Decimal(away)}
    other = odds[AWAY if order.outcome_id == HOME else HOME]
    return MICRO * (1 - 1 / other if order.side is Side.BUY else 1 / odds[order.outcome_id])


def distance(order: Resting, home: str, away: str) -> Decimal:
    """How far from break-even the order stands on our side, in micros; negative where it costs us money."""
    away_from = break_even(order, home, away)
    return away_from - order.price if order.side is Side.BUY else order.price - away_from


# --- quotes --------------------------------------------------------------------------------------------------------


async def test_quotes_rest_on_both_exchanges_at_break_even_or_outside(quoting: Scene) -> None:
    orders = quoting.resting()
    places = {(order.exchange, order.outcome_id, order.side) for order in orders}
    assert places == {(exchange, outcome, Side.BUY) for exchange in EXCHANGES for outcome in (HOME, AWAY)} | {
        ("kalshi", outcome, Side.SELL) for outcome in (HOME, AWAY)
    }
    assert all(0 <= distance(order, "2.05", "1.85") < 2 * TICK for order in orders)


async def test_quotes_follow_the_odds_within_one_step(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    orders = quoting.resting()
    assert len(orders) == 6
    assert all(0 <= distance(order, "2.40", "1.64") < 2 * TICK for order in orders)


async def test_an_order_whose_owner_is_forgotten_is_written_all_the_same(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_OWNERS", 1)
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    assert len(quoting.process.maker.engine._owners) == 1
    await quoting.step(act=quoting.suspend)
    await quoting.run(2)
    rows = await quoting.database.fetch("select status, count(*) as number from mm_orders group by status")
    assert {row["status"] for row in rows} == {"CANCELLED"}
    assert sum(row["number"] for row in rows) >= 8


async def test_nothing_rests_after_the_step_that_suspends_the_match(quoting: Scene) -> None:
    await quoting.step(act=quoting.suspend)
    assert quoting.resting() == []
    await quoting.step(act=lambda: quoting.suspend(suspended=False))
    assert len(quoting.resting()) == 6


async def test_outcome_that_goes_inactive_takes_away_what_it_would_hedge(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.put_odds("2.05", "1.85", active=False))
    assert quoting.resting() == []


async def test_match_that_is_over_is_not_quoted(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.put_match(status_id=2, live=False))
    assert quoting.resting() == []


async def test_odds_that_nobody_confirms_any_more_are_not_quoted(quoting: Scene) -> None:
    """Live odds are too old after 10 s; the feed, asked at most so often, answers with an error all the time."""
    await quoting.step(act=quoting.go_live)
    quoting.behave("oddspapi", silent=True, restError=503)
    await quoting.run_until(lambda: not quoting.resting(), most_s=15)


async def test_feed_that_is_down_takes_every_quote_away(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.behave("oddspapi", down=True))
    await quoting.run_until(lambda: not quoting.resting(), most_s=2)
    assert await quoting.process.maker.not_ready() == "the feed is not connected"
    quoting.behave("oddspapi")
    await quoting.connected(lambda: len(quoting.resting()) == 6)
    assert await quoting.process.maker.not_ready() is None


async def test_every_quote_has_its_reason_in_the_database(quoting: Scene) -> None:
    rows = await quoting.database.fetch("select order_id, side, price, break_even, edge, why from mm_quotes")
    assert {row["order_id"] for row in rows} == {order.order_id for order in quoting.process.orders()}
    assert all(row["edge"] >= 0 and row["why"]["legs"] for row in rows)
    done = await quoting.outcome()
    assert done.worst_quote_edge is not None
    assert done.worst_quote_edge >= 0


# --- fills and hedges ----------------------------------------------------------------------------------------------


async def test_fill_is_recorded_hedged_and_leaves_equal_payouts(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    (fill,) = await quoting.fills()
    assert (fill["size"], fill["stake"], fill["unhedged_size"]) == (100, 45, 0)
    (bet,) = await quoting.bets()
    assert (bet["outcome_id"], bet["status"], bet["needs"]) == (AWAY, "CONFIRMED", 100)
    assert abs(bet["placed_stake"] * bet["placed_odds"] - 100) <= Decimal("0.01")
    assert quoting.process.market.exposure.is_flat
    assert await quoting.unhedged() == 0


async def test_sold_contract_is_hedged_by_backing_it(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.BUY, "0.49", 60))
    (bet,) = await quoting.bets()
    assert (bet["outcome_id"], bet["needs"]) == (HOME, 60)
    assert await quoting.unhedged() == 0


async def test_opposite_fills_at_two_exchanges_net_and_need_no_bet(quoting: Scene) -> None:
    quoting.behave("pinnacle", down=True)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    assert await quoting.unhedged() == 45
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.51", 100, AWAY))
    assert await quoting.unhedged() == 0
    quoting.behave("pinnacle")
    await quoting.run(5)
    assert quoting.sim_bets() == []


async def test_filled_amount_is_posted_again(quoting: Scene) -> None:
    (before,) = [o for o in quoting.resting("polymarket") if o.outcome_id == HOME]
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.45", before.size // MICRO))
    (after,) = [o for o in quoting.resting("polymarket") if o.outcome_id == HOME]
    assert after.price == before.price
    assert before.size * 3 // 4 <= after.size <= before.size  # a smaller one within the band is left alone


async def test_fill_that_is_said_twice_counts_once(quoting: Scene) -> None:
    for exchange in EXCHANGES:
        quoting.behave(exchange, duplicateFills=True)
        await quoting.step(act=lambda exchange=exchange: quoting.take(exchange, Side.SELL, "0.45", 30))
    assert [row["size"] for row in await quoting.fills()] == [30, 30]
    assert [bet.stake for bet in quoting.sim_bets()] == [Decimal("16.22")] * 2
    await quoting.finish()
    assert await quoting.differences() == []


async def test_whole_match_ends_with_equal_ledgers_and_the_profit_that_they_say(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.step(act=quoting.go_live)
    await quoting.step(act=lambda: quoting.put_odds("1.70", "2.28"))
    await quoting.run(2)
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.40", 80, AWAY))
    await quoting.step(act=lambda: quoting.take("kalshi", Side.BUY, "0.62", 50))
    await quoting.run(5)
    done = await quoting.finish()
    assert await quoting.differences() == []
    assert (done.fills, done.unsettled, done.unhedged_stake) == (3, 0, 0)
    earned = {}
    for slug in (*EXCHANGES, "pinnacle"):
        ledger = quoting.server.venues.engine(slug).ledger()
        earned[slug] = Decimal(ledger["balances"][f"demo_{slug}"]) - 10_000
    assert done.pnl_by_venue == earned
    assert done.pnl > 0
    assert quoting.process.trader.markets == {}
    assert quoting.resting() == []


@pytest.mark.parametrize(("exchange", "price"), [("polymarket", "0.5"), ("kalshi", "0.47")])
async def test_void_is_settled_as_the_exchange_pays_it(quoting: Scene, exchange: str, price: str) -> None:
    """Polymarket pays a half for each contract of a void, Kalshi a fair price: whatever it cost."""
    await quoting.step(act=lambda: quoting.take(exchange, Side.SELL, "0.45", 100))
    (fill,) = await quoting.fills()
    await quoting.step(act=lambda: quoting.others_trade(exchange, "0.47"))
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.VOID))
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    assert await quoting.differences() == []
    done = await quoting.outcome()
    assert done.pnl == fill["size"] * Decimal(price) - fill["stake"] - fill["fee"]
    told = await profit_and_loss(quoting.database, CLIENT, Days())
    assert (told["realizedPnl"] - told["fees"], told["netRealizedSpread"]) == (done.pnl, done.pnl)


async def test_what_only_one_side_calls_off_is_shown_until_both_do(quoting: Scene) -> None:
    """The bookmaker refunds a retirement that the exchange pays; days later the exchange corrects itself."""
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.45", 100))
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.WON))
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    assert await quoting.disputes() == []

    bookmaker, exchange = quoting.world.bookmakers[BOOKMAKER], quoting.world.exchanges["polymarket"]
    bookmaker.settle(OutcomeKey(MATCH, AWAY), SettlementStatus.VOID)
    await quoting.step(ASK_AGAIN_S + 1)
    (dispute,) = await quoting.disputes()
    assert dispute.words["polymarket"] == {str(HOME): "WON"}
    assert dispute.words["pinnacle"] == {str(AWAY): "VOID"}
    assert dispute.pairs[-1] == "pinnacle/polymarket"
    assert await quoting.differences() == []

    for contract in exchange.contracts.values():
        exchange.settle(contract, SettlementStatus.VOID)
    quoting.world.fixtures[MATCH].results = {}
    await quoting.database.execute("update bets set feed_settlement = 'VOID'")
    await quoting.database.execute("update mm_orders set feed_settlement = 'VOID'")
    await quoting.step(ASK_AGAIN_S + 1)
    assert await quoting.disputes() == []
    assert await quoting.differences() == []
    assert abs((await quoting.outcome()).pnl - (50 - 45)) <= Decimal("0.02")


@pytest.mark.parametrize("result", [SettlementStatus.LOST, SettlementStatus.VOID])
async def test_hedged_fill_earns_the_same_whoever_wins_and_nothing_when_it_is_called_off(
    quoting: Scene, result: SettlementStatus
) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.step(act=lambda: quoting.settle(result))
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    assert await quoting.differences() == []
    done = await quoting.outcome()
    expected = Decimal(0) if result is SettlementStatus.VOID else 100 - 45 - Decimal("54.05")
    assert abs(done.pnl - expected) <= Decimal("0.02")


# --- what goes wrong at an exchange --------------------------------------------------------------------------------


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_order_whose_answer_is_lost_is_found_by_its_reference_and_not_sent_again(
    scene: Scene, exchange: str
) -> None:
    scene.behave(exchange, loseResponseRate=1)
    await scene.start()
    places = 4 if exchange == "kalshi" else 2
    await scene.run_until(lambda: len(scene.resting(exchange)) == places)
    await scene.run(20)
    assert len(scene.sim_orders(exchange)) == places
    orders = [order for order in scene.process.orders() if order.instrument.venue == exchange]
    assert [order.status for order in orders] == [OrderStatus.PLACED] * places


async def test_cut_stream_is_followed_by_a_comparison_that_finds_the_fill(quoting: Scene) -> None:
    def cut_and_take() -> None:
        quoting.behave("kalshi", disconnectStream=True)
        quoting.take("kalshi", Side.SELL, "0.45", 40)

    await quoting.step(act=cut_and_take)
    await quoting.connected(lambda: quoting.process.lane("kalshi").is_synced)
    await quoting.run(2)
    assert [row["size"] for row in await quoting.fills()] == [40]
    assert await quoting.unhedged() == 0
    assert len(quoting.resting("kalshi")) == 4


async def test_nothing_is_placed_while_an_exchange_is_away(quoting: Scene) -> None:
    before = len(quoting.sim_orders("kalshi"))
    await quoting.step(act=lambda: quoting.behave("kalshi", down=True))
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    await quoting.run(3)
    assert len(quoting.sim_orders("kalshi")) == before
    assert await quoting.process.maker.not_ready() == "not in step with kalshi"
    quoting.behave("kalshi")
    await quoting.connected(lambda: quoting.process.lane("kalshi").is_ready)
    await quoting.run(2)
    assert all(distance(order, "2.40", "1.64") >= 0 for order in quoting.resting())
    assert len(quoting.resting("kalshi")) == 4


async def test_trade_that_the_chain_takes_back_is_not_hedged_in_the_end(quoting: Scene) -> None:
    quoting.behave("polymarket", failTradeRate=1)
    await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.45", 100))
    await quoting.run_until(lambda: quoting.process.market.exposure.fills == [], most_s=120)
    await quoting.run(60)
    (fill,) = await quoting.fills()
    assert (fill["state"], fill["unhedged_size"]) == ("REVERSED", 0)
    assert {bet.outcome.outcome_id for bet in quoting.sim_bets()} == {HOME, AWAY}
    await quoting.finish()
    assert await quoting.differences() == []


# --- what goes wrong at the bookmaker ------------------------------------------------------------------------------


def away_for_a_while(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, times: int) -> None:
    """The database does not take what a method writes, so many times."""
    real, left = getattr(owner, name), [times]

    async def away(*values: Any, **named: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise StorageError("the database is away")
        return await real(*values, **named)

    monkeypatch.setattr(owner, name, away)
    monkeypatch.setattr("hedgerow.storage.behind._FIRST_PAUSE_S", 0.001)


async def test_answer_of_a_bet_is_kept_until_the_database_takes_it(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    away_for_a_while(monkeypatch, Bets, "save_answer", 3)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.run_until(lambda: quoting.process.market.exposure.is_flat, most_s=30)
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.WON))
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    assert len(quoting.sim_bets()) == 1
    assert await quoting.differences() == []


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("method", ["commit", "commit_bets"])
async def test_bets_whose_commit_is_not_confirmed_are_not_left_pending(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch, method: str, is_committed: bool
) -> None:
    real, left = getattr(FillLedger, method), [1]

    async def broken_off(ledger: FillLedger, *values: Any) -> Any:
        if not left[0]:
            return await real(ledger, *values)
        left[0] -= 1
        if is_committed:
            await real(ledger, *values)
        raise OutcomeUnknownError("the connection broke at the commit")

    monkeypatch.setattr(FillLedger, method, broken_off)
    if method == "commit_bets":  # the first hedge is refused, the next one comes without its fill
        quoting.behave("pinnacle", rejectRate=1)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    quoting.behave("pinnacle")
    await quoting.run_until(lambda: quoting.process.market.exposure.is_flat, most_s=30)
    assert not left[0]
    reasons = [bet["reason"] for bet in await quoting.bets() if bet["status"] == "FAILED"]
    assert reasons == ["not sent: its commit was not confirmed"] * is_committed
    assert {bet["status"] for bet in await quoting.bets()} <= {"FAILED", "REJECTED", "CONFIRMED"}
    assert len(quoting.sim_bets()) == 1
    assert await quoting.unhedged() == 0


async def test_settling_outlives_an_absence_of_the_database(quoting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    away_for_a_while(monkeypatch, Settler, "settle_instrument", 2)
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.WON))
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    assert await quoting.differences() == []


async def test_bet_whose_answer_is_lost_is_found_by_its_reference_and_not_sent_again(quoting: Scene) -> None:
    quoting.behave("pinnacle", loseResponseRate=1)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.run(10)
    (bet,) = await quoting.bets()
    assert (bet["status"], bet["in_doubt"]) == ("CONFIRMED", False)
    assert [taken.reference for taken in quoting.sim_bets()] == [str(bet["reference"])]
    assert await quoting.unhedged() == 0


async def test_bet_that_was_accepted_with_a_delay_counts_when_it_is_confirmed(quoting: Scene) -> None:
    quoting.behave("pinnacle", acceptDelayMs=5000)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.run(2)
    assert [bet["status"] for bet in await quoting.bets()] == ["PLACED"]
    assert await quoting.unhedged() == 45
    await quoting.run(15)
    assert [bet["status"] for bet in await quoting.bets()] == ["CONFIRMED"]
    assert await quoting.unhedged() == 0


@pytest.mark.parametrize("code", ["LINE_CHANGED", "ABOVE_MAX_BET_AMOUNT"])
async def test_hedge_that_was_refused_is_tried_again(quoting: Scene, code: str) -> None:
    quoting.behave("pinnacle", rejectRate=1, rejectReason=code)
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    assert await quoting.unhedged() == 45
    await quoting.run(1.5)
    quoting.behave("pinnacle")
    await quoting.run(3)
    statuses = [bet["status"] for bet in await quoting.bets()]
    assert statuses[0] == "REJECTED"
    assert statuses[-1] == "CONFIRMED"
    assert 2 <= len(statuses) <= 5
    assert await quoting.unhedged() == 0
    assert len(quoting.sim_bets()) == 1


async def test_hedge_is_tried_again_at_once_when_the_odds_move(quoting: Scene) -> None:
    quoting.behave("pinnacle", priceMove=Decimal("-0.01"))
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    assert await quoting.unhedged() == 45
    quoting.behave("pinnacle")
    await quoting.step(act=lambda: quoting.put_odds("2.07", "1.83"))
    assert await quoting.unhedged() == 0
    assert quoting.sim_bets()[-1].price == Decimal("1.83")


async def call_off(scene: Scene) -> None:
    """The bookmaker takes its bets back, and is asked for its statement."""
    scene.world.bookmakers[BOOKMAKER].settle(OutcomeKey(MATCH, AWAY), SettlementStatus.VOID)
    await scene.step(ASK_AGAIN_S + 1)
    await scene.run(2)


async def test_hedge_that_is_called_off_before_the_match_is_decided_is_bet_again(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await call_off(quoting)
    first, second = await quoting.bets()
    assert [(bet["status"], bet["covers"]) for bet in (first, second)] == [("VOID", 0), ("CONFIRMED", 100)]
    assert await quoting.unhedged() == 0
    assert quoting.process.market.exposure.needs() == {}
    done = await quoting.finish()
    assert await quoting.differences() == []
    assert done.unhedged_stake == 0


async def test_hedge_that_is_called_off_where_no_price_stands_leaves_its_fill_unhedged(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.step(act=quoting.suspend)
    await call_off(quoting)
    assert await quoting.unhedged() == 45
    assert quoting.process.market.exposure.unhedged_stake == 45 * MICRO
    await quoting.process.kill()
    process = await quoting.start()
    await quoting.run(2)
    assert process.market.exposure.unhedged_stake == 45 * MICRO
    await quoting.step(act=lambda: quoting.suspend(suspended=False))
    await quoting.run(5)
    assert await quoting.unhedged() == 0
    assert len(await quoting.bets()) == 2


async def test_hedge_that_is_called_off_is_told_to_the_engine_once_whatever_the_database_says_of_it(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit is not confirmed, and two readings of the statement come at a time."""
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    real, calls = Settler._write_settlement, 0

    async def lost(self: Settler, *given: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        await real(self, *given, **named)
        if calls == 1:
            raise OutcomeUnknownError("the connection broke")

    monkeypatch.setattr(Settler, "_write_settlement", lost)
    quoting.world.bookmakers[BOOKMAKER].settle(OutcomeKey(MATCH, AWAY), SettlementStatus.VOID)
    settler = quoting.process.maker._settler
    await asyncio.gather(settler.ask_again(), settler.ask_again())
    await quoting.run(3)
    assert [(bet["status"], bet["covers"]) for bet in await quoting.bets()] == [("VOID", 0), ("CONFIRMED", 100)]
    assert await quoting.unhedged() == 0


async def test_hedge_that_is_called_off_after_the_exchange_has_paid_leaves_what_was_hedged(quoting: Scene) -> None:
    await quoting.step(act=lambda: quoting.take("kalshi", Side.SELL, "0.45", 100))
    await quoting.step(act=quoting.settle)
    await quoting.run_until(lambda: not quoting.process.trader.markets, most_s=120)
    await call_off(quoting)
    (bet,) = await quoting.bets()
    assert (bet["status"], bet["covers"]) == ("VOID", 100)
    assert await quoting.unhedged() == 0


async def test_hedge_above_the_limit_is_split(quoting: Scene) -> None:
    def lower_and_take() -> None:
        quoting.put_odds("2.05", "1.85", limit=30)
        quoting.take("kalshi", Side.SELL, "0.45", 100)

    await quoting.step(act=lower_and_take)
    await quoting.run(5)
    assert max(bet.stake for bet in quoting.sim_bets()) <= 30
    assert sum(bet.stake for bet in quoting.sim_bets()) == pytest.approx(Decimal("54.05"), abs=Decimal("0.02"))
    assert await quoting.unhedged() == 0


async def test_hedge_waits_while_the_odds_are_worse_than_the_drift_allows(quoting: Scene) -> None:
    def fall_and_take() -> None:
        quoting.take("kalshi", Side.SELL, "0.45", 100)
        quoting.put_odds("2.40", "1.64")

    quoting.behave("pinnacle", down=True)  # so that the bet of the very moment does not go through
    await quoting.step(act=fall_and_take)
    quoting.behave("pinnacle")
    await quoting.run(10)
    assert quoting.sim_bets() == []
    assert await quoting.unhedged() == 45
    assert quoting.process.market.hedge_waits == {AWAY: "the odds fell by more than maxHedgeDrift"}
    await quoting.step(act=lambda: quoting.put_odds("2.08", "1.82"))
    assert await quoting.unhedged() == 0
    assert quoting.process.market.hedge_waits == {}


# --- a lost lock ---------------------------------------------------------------------------------------------------


async def test_halted_process_takes_its_quotes_away_and_bets_and_writes_nothing(quoting: Scene) -> None:
    orders = "select order_id, status from mm_orders order by order_id"
    before = await quoting.database.fetch(orders)

    def halt() -> None:
        """While a fill is on its way."""
        quoting.take("kalshi", Side.SELL, "0.45", 10)
        quoting.process.maker.halt(is_taken=False)

    await quoting.step(act=halt)
    await quoting.run_until(lambda: not quoting.resting(), most_s=5)
    assert [fill["size"] for fill in await quoting.fills()] == [10]
    await quoting.process.maker.commands.refresh()
    await quoting.step(act=lambda: quoting.put_odds("2.40", "1.64"))
    assert quoting.resting() == []
    assert await quoting.bets() == []
    assert await quoting.database.fetch(orders) == before
