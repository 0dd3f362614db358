"""A session in the simulated world, recorded and told again."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tape import TapeReader
from hedgerow.core.tasks import Backoff, work
from hedgerow.mm import quoter
from hedgerow.mm.settling import ASK_AGAIN_S
from hedgerow.mm.taping.messages import DECIDED
from hedgerow.mm.taping.player import replay
from hedgerow.mm.taping.whatif.changes import AS_RECORDED
from hedgerow.mm.taping.whatif.playing import what_if
from hedgerow.storage.database import Database

from .worldkit import AWAY, BOOKMAKER, HOME, MATCH, Scene, scene_on


def decided(path: Path) -> bytes:
    return b"".join(bytes(record.d) + b"\n" for record in TapeReader(path).records() if record.k == DECIDED)


async def session(scene: Scene) -> None:
    """Quotes, fills, a suspension, refused orders and hedges, a lost answer, a broken stream, and an end."""
    await scene.start()
    await scene.run_until(lambda: {order.exchange for order in scene.resting()} == {"kalshi", "polymarket"})
    await scene.run(2)
    await scene.step(act=lambda: scene.put_odds("2.10", "1.80"))
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.01", 30))
    await scene.run(2)
    scene.behave("pinnacle", rejectRate=1)
    await scene.step(act=lambda: scene.take("polymarket", Side.SELL, "0.01", 20))
    await scene.run(3)
    scene.behave("pinnacle")
    await scene.step(act=scene.suspend)
    await scene.run(1)
    scene.behave("kalshi", rejectRate=1)
    await scene.step(act=lambda: scene.suspend(suspended=False))
    await scene.run(2)
    scene.behave("kalshi")
    await scene.run(3)
    await scene.step(act=lambda: scene.put_odds("1.90", "2.00"))
    await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.01", 15, HOME))
    await scene.run(5)


async def test_replays_decide_byte_for_byte_what_was_decided(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await session(scene)
        assert len(await scene.fills()) >= 3
        await scene.process.stop()
    recorded = decided(path)
    for act in (b'"place"', b'"cancel"', b'"amend"', b'"hedge"'):
        assert b'"act":' + act in recorded
    for _ in range(2):
        log = io.BytesIO()
        verdict = await replay(path, log)
        assert verdict.first_difference is None
        assert verdict.recorded == verdict.replayed
        assert log.getvalue() == recorded
        assert work.units == 0
    assert Decimal(verdict.decisions) > 20


async def test_bet_that_is_asked_for_more_than_once_is_replayed_as_it_was(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting("kalshi")))
        scene.behave("pinnacle", loseResponseRate=1, acceptDelayMs=5000)
        await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.45", 100))
        await scene.run(4)
        assert [(bet["status"], bet["in_doubt"]) for bet in await scene.bets()] == [("PLACED", True)]
        await scene.run(10)
        assert await scene.unhedged() == 0
        await scene.process.stop()
    verdict = await replay(path)
    assert verdict.first_difference is None
    assert b'"act":"hedge"' in decided(path)


async def test_hedge_that_is_called_off_is_bet_again_in_a_replay_too(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting("kalshi")))
        await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.45", 100))
        scene.world.bookmakers[BOOKMAKER].settle(OutcomeKey(MATCH, AWAY), SettlementStatus.VOID)
        await scene.step(ASK_AGAIN_S + 1)
        await scene.run(3)
        assert len(await scene.bets()) == 2
        await scene.process.stop()
    verdict = await replay(path)
    assert verdict.first_difference is None
    assert decided(path).count(b'"act":"hedge"') == 2
    found = await what_if(path, AS_RECORDED)
    assert len(found.same.bets) == 1  # on paper nobody has called anything off


async def test_order_that_a_late_fill_brings_back_is_replayed_as_it_was(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "day.tape.zst"
    async with scene_on(database) as scene:
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting("kalshi")))
        await scene.step(act=lambda: scene.take("kalshi", Side.SELL, "0.45", 50))
        await scene.process.kill()
        scene.take("kalshi", Side.SELL, "0.45", 30)
        for order in scene.sim_orders("kalshi"):
            scene.world.exchanges["kalshi"].cancel(order)
        await database.execute("update mm_orders set status = 'CANCELLED' where exchange = 'kalshi'")
        scene.settings = scene.settings.model_copy(update={"engine_tape": path})
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting("kalshi")))
        await scene.run(10)
        assert await database.fetchval("select max(matched_size) from mm_orders") == 80
        await scene.process.stop()
    verdict = await replay(path)
    assert verdict.first_difference is None
    assert b'"act":"hedge"' in decided(path)


async def test_replay_tells_where_another_engine_decides_otherwise(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await scene.start()
        await scene.run_until(lambda: bool(scene.resting()))
        await scene.process.stop()
    assert (await replay(path)).is_same
    monkeypatch.setattr(quoter, "bid_price", lambda *_: 10_000)
    verdict = await replay(path)
    assert verdict.first_difference is not None
    then, now = verdict.first_difference
    assert then != now
    assert '"price":10000' in now
    assert verdict.recorded != verdict.replayed
