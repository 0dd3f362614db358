"""bench engine: the quotes follow the file on our side, and what is not installed is said and not compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.sim.recordings.betfair_files import (
    ANN,
    BOB,
    defined,
    definition,
    ladders,
    message,
    packed,
    text_of,
    whole_match,
)

from hedgerow import bench
from hedgerow.bench.engine import FILES, RECORDINGS, peers, replay
from hedgerow.core.errors import SetupError
from hedgerow.core.states import Side

BIDS_AND_ASKS = {
    (str(ANN), Side.BUY): 490_000,  # 1 / 2.04, down to the grid
    (str(ANN), Side.SELL): 500_000,
    (str(BOB), Side.BUY): 500_000,
    (str(BOB), Side.SELL): 511_000,  # 1 / 1.96, up
}


def _played(*messages: dict[str, Any], quotes: bool = True) -> replay.Done:
    return replay.run(text_of(*messages).splitlines(), quotes=quotes)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files in the place of the recorded ones, and no other engine."""
    folder = tmp_path / "shared" / RECORDINGS
    folder.mkdir(parents=True)
    for name in FILES:
        packed(folder / name, text_of(*whole_match()))
    monkeypatch.setenv("SHARED_FOLDER", str(tmp_path / "shared"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))


def test_bid_and_ask_stand_at_the_best_prices_of_every_runner() -> None:
    assert _played(*whole_match()[:2]).resting == BIDS_AND_ASKS


def test_quotes_follow_a_price_that_moves() -> None:
    moved = ladders(2_000, (ANN, [[2.0, 0], [1.5, 100]], [[2.04, 0], [1.52, 100]]))
    done = _played(*whole_match()[:2], moved)
    assert (done.resting[str(ANN), Side.BUY], done.resting[str(ANN), Side.SELL]) == (657_000, 667_000)
    assert done.orders == 6


def test_suspended_market_is_not_quoted() -> None:
    assert _played(*whole_match()[:3]).resting == {}


def test_trade_of_the_file_meets_the_quote() -> None:
    trade = message(2_000, {"rc": [{"id": ANN, "trd": [[2.04, 50]], "ltp": 2.04}]})
    assert _played(*whole_match()[:2], trade).fills == 1


def test_without_a_strategy_nothing_is_placed() -> None:
    assert _played(*whole_match(), quotes=False).orders == 0


def test_market_without_prices_is_not_quoted() -> None:
    assert _played(defined(0, definition())).orders == 0


@pytest.mark.usefixtures("recorded")
def test_engine_that_is_not_installed_is_no_baseline_and_said() -> None:
    told = bench.run("engine", runs=1)
    assert [row["case"] for row in told["ratios"]] == [
        f"{name}, {case}, flumine" for name in FILES for case in ("quoting", "without a strategy")
    ]
    assert all(row["ours"] > 0 and row["baseline"] is None for row in told["ratios"])
    assert "pip install flumine" in told["skipped"][0]


@pytest.mark.usefixtures("recorded")
def test_engine_is_compared_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "python", lambda: Path(sys.executable))
    monkeypatch.setattr(peers, "flumine_s", lambda *_, **__: 1.0)
    told = bench.run("engine", runs=1)
    assert told["ratios"][0]["baseline"] == len(whole_match())
    assert "skipped" not in told


def test_engine_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "python", lambda: Path(sys.executable))  # which has no flumine
    with pytest.raises(SetupError, match="did not simulate"):
        peers.flumine_s(tmp_path / "file", quotes=True)


def test_missing_recordings_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_FOLDER", str(tmp_path))
    with pytest.raises(SetupError, match="recorded files"):
        bench.run("engine", runs=1)
