"""Hedges at several accounts and bookmakers: who is asked, for what, and what a bet in doubt keeps others from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import ClientName, VenueSlug
from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import Side
from hedgerow.mm.desks import Desk
from hedgerow.mm.policy import Policies

from .worldkit import AWAY, CLIENT, FALLBACKS, HOME, Scene

OTHER, CHARGING = FALLBACKS
TAKEN = Decimal("0.45")


async def fall_back(scene: Scene, *bookmakers: str) -> None:
    """As the operator sets it."""
    policies = Policies(scene.database, scene.world.clock)
    await policies.set_fallbacks(ClientName(CLIENT), [VenueSlug(slug) for slug in bookmakers])


@pytest.fixture
async def backed(scene: Scene) -> Scene:
    """Quotes, with another bookmaker behind the client's own, at a little lower odds."""
    await fall_back(scene, OTHER)
    scene.put_odds("2.04", "1.84", bookmaker=OTHER)
    await started(scene)
    return scene


async def started(scene: Scene) -> None:
    await scene.start()
    await scene.run_until(lambda: {order.exchange for order in scene.resting()} == {"kalshi", "polymarket"})
    await scene.run(2)


async def sell_to_us(scene: Scene, contracts: int = 100) -> None:
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, str(TAKEN), contracts))


def desk(scene: Scene, slug: str) -> Desk:
    (found,) = [desk for desk in scene.process.maker._hedger.desks.of(CLIENT) if desk.slug == slug]
    return found


async def told(scene: Scene) -> list[tuple[Any, ...]]:
    """(bookmaker, status, stake asked for, odds asked for) of every bet."""
    return [(b["bookmaker"], b["status"], b["requested_stake"], b["requested_odds"]) for b in await scene.bets()]


async def expect_even(scene: Scene) -> None:
    """Nothing is open, and in the end our books and every venue's are equal."""
    assert await scene.unhedged() == 0
    await scene.finish()
    assert await scene.differences() == []


async def test_what_the_first_refuses_the_next_takes_and_the_first_is_asked_again(backed: Scene) -> None:
    backed.behave("pinnacle", rejectRate=1)
    await sell_to_us(backed)
    assert await told(backed) == [
        ("pinnacle", "REJECTED", Decimal("54.05"), Decimal("1.85")),
        (OTHER, "CONFIRMED", Decimal("54.35"), Decimal("1.84")),
    ]
    backed.behave("pinnacle")
    await backed.run(2)
    await sell_to_us(backed)
    assert (await told(backed))[2] == ("pinnacle", "CONFIRMED", Decimal("54.05"), Decimal("1.85"))
    await expect_even(backed)


async def test_odds_of_the_next_are_held_against_the_filled_quote(backed: Scene) -> None:
    """Too low at first: what is open is told, and hedged as soon as a tick of that bookmaker alone is good enough."""
    backed.put_odds("2.20", "1.75", bookmaker=OTHER)
    backed.behave("pinnacle", rejectRate=1)
    await sell_to_us(backed)
    await backed.step(act=backed.suspend)
    await backed.run(3)
    assert not backed.sim_bets(OTHER)
    assert await backed.unhedged() == 100 * TAKEN
    await backed.step(act=lambda: backed.put_odds("2.10", "1.80", bookmaker=OTHER))
    assert [(bet.stake, bet.price) for bet in backed.sim_bets(OTHER)] == [(Decimal("55.56"), Decimal("1.80"))]
    await expect_even(backed)


async def test_bet_in_doubt_is_not_doubled_elsewhere_and_keeps_its_money(backed: Scene) -> None:
    """The bookmaker took it, said nothing, and is down when it is asked."""
    engine = backed.world.bookmakers["pinnacle"]
    engine.on_bet(lambda _: engine.faults.behaviour.loseResponseRate and backed.behave("pinnacle", down=True))
    backed.behave("pinnacle", loseResponseRate=1)
    await sell_to_us(backed)
    own = desk(backed, "pinnacle")
    for _ in range(3):
        backed.process.maker.engine.set_hedge_cash(backed.process.trader, own.account.account_id, 500 * MICRO)
        await backed.step(act=lambda: backed.put_odds("2.05", "1.86", bookmaker=OTHER))
        await backed.run(5)
        assert backed.process.trader.hedge_cash == own.cash == 500 * MICRO - micros("54.05")
        assert await backed.unhedged() == 100 * TAKEN
    assert not backed.sim_bets(OTHER)
    backed.behave("pinnacle")
    await backed.run_until(lambda: not own.held, 120)
    await backed.run(31)  # the balance is read again: what was read while the bet was in doubt may have been without it
    assert own.cash == micros("9945.95")
    assert [(book, status) for book, status, *_ in await told(backed)] == [("pinnacle", "CONFIRMED")]
    await expect_even(backed)


async def test_accounts_of_one_bookmaker_share_by_their_money(backed: Scene) -> None:
    """The first has 30 left; what it does not cover is the second's. One that is put out of use is asked no more."""
    dialect = backed.server.venues.dialects["pinnacle"]
    credentials = dialect.demo_credentials("rival_pinnacle")  # type: ignore[attr-defined]
    await backed.accounts.add_account(
        "pinnacle", "rival_pinnacle", CLIENT, vault=backed.vault, credentials=credentials, priority=-1
    )
    await backed.process.maker.commands.refresh()
    first, second = (d for d in backed.process.maker._hedger.desks.of(CLIENT) if d.slug == "pinnacle")
    engine, trader = backed.process.maker.engine, backed.process.trader
    for found, free in ((first, 30), (second, 1000)):
        engine.set_hedge_cash(trader, found.account.account_id, free * MICRO)
    assert trader.hedge_cash == 1030 * MICRO
    await sell_to_us(backed)
    accounts = {first.account.account_id: Decimal("30.00"), second.account.account_id: Decimal("24.05")}
    assert {bet["account_id"]: bet["placed_stake"] for bet in await backed.bets()} == accounts
    await backed.accounts.set_account_active("pinnacle", first.account.username, False)
    await backed.process.maker.commands.refresh()
    assert trader.hedge_cash == second.cash
    engine.set_hedge_cash(trader, first.account.account_id, 1000 * MICRO)
    await sell_to_us(backed, 50)
    assert [bet["account_id"] for bet in await backed.bets()][2:] == [second.account.account_id]
    await expect_even(backed)


async def test_bet_in_doubt_at_a_bookmaker_that_is_named_no_more_is_asked_for_after_a_restart(backed: Scene) -> None:
    backed.behave("pinnacle", rejectRate=1)
    backed.behave(OTHER, loseResponseRate=1)
    await sell_to_us(backed)
    await backed.run_until(lambda: bool(backed.sim_bets(OTHER)))
    await backed.process.kill()
    await fall_back(backed)
    backed.behave(OTHER)
    backed.behave("pinnacle")
    await started(backed)
    await backed.run_until(lambda: not desk(backed, OTHER).held, 120)
    await backed.run(1)
    assert len(backed.sim_bets(OTHER)) == 1
    assert not backed.sim_bets()
    await expect_even(backed)


async def test_commission_moves_quotes_and_stakes_and_bets_go_out_at_the_exchanges_own_odds(scene: Scene) -> None:
    """5 % of net winnings at 1.90: 1.855 are left, so that 1 − 1/1.855 = 0.4609 is the break-even of the home side."""
    await scene.switches.add_client(CLIENT, CHARGING)
    await scene.database.execute(
        "update accounts set meta = meta || $1 where client = $2 and venue = $3",
        {"commissionRate": "0.05"},
        CLIENT,
        CHARGING,
    )
    scene.put_odds("2.00", "1.90", bookmaker=CHARGING)
    await started(scene)
    assert max(o.price for o in scene.resting("kalshi") if (o.outcome_id, o.side) == (HOME, Side.BUY)) == 460_000
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.46", 100))
    (bet,) = await scene.bets()
    assert (bet["bookmaker"], bet["outcome_id"], bet["status"]) == (CHARGING, AWAY, "CONFIRMED")
    assert (bet["requested_odds"], bet["planned_odds"]) == (Decimal("1.90"), Decimal("1.90"))
    assert bet["requested_stake"] == Decimal("53.91")  # 100 / 1.855
    assert bet["hedge_commission"] == Decimal("0.05")
    assert await scene.unhedged() == 0
    (quote,) = await scene.database.fetch(
        "select why from mm_quotes q join mm_fills f on f.order_id = q.order_id order by q.quote_id desc limit 1"
    )
    (leg,) = quote["why"]["legs"]
    assert (leg["odds"], leg["beforeCommission"]) == (Decimal("1.855"), Decimal("1.9"))
    await scene.finish()
    assert await scene.differences() == []
