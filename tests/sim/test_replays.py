"""The script's replay calls: what is played, watched and stopped, one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .recordings.betfair_files import packed, text_of, whole_match
from .scriptkit import Script, scripted
from .worldkit import SLUG

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as made:
        yield made


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    return str(packed(tmp_path / "1.5.bz2", text_of(*whole_match())))


async def played(script: Script, **body: Any) -> Any:
    """The progress at the end of a replay in stepped time."""
    await script.call("POST", "/replay", {"speed": 0, "settleSeconds": 1} | body)
    player = script.server.replays._player
    assert player is not None
    await player.ended()
    return await script.call("GET", "/replay")


async def test_nothing_has_been_played_at_first(script: Script) -> None:
    assert await script.call("GET", "/replay") == {"state": "none"}
    assert await script.call("DELETE", "/replay") == {"state": "none"}


async def test_a_recording_is_played_to_its_result(script: Script, recorded: str) -> None:
    progress = await played(script, file=recorded)
    (fixture_id,) = progress["settled"]
    assert (progress["state"], progress["kind"], progress["title"]) == ("finished", "betfair", "Ann v Bob")
    assert (progress["market"], progress["exchanges"], progress["speed"]) == ("1.5", [SLUG], 0)
    assert (progress["messages"], progress["messagesTotal"], progress["fraction"]) == (9, 9, 1)
    assert (progress["ticks"], progress["takers"], progress["error"]) == (2, 2, None)
    assert progress["from"] == "2023-11-14T22:13:20+00:00"
    assert progress["fixtures"] == [{"fixtureId": fixture_id, "sportId": 12, "tournamentId": 990_012, "statusId": 2}]
    (fixture,) = (await script.call("GET", "/state"))["fixtures"]
    assert (fixture["statusId"], fixture["results"]) == (2, {"121": "WON", "122": "LOST"})


async def test_the_margin_is_the_scripts(script: Script, recorded: str) -> None:
    await played(script, file=recorded, margin=Decimal("0.1"))
    prices = [quote.price for quote in script.server.world.quotes.values()]
    assert sum(1 / price for price in prices if price) > Decimal("1.099")


async def test_takers_go_where_the_script_says(script: Script, recorded: str) -> None:
    progress = await played(script, file=recorded, exchanges=["kalshi", "smarkets"])
    assert progress["exchanges"] == ["kalshi", "smarkets"]
    await script.call("POST", "/reset")
    assert (await played(script, file=recorded, exchanges=[]))["takers"] == 0


@pytest.mark.parametrize("begin", ["live", "2023-11-14T22:13:22Z", "2023-11-14T22:13:22"])
async def test_a_replay_may_begin_later(script: Script, recorded: str, begin: str) -> None:
    progress = await played(script, file=recorded, **{"from": begin})
    assert progress["state"] == "finished"
    assert progress["ticks"] == 2  # what stood then, and what came after


async def test_a_match_is_made_up_by_its_seed(script: Script) -> None:
    progress = await script.call("POST", "/replay", {"file": "generated:7", "speed": 60})
    assert (progress["kind"], progress["state"], progress["speed"]) == ("generated", "playing", 60)
    state = await script.call("GET", "/state")
    assert (state["pace"], state["speed"]) == ("scaled", 60)
    assert (await script.call("DELETE", "/replay"))["state"] == "stopped"
    assert (await script.call("GET", "/state"))["pace"] == "real"


async def test_one_replay_plays_at_a_time(script: Script, recorded: str) -> None:
    await script.call("POST", "/replay", {"file": "generated", "speed": 1})
    status, answer = await script.ask("POST", "/replay", {"file": recorded})
    assert (status, answer) == (409, {"detail": "a replay is running; DELETE /sim/replay stops it"})
    assert (await script.call("GET", "/replay"))["kind"] == "generated"
    await script.call("DELETE", "/replay")
    assert (await played(script, file=recorded))["state"] == "finished"


async def test_what_is_over_is_not_played_again_before_a_reset(script: Script, recorded: str) -> None:
    await played(script, file=recorded)
    status, answer = await script.ask("POST", "/replay", {"file": recorded})
    assert status == 409
    assert "is over in this world" in answer["detail"]
    await script.call("POST", "/reset")
    assert await script.call("GET", "/replay") == {"state": "none"}
    assert (await played(script, file=recorded))["state"] == "finished"


async def test_a_reset_stops_the_replay(script: Script) -> None:
    await script.call("POST", "/replay", {"file": "generated", "speed": 100})
    state = await script.call("POST", "/reset")
    assert (state["fixtures"], state["pace"]) == ([], "real")
    assert await script.call("GET", "/replay") == {"state": "none"}


@pytest.mark.parametrize(
    ("body", "loc", "said"),
    [
        ({}, ["file"], "missing required field `file`"),
        ({"file": "nowhere.bz2"}, ["file"], "nowhere.bz2: No such file or directory"),
        ({"file": "generated", "market": "1.5"}, ["file"], "a market can be named for a recording of"),
        ({"file": "generated", "from": "noon"}, ["from"], "must be a time in ISO 8601 or 'live'"),
        ({"file": "generated", "speed": -1}, ["speed"], "must be from 0 to 10000"),
        ({"file": "generated", "margin": Decimal("0.6")}, ["margin"], "must be from 0 to 0.5"),
        ({"file": "generated", "settleSeconds": -1}, ["settleSeconds"], ">= 0"),
        ({"file": "generated", "loop": True}, ["loop"], "unknown field `loop`"),
    ],
)
async def test_what_cannot_be_played_is_422(script: Script, body: Any, loc: list[str], said: str) -> None:
    status, answer = await script.ask("POST", "/replay", body)
    (complaint,) = answer["detail"]
    assert (status, complaint["loc"]) == (422, ["body", *loc])
    assert said in complaint["msg"]
    assert await script.call("GET", "/replay") == {"state": "none"}


async def test_a_damaged_recording_is_422_before_anything_happens(script: Script, tmp_path: Path) -> None:
    path = packed(tmp_path / "1.5", text_of(*whole_match()[:2]) + b'{"op":"mcm"\n' + text_of(*whole_match()[2:]))
    status, answer = await script.ask("POST", "/replay", {"file": str(path)})
    assert status == 422
    assert f"{path}, line 3: not a message of a market recording" in answer["detail"][0]["msg"]
    assert (await script.call("GET", "/state"))["pace"] == "real"


async def test_damage_that_shows_while_playing_fails_the_replay(script: Script, tmp_path: Path) -> None:
    broken = text_of(*whole_match()).replace(b'"ltp": 2.9', b'"ltp": {}')
    path = packed(tmp_path / "1.5", broken)
    progress = await played(script, file=str(path))
    assert progress["state"] == "failed"
    assert f"{path}, line 8" in progress["error"]
    assert progress["settled"] == []


async def test_the_end_of_the_world_ends_the_replay() -> None:
    async with scripted() as script:
        await script.call("POST", "/replay", {"file": "generated", "speed": 1})
        player = script.server.replays._player
        assert player is not None
    assert not player.is_playing
