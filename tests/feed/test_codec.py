"""How frames become structs."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.feed import wire
from hedgerow.feed.codec import JSON, MSGPACK, MalformedFrameError, SalvagedOdds, Unreadable
from hedgerow.feed.quotes import quote_of


def test_data_frame_is_told_by_its_channel_though_its_type_is_update(say):
    assert isinstance(say.heard(say.odds(say.row(101))), wire.OddsFrame)
    assert isinstance(say.heard(say.bookmakers()), wire.BookmakersFrame)
    assert isinstance(say.heard(say.frame("fixtures", say.fixture())), wire.FixturesFrame)


def test_channel_counts_wherever_it_stands(say):
    frame = json.loads(say.odds(say.row(101)))
    turned = json.dumps(dict(reversed(frame.items()))).encode()
    assert isinstance(say.heard(turned), wire.OddsFrame)


def test_dictionary_is_a_control_frame_though_it_names_a_channel(say):
    frame = say.heard(say.control("dict", channel="odds", dictId=7, encoding="base64", data="AAAA"))
    assert isinstance(frame, wire.Dictionary)
    assert frame.dict_id == 7


def test_every_published_frame_is_read(shared, say):
    kinds = set()
    for example in json.loads(shared("data/oddspapi/ws_frames.json").read_text())["frames"]:
        if example["dir"] == "s2c":
            frame = say.heard(json.dumps(example["frame"]).encode())
            assert not isinstance(frame, (Unreadable, SalvagedOdds))
            kinds.add(type(frame))
    assert len(kinds) == 11


@pytest.mark.parametrize("channel", ["events", "stats", "injuries", "lineups", "oddsFutures", "news"])
def test_unknown_channel_is_passed_with_its_name(say, channel):
    assert say.heard(say.frame(channel, {"anything": [1]})) == Unreadable(
        channel, f"Invalid value '{channel}' - at `$.channel`"
    )


def test_unknown_control_frame_is_passed_with_its_name(say):
    frame = say.heard(say.control("maintenance", until=5))
    assert isinstance(frame, Unreadable)
    assert frame.name == "maintenance"


@pytest.mark.parametrize("text", [b"", b"{", b'{"channel":"odds","payload":{"fixtureId":"x"', b"\x00\x01"])
def test_what_is_no_message_is_malformed(say, text):
    with pytest.raises(MalformedFrameError):
        say.heard(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_unreadable_or_malformed(say, text):
    for hear in (say.heard, say.heard_packed):
        try:
            frame = hear(text)
        except MalformedFrameError:
            continue
        assert isinstance(frame, Unreadable)


def test_fields_that_are_absent_or_null_are_nothing(say):
    bare = {say.name(101): {"bookmaker": "pinnacle", "outcomeId": 101, "playerId": 0, "changedAt": 5}}
    nulls = {say.name(102): dict.fromkeys(say.row(102)) | {"outcomeId": 102, "playerId": 0, "changedAt": 5}}
    text = say.frame("odds", {"fixtureId": say.fixture_id, "odds": {"pinnacle": bare | nulls}})
    assert isinstance(say.heard(text), wire.OddsFrame)
    for row in JSON.odds(text)["pinnacle"].values():
        quote = quote_of(row, 0)
        assert (quote.odds, quote.limit, quote.is_active, quote.market_ref, quote.meta) == (None,) * 2 + (
            False,
            None,
            None,
        )


def test_row_that_cannot_be_read_takes_no_other_with_it(say):
    text = say.odds(say.row(101), say.row(102, at=None), say.row(103))
    frame = say.heard(text)
    assert isinstance(frame, SalvagedOdds)
    rows = frame.odds["pinnacle"]
    assert rows[say.name(101)].changed_at == 1000
    assert rows[say.name(102)] is None
    assert rows[say.name(103)].outcome_id == 103


def test_frame_of_odds_is_one_whatever_its_type_is_called(say):
    frame = json.loads(say.odds(say.row(101), say.row(102, at=None))) | {"type": "SNAPSHOT"}
    assert isinstance(say.heard(json.dumps(frame).encode()), SalvagedOdds)


def test_fault_that_shows_only_when_the_row_is_read_takes_no_other_with_it(say):
    text = say.odds(say.row(101), say.row(102, marketId="?"))
    assert isinstance(say.heard(text), wire.OddsFrame)
    assert set(JSON.odds(text)["pinnacle"]) == {say.name(101)}


def test_frame_of_odds_without_odds_is_unreadable(say):
    frame = say.heard(say.frame("odds", {"fixtureId": say.fixture_id, "odds": None}))
    assert isinstance(frame, Unreadable)
    assert frame.name == "odds"


def test_messagepack_says_the_same_as_json(say):
    row = say.row(101, 1.155, limit=751.343, meta={"back": [{"price": 1.155, "size": 3}]})
    frame = json.loads(say.odds(row))
    packed = msgspec.msgpack.encode(frame)
    assert say.heard_packed(packed) == say.heard(say.odds(row))
    ours, theirs = (
        MSGPACK.odds(packed)["pinnacle"][say.name(101)],
        JSON.odds(say.odds(row))["pinnacle"][say.name(101)],
    )
    assert quote_of(ours, 0) == quote_of(theirs, 0)


@given(st.decimals("1.01", "1000", places=5))
def test_price_survives_messagepacks_doubles(say, price):
    packed = msgspec.msgpack.encode(json.loads(say.odds(say.row(101, float(price)))))
    quote = quote_of(MSGPACK.odds(packed)["pinnacle"][say.name(101)], 0)
    assert quote.odds == int(price * 1_000_000)


def test_absent_values_stay_absent_in_messagepack(say):
    packed = msgspec.msgpack.encode(
        {"channel": "odds", "payload": {"fixtureId": "x", "odds": {"b": {"n": {"outcomeId": 1, "changedAt": 1}}}}}
    )
    quote = quote_of(MSGPACK.odds(packed)["b"]["n"], 0)
    assert (quote.odds, quote.limit, quote.meta) == (None, None, None)


def test_faulty_row_in_messagepack_takes_no_other_with_it(say):
    packed = msgspec.msgpack.encode(json.loads(say.odds(say.row(101, 1.155), say.row(102, at="late"))))
    frame = say.heard_packed(packed)
    assert isinstance(frame, SalvagedOdds)
    assert bytes(frame.odds["pinnacle"][say.name(101)].price) == b"1.155"


def test_answer_without_quotes_by_odds_id_has_none():
    assert JSON.answered(msgspec.Raw(b"null")) == {}
    assert JSON.answered(msgspec.Raw(b"[1,2]")) == {}
