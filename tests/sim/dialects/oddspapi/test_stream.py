"""What the feed says on its socket, over a real one."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import zstandard

from hedgerow.core.ids import FixtureId
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.clock import Pace
from hedgerow.sim.dialects.oddspapi import DEMO_KEY, AccessKey
from hedgerow.sim.dialects.oddspapi.subscriber import Patience

NBA_GAME, SOCCER_GAME = FixtureId("id1100013270505136"), FixtureId("id1000001772221240")
OTHER_KEY = "f" * 32
_numbers = msgspec.json.Encoder(decimal_format="number")
ALL = ["fixtures", "scores", "clocks", "odds", "bookmakers", "currencies"]


def channels(frames: list[Any]) -> list[str]:
    return [frame.get("channel", frame["type"]) for frame in frames]


def prices(frames: list[Any]) -> list[tuple[str, int, Any]]:
    """Every row of the odds frames: book, outcome, price."""
    return [
        (slug, row["outcomeId"], row["price"])
        for frame in frames
        if frame.get("channel") == "odds"
        for slug, rows in frame["payload"]["odds"].items()
        for row in rows.values()
    ]


async def hear(feed: Any, socket: Any) -> list[Any]:
    """All that has been said so far."""
    feed.say_last()
    frames: list[Any] = await socket.rest()
    return frames


# --- the rates that are always told --------------------------------------------------------------------------


async def test_client_of_a_quiet_selection_hears_a_rate_every_few_seconds(feed: Any) -> None:
    socket, _ = await feed.login(sportIds=[12], bookmakers=["pinnacle"])
    told = []
    for _ in range(3):
        feed.step(5.5)
        told.append(await socket.next())
    assert channels(told) == ["currencies"] * 3
    assert [list(frame["payload"]) for frame in told] == [[name] for name in sorted(feed.world.currencies)[:3]]


async def test_silent_feed_tells_no_rates(feed: Any) -> None:
    socket, _ = await feed.login()
    feed.dialect.patch({"silent": True})
    feed.step(5.5)
    for _ in range(10):
        await asyncio.sleep(0)
    feed.dialect.patch({})
    assert await hear(feed, socket) == []


# --- login -------------------------------------------------------------------------------------------------


async def test_login_ok_has_the_recorded_keys(feed: Any, shared: Callable[[str], Path]) -> None:
    frames = json.loads(shared("data/oddspapi/ws_frames.json").read_text())["frames"]
    recorded = next(entry["frame"] for entry in frames if entry["frame"]["type"] == "login_ok")
    _, ok = await feed.login()
    assert ok.keys() == recorded.keys()
    assert ok["resume"].keys() - {"serverCursors"} == recorded["resume"].keys()
    assert ok["resume"]["replayChannels"] == recorded["resume"]["replayChannels"]


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ({"type": "subscribe"}, "first message must be login"),
        ({"type": "login", "apiKey": OTHER_KEY}, "login_failed"),
        ({"type": "login"}, "login_failed"),
    ],
)
async def test_bad_login_gets_an_error_and_4000(feed: Any, frame: dict[str, Any], error: str) -> None:
    socket = await feed.connect()
    await socket.ws.send_json(frame)
    answer = await socket.next()
    assert (answer["type"], answer["error"], await socket.next()) == ("error", error, 4000)


async def test_client_that_does_not_log_in_is_closed_with_4000(feed: Any) -> None:
    feed.dialect.login_deadline_s = 0.01
    socket = await feed.connect()
    assert await socket.next() == 4000


async def test_sixth_connection_of_a_group_is_closed_with_4003(feed: Any) -> None:
    feed.dialect.keys.register(AccessKey(OTHER_KEY))
    logins = [await feed.login(apiKey=key) for key in (DEMO_KEY, OTHER_KEY, DEMO_KEY, OTHER_KEY, DEMO_KEY)]
    assert {ok["type"] for _, ok in logins} == {"login_ok"}
    socket, refused = await feed.login()
    assert (refused["error"], await socket.next()) == ("too_many_connections", 4003)


async def test_place_of_a_closed_connection_is_free_again(feed: Any) -> None:
    sockets = [(await feed.login())[0] for _ in range(5)]
    await sockets[0].ws.close()
    await feed.until(lambda: len(feed.dialect.sockets()) == 4)
    assert (await feed.login())[1]["type"] == "login_ok"


async def test_revoked_key_is_closed_with_4001(feed: Any) -> None:
    feed.dialect.keys.register(AccessKey(OTHER_KEY, group="other"))
    revoked, kept = (await feed.login(apiKey=OTHER_KEY))[0], (await feed.login())[0]
    feed.dialect.keys.revoke(OTHER_KEY)
    assert await revoked.next() == 4001
    assert await hear(feed, kept) == []


# --- data --------------------------------------------------------------------------------------------------


async def test_new_match_is_told_on_every_channel_it_concerns(feed: Any) -> None:
    socket, _ = await feed.login(channels=ALL)
    feed.put_fixture()
    feed.put_odds({111: "1.155", 112: "5.77"})
    feed.put_fixture(status_id=1, scores={"p1": {"participant1Score": 2, "participant2Score": 0}})
    feed.put_fixture(clock={"currentPeriod": "p1", "currentTime": "05:00", "stopped": False})
    feed.world.put_book(NBA_GAME, "pinnacle", suspended=True)
    feed.world.put_currency("EUR", Decimal("0.9"))
    frames = await hear(feed, socket)
    assert channels(frames) == [
        "fixtures", "bookmakers", "odds", "fixtures", "scores", "fixtures", "clocks", "bookmakers", "currencies"
    ]  # fmt: skip
    assert [f["payload"]["bookmakers"]["pinnacle"]["suspended"] for f in frames if f["channel"] == "bookmakers"] == [
        False,
        True,
    ]
    assert frames[6]["payload"]["clock"] == {
        "currentPeriod": "p1",
        "currentTime": "05:00",
        "remainingTime": None,
        "remainingTimeInPeriod": None,
        "stopped": False,
    }


async def test_new_match_brings_its_first_scores_and_clock_with_it(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures", "scores", "clocks", "currencies"])
    feed.put_fixture(status_id=1, clock={"stopped": True}, **score(1))
    (frame,) = await hear(feed, socket)
    assert frame["payload"]["scores"]["result"]["participant1Score"] == 1


async def test_book_is_announced_once_per_match(feed: Any) -> None:
    socket, _ = await feed.login(channels=["bookmakers", "currencies"])
    for fixture_id, outcome in ((NBA_GAME, 111), (SOCCER_GAME, 101)):
        feed.put_fixture(fixture_id)
        for price in ("1.5", "1.6"):
            feed.put_odds({outcome: price}, "pinnacle", fixture_id)
    frames = await hear(feed, socket)
    assert [frame["payload"]["fixtureId"] for frame in frames] == [NBA_GAME, SOCCER_GAME]


@pytest.mark.parametrize("channel", ["odds", "bookmakers", "scores", "clocks", "currencies"])
async def test_frame_has_the_recorded_keys(feed: Any, shared: Callable[[str], Path], channel: str) -> None:
    recorded = next(
        entry["frame"]
        for entry in json.loads(shared("data/oddspapi/ws_frames.json").read_text())["frames"]
        if entry["frame"].get("channel") == channel
    )
    socket, _ = await feed.login(channels=[channel])
    feed.put_fixture()
    feed.put_odds({111: "1.155"})
    feed.put_fixture(scores={"result": {"participant1Score": 0, "participant2Score": 1}}, clock={"stopped": True})
    feed.world.put_currency("EUR", Decimal("0.9"))
    frame = await socket.next()
    assert frame.keys() == recorded.keys()
    assert innermost(frame["payload"]) == innermost(recorded["payload"])


def innermost(value: Any) -> Any:
    """The keys of the deepest object on the way down the last values."""
    inner = [item for item in value.values() if isinstance(item, dict) and item]
    return innermost(inner[-1]) if inner and "price" not in value else set(value)


async def test_entry_ids_carry_the_time_and_rise_per_channel(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures", "odds"])
    feed.put_fixture()
    for price in ("1.5", "1.6", "1.7"):
        feed.step(1)
        feed.put_odds({111: price})
    frames = await socket.frames(4)
    assert all(frame["entryId"].startswith(f"{frame['ts']}-") for frame in frames)
    assert [frame["entryId"].split("-")[1] for frame in frames] == ["1", "1", "2", "3"]
    assert [frame["ts"] - frames[0]["ts"] for frame in frames] == [0, 1000, 2000, 3000]


async def test_only_what_changed_is_said(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5", 112: "2.7"}, "sharpbet")
    socket, _ = await feed.login(channels=["odds"])
    feed.put_odds({111: "1.6", 112: "2.7"}, "sharpbet")
    assert prices(await hear_odds(feed, socket)) == [("sharpbet", 111, Decimal("1.6"))]


async def hear_odds(feed: Any, socket: Any) -> list[Any]:
    """The next frames up to one with a price of 999."""
    feed.put_odds({112: 999}, "lastbook")
    frames: list[Any] = []
    while not any(price == 999 for _, _, price in prices(frames[-1:])):
        frames.append(await socket.next())
    return frames[:-1]


async def test_move_at_pinnacle_says_the_new_line_for_both_sides(feed: Any) -> None:
    feed.put_fixture()
    socket, _ = await feed.login(channels=["odds"])
    feed.put_odds({111: "1.5", 112: "2.7"})
    feed.put_odds({111: "1.6"})
    before, after = await hear_odds(feed, socket)
    lines = [
        {row["bookmakerMarketId"] for row in frame["payload"]["odds"]["pinnacle"].values()} for frame in (before, after)
    ]
    assert [len(line) for line in lines] == [1, 1]
    assert lines[0] != lines[1]
    assert prices([after]) == [("pinnacle", 111, Decimal("1.6")), ("pinnacle", 112, Decimal("2.7"))]
    assert len({row["changedAt"] for row in after["payload"]["odds"]["pinnacle"].values()}) == 1


async def test_main_line_that_moves_says_both_lines(feed: Any) -> None:
    feed.put_fixture(SOCCER_GAME)
    feed.put_odds({1010: "1.9", 1011: "1.9", 1012: "3", 1013: "1.4"}, "sharpbet", SOCCER_GAME)
    socket, _ = await feed.login(channels=["odds"])
    feed.put_odds({1012: "1.9", 1013: "1.9", 1010: "1.5", 1011: "2.6"}, "sharpbet", SOCCER_GAME)
    (frame,) = [await socket.next()]
    main = {row["marketId"]: row["mainLine"] for row in frame["payload"]["odds"]["sharpbet"].values()}
    assert main == {1010: False, 1012: True}


@pytest.mark.parametrize(
    ("filters", "heard"),
    [
        ({"bookmakers": ["sharpbet"]}, [("sharpbet", 111), ("sharpbet", 101)]),
        ({"sportIds": [10]}, [("pinnacle", 101), ("sharpbet", 101)]),
        ({"tournamentIds": [132]}, [("pinnacle", 111), ("sharpbet", 111)]),
        ({"fixtureIds": [SOCCER_GAME], "bookmakers": ["pinnacle"]}, [("pinnacle", 101)]),
        ({"sportIds": [12]}, []),
    ],
)
async def test_filters_choose_what_is_heard(feed: Any, filters: dict[str, Any], heard: list[Any]) -> None:
    socket, _ = await feed.login(channels=["odds", "currencies"], **filters)
    for fixture_id, outcome in ((NBA_GAME, 111), (SOCCER_GAME, 101)):
        feed.put_fixture(fixture_id)
        feed.put_odds({outcome: "1.5"}, "pinnacle", fixture_id)
        feed.put_odds({outcome: "1.6"}, "sharpbet", fixture_id)
    assert [(slug, outcome) for slug, outcome, _ in prices(await hear(feed, socket))] == heard


async def test_frame_of_many_books_is_cut_to_those_that_may_pass(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"}, "pinnacle")
    feed.put_odds({111: "1.5"}, "sharpbet")
    socket, _ = await feed.login(channels=["odds"], bookmakers=["sharpbet"])
    feed.dialect.patch({"inactiveMarkets": [111]})
    frame = await socket.next()
    assert list(frame["payload"]["odds"]) == ["sharpbet"]


async def test_names_follow_the_logins_language(feed: Any) -> None:
    german, english = (await feed.login(lang="de"))[0], (await feed.login(lang="xx"))[0]
    feed.put_fixture()
    names = [(await socket.next())["payload"]["status"]["statusName"] for socket in (german, english)]
    assert names == ["Vor dem Spiel", "Pre-Game"]


async def test_end_of_a_match_is_told(feed: Any) -> None:
    feed.put_fixture(status_id=1)
    socket, _ = await feed.login(channels=["fixtures"])
    feed.world.settle(NBA_GAME, {111: SettlementStatus.WON})
    status = (await socket.next())["payload"]["status"]
    assert (status["statusId"], status["live"]) == (2, False)


async def test_cancellation_new_start_and_corrected_score_are_told(feed: Any) -> None:
    feed.put_fixture(scores={"result": {"participant1Score": 2, "participant2Score": 0}})
    socket, _ = await feed.login(channels=["fixtures", "scores"])
    feed.put_fixture(start_time=1_766_500_000)
    feed.put_fixture(scores={"result": {"participant1Score": 1, "participant2Score": 0}})
    feed.put_fixture(status_id=3)
    start, _, score, cancelled = await socket.frames(4)
    assert start["payload"]["startTime"] == 1_766_500_000
    assert score["payload"]["scores"]["result"]["participant1Score"] == 1
    assert cancelled["payload"]["status"]["statusId"] == 3


# --- receive types -----------------------------------------------------------------------------------------


class Reader:
    """Decodes as a client does: by the echoed receive type, and by the dictionary that a frame's header names."""

    def __init__(self, ok: Any, dictionaries: list[Any]) -> None:
        self._type = ok["receiveType"]
        self._known = {f["dictId"]: zstandard.ZstdCompressionDict(b64decode(f["data"])) for f in dictionaries}

    def read(self, written: bytes) -> Any:
        if self._type == "binary":
            return msgspec.msgpack.decode(written)
        dict_id = zstandard.get_frame_parameters(written).dict_id
        reader = zstandard.ZstdDecompressor(dict_data=self._known[dict_id] if dict_id else None)
        return json.loads(reader.decompress(written, max_output_size=64 * 1024 * 1024))


@pytest.mark.parametrize(("receive_type", "dictionaries"), [("binary", 0), ("zstd", 0), ("zstd-dict", 2)])
async def test_binary_forms_say_the_same(feed: Any, receive_type: str, dictionaries: int) -> None:
    plain, _ = await feed.login(channels=["odds", "fixtures", "scores"])
    socket, ok = await feed.login(channels=["odds", "fixtures", "scores"], receiveType=receive_type)
    reader = Reader(ok, await socket.frames(dictionaries))
    feed.put_fixture()
    feed.put_odds({111: "1.155"})
    feed.put_fixture(scores={"p1": {"participant1Score": 2, "participant2Score": 0}})
    for wanted in await plain.frames(4):
        assert reader.read(await socket.next()) == json.loads(_numbers.encode(wanted))


async def test_feed_may_fall_back_to_json_and_says_so(feed: Any) -> None:
    feed.dialect.patch({"jsonOnly": True})
    socket, ok = await feed.login(channels=["fixtures"], receiveType="zstd-dict")
    feed.put_fixture()
    assert ok["receiveType"] == "json"
    assert (await socket.next())["channel"] == "fixtures"


async def test_frame_larger_than_a_mebibyte_arrives(feed: Any) -> None:
    feed.put_fixture(SOCCER_GAME)
    socket, _ = await feed.login(channels=["odds"])
    markets = feed.world.catalogue.of_sport(10)
    feed.put_odds({outcome: "1.9" for market in markets for outcome in market.outcomes}, "pinnacle", SOCCER_GAME)
    feed.dialect.patch({"padBytes": 1_500_000})
    feed.put_odds({101: "2.1"}, "pinnacle", SOCCER_GAME)
    many, padded = await socket.frames(2)
    assert len(many["payload"]["odds"]["pinnacle"]) > 400
    assert len(padded["payload"]["padding"]) == 1_500_000


# --- conflation --------------------------------------------------------------------------------------------


async def test_in_scaled_pace_moves_within_the_window_are_one_latest_state(feed: Any) -> None:
    feed.put_fixture()
    feed.clock.run_scaled(feed.clock.now_ns(), 0.05)
    socket, _ = await feed.login(channels=["odds"])
    for price in ("1.5", "1.6", "1.7"):
        feed.put_odds({111: price}, "sharpbet")
    feed.put_odds({111: "1.8"}, "3et")
    frame = await socket.next()
    assert feed.clock.pace is Pace.SCALED
    assert prices([frame]) == [("sharpbet", 111, Decimal("1.7")), ("3et", 111, Decimal("1.8"))]


async def test_in_stepped_pace_the_window_is_no_time_at_which_the_world_must_wake(feed: Any) -> None:
    feed.put_fixture()
    socket, _ = await feed.login(channels=["odds"])
    feed.put_odds({111: "1.5"}, "sharpbet")
    feed.put_odds({111: "1.6"}, "sharpbet")
    assert feed.clock.next_wake_ns() is None
    assert [price for _, _, price in prices(await hear_odds(feed, socket))] == [Decimal("1.5"), Decimal("1.6")]


async def test_pace_that_becomes_stepped_ends_an_open_window(feed: Any) -> None:
    feed.put_fixture()
    socket, _ = await feed.login(channels=["odds"])
    feed.clock.run_real()
    feed.put_odds({111: "1.5"}, "sharpbet")
    feed.clock.run_stepped(feed.clock.now_ns())
    assert prices([await socket.next()]) == [("sharpbet", 111, Decimal("1.5"))]


# --- resumption --------------------------------------------------------------------------------------------


def score(points: int) -> dict[str, Any]:
    return {"scores": {"result": {"participant1Score": points, "participant2Score": 0}}}


async def test_returning_client_hears_what_it_missed_in_order(feed: Any) -> None:
    feed.put_fixture()
    socket, ok = await feed.login(channels=["fixtures", "scores"])
    feed.put_fixture(**score(1))
    seen = {frame["channel"]: frame["entryId"] for frame in await socket.frames(2)}
    await socket.ws.close()
    feed.step(30)
    feed.put_fixture(**score(2))
    feed.put_fixture(**score(3))
    epoch = ok["resume"]["serverEpoch"]
    again, _ = await feed.login(channels=["fixtures", "scores"], serverEpoch=epoch, lastSeenId=seen)
    feed.put_fixture(**score(4))
    frames = await again.frames(7)
    assert channels(frames) == ["fixtures", "scores", "fixtures", "scores", "resume_complete", "fixtures", "scores"]
    assert [f["payload"]["scores"]["result"]["participant1Score"] for f in frames if f["type"] == "UPDATE"] == [
        2, 2, 3, 3, 4, 4
    ]  # fmt: skip


async def test_replay_keeps_to_the_filters(feed: Any) -> None:
    feed.put_fixture()
    ok = (await feed.login())[1]
    feed.put_fixture(SOCCER_GAME)
    feed.put_fixture(status_id=1)
    seen = {"fixtures": ok["resume"]["serverEntryIds"]["fixtures"]}
    epoch = ok["resume"]["serverEpoch"]
    again, _ = await feed.login(channels=["fixtures"], sportIds=[11], serverEpoch=epoch, lastSeenId=seen)
    first, last = await again.frames(2)
    assert (first["payload"]["fixtureId"], last["type"]) == (NBA_GAME, "resume_complete")


async def test_client_that_was_away_too_long_must_fetch_snapshots(feed: Any) -> None:
    feed.put_fixture(**score(1))
    _, ok = await feed.login()
    entry = ok["resume"]["serverEntryIds"]["fixtures"]
    feed.step(61)
    epoch = ok["resume"]["serverEpoch"]
    again, _ = await feed.login(channels=["fixtures"], serverEpoch=epoch, lastSeenId={"fixtures": entry})
    feed.put_fixture(status_id=1)
    required, data = await again.frames(2)
    assert required == {
        "type": "snapshot_required",
        "reason": "resume_window_exceeded",
        "channels": ["fixtures"],
        "serverEpoch": epoch,
        "resumeWindowMs": 60_000,
        "serverEntryIds": {"fixtures": entry},
    }
    assert data["channel"] == "fixtures"


async def test_restarted_gateway_requires_snapshots_and_replays_nothing(feed: Any) -> None:
    feed.put_fixture()
    socket, ok = await feed.login()
    feed.dialect.patch({"newEpoch": True})
    assert await socket.next() == 1006
    seen = {"fixtures": ok["resume"]["serverEntryIds"]["fixtures"], "odds": "1-1"}
    epoch = ok["resume"]["serverEpoch"]
    again, new = await feed.login(channels=["fixtures", "odds"], serverEpoch=epoch, lastSeenId=seen)
    required = await again.next()
    assert (required["reason"], required["channels"]) == ("server_restarted", ["fixtures", "odds"])
    assert required["serverEpoch"] == new["resume"]["serverEpoch"] != epoch
    assert new["resume"]["serverEntryIds"] == {"fixtures": None, "scores": None}


# --- interruptions -----------------------------------------------------------------------------------------


async def test_reconnect_is_asked_for_and_the_old_connection_dies_later(feed: Any) -> None:
    feed.put_fixture()
    old, before = await feed.login(channels=["fixtures"])
    feed.dialect.patch({"reconnect": True})
    assert await old.next() == {"type": "reconnect", "reason": "server_upgrade"}
    new, after = await feed.login(channels=["fixtures"])
    assert before["resume"]["serverEpoch"] != after["resume"]["serverEpoch"]
    feed.put_fixture(status_id=1)
    assert [(await socket.next())["channel"] for socket in (old, new)] == ["fixtures", "fixtures"]
    assert feed.clock.next_wake_ns() is None
    feed.step(5)
    assert await old.next() == 1011
    feed.put_fixture(status_id=2)
    assert (await new.next())["payload"]["status"]["statusId"] == 2


async def test_reset_world_asks_clients_to_begin_anew(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    socket, _ = await feed.login()
    feed.world.reset()
    assert (await socket.next())["type"] == "reconnect"
    assert await feed.ok("fixtures", sportId=11) == []
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    assert channels(await socket.frames(3)) == ["fixtures", "bookmakers", "odds"]


async def test_odds_of_a_world_that_was_reset_are_not_said_any_more(feed: Any) -> None:
    feed.put_fixture()
    socket, _ = await feed.login(channels=["odds", "currencies"])
    feed.clock.run_real()
    feed.put_odds({111: "1.5"})
    feed.world.reset()
    feed.put_fixture()
    feed.dialect.gateway.flush()
    assert channels(await hear(feed, socket)) == ["reconnect"]
    feed.put_odds({111: "1.6"})
    assert (await socket.next())["channel"] == "odds"


async def test_time_that_goes_back_is_a_new_epoch(feed: Any) -> None:
    feed.put_fixture()
    socket, before = await feed.login(channels=["fixtures"])
    feed.clock.run_stepped(feed.clock.now_ns() - 3600 * 10**9)
    assert (await socket.next())["type"] == "reconnect"
    feed.put_fixture(status_id=1)
    frame = await socket.next()
    assert frame["ts"] == feed.clock.now_ms()
    assert (await feed.login())[1]["resume"]["serverEpoch"] != before["resume"]["serverEpoch"]


async def test_slow_reader_is_closed_with_4002(feed: Any) -> None:
    feed.put_fixture()
    feed.dialect.gateway.patience = Patience(frames=2, losses=2)
    socket, _ = await feed.login(channels=["odds"])
    feed.dialect.patch({"padBytes": 2_000_000})
    for number in range(30):
        feed.put_odds({111: 2 + Decimal(number) / 100}, "sharpbet")
    frames = []
    while not isinstance(frame := await socket.next(), int):
        frames.append(frame)
    assert frame == 4002
    assert len(frames) < 30


async def test_reader_that_catches_up_is_told_that_it_needs_a_snapshot(feed: Any) -> None:
    feed.put_fixture()
    feed.dialect.gateway.patience = Patience(frames=2)
    socket, _ = await feed.login(channels=["odds"])
    for number in range(20):
        feed.put_odds({111: 2 + Decimal(number) / 100}, "sharpbet")
    frames = [await socket.next()]
    while frames[-1]["type"] == "UPDATE":
        frames.append(await socket.next())
    assert (frames[-1]["reason"], frames[-1]["channels"]) == ("client_backpressure", ["odds"])
    feed.put_odds({111: "9.9"}, "sharpbet")
    assert prices([await socket.next()]) == [("sharpbet", 111, Decimal("9.9"))]


async def test_open_sockets_are_known_with_what_they_were_sent(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures"])
    feed.put_fixture()
    await socket.next()
    (open_socket,) = feed.dialect.sockets()
    assert open_socket.sent == 2
    open_socket.close(1006)
    assert await socket.next() == 1006


async def test_what_a_client_says_after_its_login_is_ignored(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures"])
    await socket.ws.send_json({"type": "subscribe", "channels": ["odds"]})
    feed.put_fixture()
    assert (await socket.next())["channel"] == "fixtures"


# --- faults ------------------------------------------------------------------------------------------------


async def test_silence_leaves_the_socket_open(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures"])
    feed.dialect.patch({"silent": True})
    feed.put_fixture()
    feed.dialect.patch({})
    feed.put_fixture(status_id=1)
    assert (await socket.next())["payload"]["status"]["statusId"] == 1


@pytest.mark.parametrize(
    ("switch", "flag"),
    [("staleBooks", "staleOdds"), ("suspendedBooks", "suspended"), ("rotatedBooks", "participantsRotated")],
)
async def test_state_of_a_book_is_switched_and_switched_back(feed: Any, switch: str, flag: str) -> None:
    feed.put_fixture()
    for slug in ("pinnacle", "sharpbet"):
        feed.put_odds({111: "1.5"}, slug)
    socket, _ = await feed.login(channels=["bookmakers"])
    feed.dialect.patch({switch: ["pinnacle"]})
    feed.step(1)
    feed.dialect.patch({switch: []})
    states = [frame["payload"]["bookmakers"] for frame in await socket.frames(2)]
    assert [list(state) for state in states] == [["pinnacle"], ["pinnacle"]]
    assert [state["pinnacle"][flag] for state in states] == [True, False]
    assert [state["pinnacle"]["updatedAt"][17:19] for state in states] == ["13", "14"]


async def test_market_is_switched_inactive_while_its_rows_stay_active(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    socket, _ = await feed.login(channels=["odds"])
    feed.step(1)
    feed.dialect.patch({"inactiveMarkets": [111]})
    (row,) = (await socket.next())["payload"]["odds"]["pinnacle"].values()
    assert (row["marketActive"], row["active"], row["changedAt"]) == (False, True, feed.clock.now_ms())
    since = await feed.ok("fixtures/odds", fixtureId=NBA_GAME, since=feed.clock.now_ms())
    assert list(since["odds"]["pinnacle"].values()) == [row]


@pytest.mark.parametrize(("switch", "price"), [("zero", 0), ("empty", ""), ("null", None)])
async def test_prices_are_replaced_by_placeholders(feed: Any, switch: str, price: Any) -> None:
    feed.put_fixture()
    socket, _ = await feed.login(channels=["odds"])
    feed.dialect.patch({"placeholderPrice": switch})
    feed.put_odds({111: "1.5"})
    assert prices([await socket.next()]) == [("pinnacle", 111, price)]


async def test_optional_fields_are_absent(feed: Any) -> None:
    feed.dialect.patch({"omitOptional": True})
    socket, _ = await feed.login(channels=["fixtures", "odds"])
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    fixture, odds = await socket.frames(2)
    assert not {"season", "venue", "clock"} & fixture["payload"].keys()
    (row,) = odds["payload"]["odds"]["pinnacle"].values()
    assert set(row) == {"bookmaker", "outcomeId", "playerId", "price", "active", "changedAt"}


async def test_older_rows_come_late(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"}, "sharpbet")
    socket, _ = await feed.login(channels=["odds"])
    feed.dialect.patch({"lateOlderRows": True})
    feed.step(1)
    feed.put_odds({111: "1.6"}, "sharpbet")
    frames = await socket.frames(2)
    rows = [row for frame in frames for row in frame["payload"]["odds"]["sharpbet"].values()]
    assert [row["price"] for row in rows] == [Decimal("1.6"), Decimal("1.5")]
    assert rows[0]["changedAt"] - rows[1]["changedAt"] == 1000


async def test_unknown_channel_and_market_are_said_once(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    socket, _ = await feed.login(channels=["odds"])
    feed.dialect.patch({"unknownChannel": True, "unknownMarket": True})
    unknown, odds = await socket.frames(2)
    assert unknown["channel"] == "weather"
    (row,) = odds["payload"]["odds"]["pinnacle"].values()
    assert await feed.ok("markets", marketIds=row["marketId"]) == []


async def test_frames_are_repeated_and_dropped(feed: Any) -> None:
    socket, _ = await feed.login(channels=["fixtures", "currencies"])
    feed.dialect.patch({"duplicateRate": 1})
    feed.put_fixture()
    feed.dialect.patch({"duplicateRate": 0, "dropRate": 1})
    feed.put_fixture(status_id=1)
    feed.dialect.patch({})
    first, second = await hear(feed, socket)
    assert first == second


async def test_currencies_jump(feed: Any) -> None:
    socket, _ = await feed.login(channels=["currencies"])
    feed.dialect.patch({"rates": {"EUR": 0.5}})
    assert (await socket.next())["payload"]["EUR"]["currencyValue"] == Decimal("0.5")


async def test_plain_request_is_no_socket(feed: Any) -> None:
    async with feed.http.get(f"{feed.url}/ws") as answer:
        assert answer.status == 400


async def test_world_down_refuses_the_upgrade(feed: Any) -> None:
    feed.dialect.faults.behaviour.down = True
    with pytest.raises(aiohttp.ClientError):
        await feed.connect()
