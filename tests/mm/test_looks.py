"""A look at a market that is left out after an answer would have changed nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from hedgerow.core.ids import ClientName
from hedgerow.core.states import Side
from hedgerow.mm.engine import Engine
from hedgerow.mm.lane import Lane
from hedgerow.mm.market import TradedMarket
from hedgerow.mm.orders import Slot
from hedgerow.mm.policy import Policies, Scope

from .worldkit import CLIENT, Scene


def seen(market: TradedMarket) -> list[tuple[object, ...]]:
    """What is wanted, and what was sent."""
    return [
        (place.slot.wanted, [(o.order_id, o.status, o.pending, o.price, o.size) for o in place.slot.orders])
        for place in market.places
    ]


@dataclass
class LeftOut:
    """Looks that were left out, and what they would have changed."""

    count: int = 0
    wrong: list[tuple[list[tuple[object, ...]], ...]] = field(default_factory=list)

    def expect_right(self, least: int) -> None:
        assert self.count > least
        different = [(b, a) for before, after in self.wrong for b, a in zip(before, after, strict=True) if a != b]
        assert not self.wrong, different


@pytest.fixture
def left_out(monkeypatch: pytest.MonkeyPatch) -> LeftOut:
    """Looks all the same, and notes what comes of it."""
    decide, found = Engine._is_as_wanted, LeftOut()

    def checked(self: Engine, market: TradedMarket, lane: Lane, slot: Slot) -> bool:
        if not decide(self, market, lane, slot):
            return False
        found.count += 1
        before = seen(market)
        self.look_at(market)
        if seen(market) != before:
            found.wrong.append((before, seen(market)))
        return True

    monkeypatch.setattr(Engine, "_is_as_wanted", checked)
    return found


async def test_looks_that_are_left_out_would_have_changed_nothing(quoting: Scene, left_out: LeftOut) -> None:
    policies = Policies(quoting.database, quoting.world.clock)
    for cap in (None, Decimal(60), None):
        await policies.set_cap(ClientName(CLIENT), Scope.CLIENT, "", cap)
        await quoting.process.maker.commands.refresh()
        for home, away in (("2.40", "1.64"), ("2.05", "1.85"), ("1.90", "2.00")):
            await quoting.step(act=lambda home=home, away=away: quoting.put_odds(home, away))  # type: ignore[misc]
            await quoting.run(1)
        await quoting.step(act=lambda: quoting.take("polymarket", Side.SELL, "0.30", 20))
        await quoting.step(act=quoting.suspend)
        await quoting.run(1)
        await quoting.step(act=lambda: quoting.suspend(False))
        await quoting.run(1)
    left_out.expect_right(10)


async def test_an_exchange_that_is_out_of_reach_has_no_look_of_the_others_repeated(
    quoting: Scene, left_out: LeftOut
) -> None:
    quoting.behave("kalshi", down=True)
    await quoting.run(1)
    for home, away in (("2.40", "1.64"), ("2.05", "1.85"), ("1.90", "2.00")):
        await quoting.step(act=lambda home=home, away=away: quoting.put_odds(home, away))  # type: ignore[misc]
        await quoting.run(1)
    left_out.expect_right(10)
    assert not quoting.process.lane("kalshi").is_ready
    quoting.behave("kalshi")
    await quoting.connected(lambda: {order.exchange for order in quoting.resting()} == {"kalshi", "polymarket"})
