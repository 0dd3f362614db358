"""The conversation, as playbooks: what the server says, and what follows from it."""

from __future__ import annotations

import json
from base64 import b64encode

import msgspec
import pytest
import zstandard

from hedgerow.core.secrets import Secret
from hedgerow.feed import wire
from hedgerow.feed.codec import JSON, MSGPACK, MalformedFrameError
from hedgerow.feed.session import Cursors, ReceiveType, Session, Wanted

KEY = Secret("0" * 32)
NOW = 1_788_421_290_000
WANTED = Wanted(sports=(10,), bookmakers=("pinnacle", "betfair-ex"), lang="de")


@pytest.fixture
def cursors():
    return Cursors()


@pytest.fixture
def session(cursors):
    return Session(KEY, WANTED, cursors)


def hear(session, text, is_text=True):
    return session.receive(memoryview(text), is_text)


def login_of(session, now_ms=NOW):
    return json.loads(session.login(now_ms))


def test_login_says_what_is_wanted(session):
    assert login_of(session) == {
        "type": "login",
        "apiKey": "0" * 32,
        "clientName": "hedgerow",
        "lang": "de",
        "receiveType": "json",
        "channels": ["fixtures", "bookmakers", "odds", "scores", "clocks", "currencies"],
        "sportIds": [10],
        "bookmakers": ["pinnacle", "betfair-ex"],
    }


def test_filter_that_is_not_wanted_is_left_out(cursors):
    asked = login_of(Session(KEY, Wanted(tournaments=(17,)), cursors))
    assert asked["tournamentIds"] == [17]
    assert not {"sportIds", "bookmakers", "serverEpoch", "lastSeenId"} & asked.keys()


def test_echo_that_matches_misses_nothing(session, say):
    assert not session.is_logged_in
    assert isinstance(hear(session, say.login_ok(bookmakers=["pinnacle", "betfair-ex", "kalshi"])), wire.LoginOk)
    assert session.is_logged_in
    assert session.missing == ()


def test_echo_of_less_is_noticed(session, say):
    hear(session, say.login_ok(sportIds=[11], bookmakers=["pinnacle"], channels=["odds", "bookmakers", "fixtures"]))
    assert session.missing == (
        "channel scores",
        "channel clocks",
        "channel currencies",
        "sport 10",
        "bookmaker betfair-ex",
    )


def test_frame_is_given_with_its_text(session, say):
    hear(session, say.login_ok())
    text = say.odds(say.row(101))
    assert isinstance(hear(session, text), wire.OddsFrame)
    assert (session.text, session.codec) == (text, JSON)


def test_binary_frames_are_messagepack_when_the_echo_says_so(session, say):
    hear(session, say.login_ok(receiveType="binary"))
    packed = msgspec.msgpack.encode(json.loads(say.odds(say.row(101))))
    assert isinstance(hear(session, packed, is_text=False), wire.OddsFrame)
    assert session.codec is MSGPACK
    assert isinstance(hear(session, say.control("reconnect", reason="server_upgrade")), wire.ReconnectAsked)


def test_echo_decides_and_not_what_was_asked(cursors, say):
    session = Session(KEY, Wanted(receive_type=ReceiveType.ZSTD), cursors)
    assert login_of(session)["receiveType"] == "zstd"
    hear(session, say.login_ok(receiveType="json"))
    assert isinstance(hear(session, say.odds(say.row(101))), wire.OddsFrame)
    assert isinstance(hear(session, say.odds(say.row(101)), is_text=False), wire.OddsFrame)


@pytest.mark.parametrize("receive_type", ["zstd", "zstd-dict"])
def test_binary_frames_are_compressed_when_the_echo_says_so(session, say, receive_type):
    samples = [say.odds(say.row(outcome, price)) for outcome in range(101, 160) for price in range(2, 40)]
    content = zstandard.train_dictionary(4096, samples)
    hear(session, say.login_ok(receiveType=receive_type))
    data = b64encode(content.as_bytes()).decode()
    frame = hear(session, say.control("dict", channel="odds", dictId=content.dict_id(), encoding="base64", data=data))
    assert isinstance(frame, wire.Dictionary)
    used = content if receive_type == "zstd-dict" else None
    packed = zstandard.ZstdCompressor(dict_data=used, write_content_size=False).compress(samples[3])
    assert isinstance(hear(session, packed, is_text=False), wire.OddsFrame)
    assert session.text == samples[3]


def test_what_is_no_message_is_told_as_such(session, say):
    with pytest.raises(MalformedFrameError):
        hear(session, b'{"channel":')
    hear(session, say.login_ok(receiveType="zstd"))
    with pytest.raises(MalformedFrameError):
        hear(session, b"not zstd", is_text=False)


# --- resuming ----------------------------------------------------------------------------------------------------


def hear_scores(session, say, ms, seq=1):
    payload = {"fixtureId": say.fixture_id, "scores": {"result": say.score(1, 0)}}
    hear(session, say.frame("scores", payload, ms=ms, seq=seq))


def test_login_after_a_short_interruption_resumes(session, cursors, say):
    hear(session, say.login_ok())
    hear_scores(session, say, NOW - 59_999)
    asked = login_of(Session(KEY, WANTED, cursors))
    assert asked["serverEpoch"] == "epoch-1"
    assert asked["lastSeenId"] == {"scores": f"{NOW - 59_999}-1"}


def test_quiet_channel_is_too_old_however_short_the_interruption(session, cursors, say):
    hear(session, say.login_ok())
    hear_scores(session, say, NOW - 60_000)
    assert cursors.resume(NOW) == {}


def test_epoch_is_not_sent_without_a_cursor(session, cursors, say):
    hear(session, say.login_ok())
    assert "serverEpoch" not in login_of(Session(KEY, WANTED, cursors))


def test_channels_that_the_server_does_not_replay_have_no_cursor(session, cursors, say):
    hear(session, say.login_ok())
    hear(session, say.bookmakers())
    hear(session, say.odds(say.row(101)))
    assert cursors.last == {}


def test_holes_in_the_sequence_are_no_loss(session, cursors, say):
    hear(session, say.login_ok())
    hear_scores(session, say, NOW - 10, seq=5)
    hear_scores(session, say, NOW - 5, seq=900)
    assert cursors.last == {"scores": f"{NOW - 5}-900"}


def test_new_epoch_makes_old_cursors_worthless(session, cursors, say):
    hear(session, say.login_ok())
    hear_scores(session, say, NOW - 10)
    hear(Session(KEY, WANTED, cursors), say.login_ok(resume={"enabled": True, "serverEpoch": "epoch-2"}))
    assert cursors.resume(NOW) == {}


def test_old_connections_frames_are_no_cursors_of_the_new_epoch(session, cursors, say):
    hear(session, say.login_ok())
    terms = {"enabled": True, "serverEpoch": "epoch-2", "resumeWindowMs": 60000, "replayChannels": ["scores"]}
    hear(Session(KEY, WANTED, cursors), say.login_ok(resume=terms))
    hear_scores(session, say, NOW - 10)
    assert cursors.last == {}


def test_epoch_at_the_top_of_the_echo_is_not_the_epoch(session, cursors, say):
    hear(session, say.login_ok(serverEpoch="elsewhere"))
    assert cursors.epoch == "epoch-1"


@pytest.mark.parametrize("resume", [None, {"enabled": False, "serverEpoch": "e", "replayChannels": ["scores"]}])
def test_server_that_does_not_replay_is_not_asked_to(session, cursors, say, resume):
    hear(session, say.login_ok(resume=resume))
    hear_scores(session, say, NOW - 10)
    assert cursors.resume(NOW) == {}


def test_required_snapshot_forgets_the_cursors_and_the_stream_goes_on(session, cursors, say):
    hear(session, say.login_ok())
    hear_scores(session, say, NOW - 10)
    text = say.control("snapshot_required", reason="resume_window_exceeded", channels=["scores"])
    assert hear(session, text).channels == ["scores"]
    assert cursors.resume(NOW) == {}
    assert isinstance(hear(session, say.odds(say.row(101))), wire.OddsFrame)


def test_strange_entry_id_is_too_old(cursors, say):
    cursors.epoch, cursors.window_ms, cursors.replayable = "e", 60_000, frozenset({"scores"})
    cursors.note("e", "scores", "newest")
    assert cursors.resume(NOW) == {}


# --- endings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "comes_back", "compress"),
    [
        (1000, True, False),
        (1006, True, False),
        (1009, True, False),
        (1011, True, False),
        (4000, False, False),
        (4001, False, False),
        (4002, True, True),
        (4003, True, False),
    ],
)
def test_close_code_decides_whether_to_come_back(session, code, comes_back, compress):
    ending = session.closed(code, "because")
    assert (ending.comes_back, ending.compress) == (comes_back, compress)
    assert ending.why == f"{code} because"


def test_refused_login_is_not_tried_again(session, say):
    assert isinstance(
        hear(session, say.control("error", error="login_failed", message="invalid apiKey")), wire.FeedError
    )
    ending = session.closed(1006, "")
    assert not ending.comes_back
    assert "login_failed" in ending.why


def test_too_many_connections_is_tried_again(session, say):
    hear(session, say.control("error", error="too_many_connections"))
    assert session.closed(4003, "").comes_back


def test_error_after_the_login_does_not_end_it_all(session, say):
    hear(session, say.login_ok())
    hear(session, say.control("error", error="something"))
    assert session.closed(1006, "").comes_back


def test_key_is_in_the_login_and_nowhere_else(session):
    assert KEY.reveal() in session.login(NOW)
    assert KEY.reveal() not in repr(vars(session))
