"""How frames are written."""

from __future__ import annotations

import json
from base64 import b64decode
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.oddspapi import codec
from hedgerow.sim.dialects.oddspapi.access import CHANNELS

BOUND = 64 * 1024 * 1024


def frame(channel: str, price: Decimal = Decimal("1.155")) -> dict[str, Any]:
    row = {"bookmaker": "pinnacle", "outcomeId": 111, "playerId": 0, "price": price, "changedAt": 1_766_414_833_000}
    return {"channel": channel, "type": "UPDATE", "payload": {"odds": row}, "ts": 1, "entryId": "1-1"}


def read(written: str | bytes) -> Any:
    """As a client does: the dictionary is the one that the frame's header names."""
    assert isinstance(written, bytes)
    header = zstandard.get_frame_parameters(written)
    known = {f["dictId"]: b64decode(f["data"]) for f in codec.dictionary_frames(list(CHANNELS))}
    trained = zstandard.ZstdCompressionDict(known[header.dict_id]) if header.dict_id else None
    text = zstandard.ZstdDecompressor(dict_data=trained).decompress(written, max_output_size=BOUND)
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize("receive_type", ["json", "zstd", "zstd-dict"])
@pytest.mark.parametrize("channel", ["odds", "scores"])
def test_json_forms_keep_prices_to_the_digit(receive_type: str, channel: str) -> None:
    written = codec.data(frame(channel), receive_type)
    decoded = json.loads(written, parse_float=Decimal) if receive_type == "json" else read(written)
    assert decoded == frame(channel)


@given(price=st.decimals("1.001", "10000", places=3))
def test_message_pack_prints_the_price_again(price: Decimal) -> None:
    written = codec.data(frame("odds", price), "binary")
    assert isinstance(written, bytes)
    assert Decimal(repr(msgspec.msgpack.decode(written)["payload"]["odds"]["price"])) == price


def test_text_goes_out_as_text_and_the_rest_as_bytes() -> None:
    forms = {name: type(codec.data(frame("odds"), name)) for name in codec.RECEIVE_TYPES}
    assert forms == {"json": str, "binary": bytes, "zstd": bytes, "zstd-dict": bytes}


@pytest.mark.parametrize(
    ("receive_type", "channel", "has_dictionary"),
    [("zstd", "odds", False), ("zstd-dict", "odds", True), ("zstd-dict", "scores", False)],
)
def test_header_names_the_dictionary_and_no_size(receive_type: str, channel: str, has_dictionary: bool) -> None:
    written = codec.data(frame(channel), receive_type)
    assert isinstance(written, bytes)
    header = zstandard.get_frame_parameters(written)
    assert bool(header.dict_id) is has_dictionary
    assert header.content_size == zstandard.CONTENTSIZE_UNKNOWN


def test_dictionaries_exist_for_three_channels_and_have_ids_of_their_own() -> None:
    frames = codec.dictionary_frames(list(CHANNELS))
    assert [f["channel"] for f in frames] == ["bookmakers", "fixtures", "odds"]
    assert len({f["dictId"] for f in frames}) == 3
    assert all(set(f) == {"type", "channel", "dictVersion", "dictId", "encoding", "data"} for f in frames)


def test_dictionary_makes_a_real_frame_much_smaller(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    payload = world_feed.dialect.view.fixture(fixture, "en")
    whole = {"channel": "fixtures", "type": "UPDATE", "payload": payload, "ts": 1, "entryId": "1-1"}
    plain, small = (len(codec.data(whole, name)) for name in ("zstd", "zstd-dict"))
    assert small * 2 < plain
