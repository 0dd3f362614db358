"""`hedgerow demo`: what it shows, and that it cleans up after itself."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from hedgerow.cli.demo_view import View, headline, plain, score_of, screen

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

FIXTURE = {"fixtureId": "f1", "statusId": 1, "live": True, "scores": {"periods": {}}}
PROGRESS = {
    "state": "playing",
    "title": "Cora Dunmore v Jonas Keld",
    "fraction": Decimal("0.25"),
    "now": "2026-08-01T12:00:01.5+00:00",
    "error": None,
    "fixtures": [{"fixtureId": "f1", "tournamentId": 17}],
}
QUOTE = {
    "exchange": "kalshi",
    "outcomeId": 121,
    "side": "buy",
    "orderCents": Decimal("0.4100"),
    "orderShares": Decimal(20),
    "matchedShares": Decimal(0),
    "bookmakerOutcomePrice": Decimal("1.95"),
}
BET = {
    "bookmaker": "pinnacle",
    "outcomeId": 122,
    "requestedPrice": Decimal("1.95"),
    "requestedStake": Decimal(5),
    "placedPrice": None,
    "placedStake": None,
    "betStatus": "pending",
}
PNL = {"lockedPnl": Decimal("1.255"), "netRealizedSpread": Decimal(0), "nakedPnl": Decimal(0), "unhedgedStake": 0}


def view(*fixtures: dict[str, Any]) -> View:
    totals = {"totalOrders": 3, "totalMatched": Decimal("8.2")}
    return View.of(PROGRESS, {"fixtures": list(fixtures)}, [QUOTE], totals, [BET], {"placedCount": 1}, PNL)


def score(home: int, away: int) -> dict[str, int]:
    return {"participant1Score": home, "participant2Score": away}


def test_scores_are_told_period_by_period() -> None:
    periods = {"result": score(1, 0), "p1": score(6, 4)}
    assert score_of({**FIXTURE, "scores": {"periods": periods}}) == "1-0 6-4"
    assert score_of(FIXTURE) == "no score yet"
    assert score_of({**FIXTURE, "live": False, "statusId": 0}) == "before the start"


def test_line_has_what_counts() -> None:
    line = plain(view(FIXTURE, {**FIXTURE, "fixtureId": "f2", "scores": {"p1": score(9, 9)}}))
    assert line.startswith("12:00:01  playing 25%")
    assert "quotes 1  matched 8.20  hedges 1  unhedged 0.00" in line
    assert "9-9" not in line


def test_trouble_keeps_what_was_seen_last() -> None:
    troubled = View.troubled(view(FIXTURE), "the MM API: not reached")
    assert (troubled.orders, troubled.trouble) == (3, "the MM API: not reached")
    assert "(the MM API: not reached)" in plain(troubled)
    assert plain(View.troubled(None, "gone"))


def test_summary_keeps_the_digits() -> None:
    assert headline(view(FIXTURE))["lockedPnl"] == Decimal("1.255")


def test_screen_shows_quotes_hedges_and_places() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(screen(view(FIXTURE), "market making  http://127.0.0.1:1"))
    shown = console.export_text()
    for words in ("kalshi", "0.41", "1.95", "pinnacle", "5.00", "pending", "http://127.0.0.1:1", "Cora Dunmore"):
        assert words in shown, words


def test_demo_ends_by_itself_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    done = cli("demo", "--for", "2", "--json", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["orders"], told["lockedPnl"]) == ("playing", 0, 0)
    assert told["match"]
    assert list(tmp_path.glob("hedgerow-demo-*")) == []


def test_named_folder_is_kept_and_the_match_is_activated(cli: Cli, tmp_path: Path) -> None:
    done = cli("demo", "--for", "2", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "demo key" in done.stdout
    assert "quotes 0" in done.stdout
    assert (tmp_path / "data" / "mm.log").read_text().count("activated\n") == 1
