"""How a data frame is written: JSON text, MessagePack, or JSON compressed with or without a dictionary.

Source: the feed sheet, section 5.3. Control frames are JSON text in every mode. MessagePack has no decimal numbers:
prices are doubles there, which hold a feed price to the digit when they are printed again.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any

import msgspec
import zstandard

from hedgerow.sim.dialects.oddspapi.dictionaries import dictionary

JSON, BINARY, ZSTD, ZSTD_DICT = "json", "binary", "zstd", "zstd-dict"
RECEIVE_TYPES = (JSON, BINARY, ZSTD, ZSTD_DICT)

_LEVEL = 3
_json = msgspec.json.Encoder(decimal_format="number")
_msgpack = msgspec.msgpack.Encoder(decimal_format="number")


def control(frame: dict[str, Any]) -> str:
    """A control frame."""
    return _json.encode(frame).decode()


def data(frame: dict[str, Any], receive_type: str) -> str | bytes:
    """A data frame: text goes out as text, bytes as binary."""
    match receive_type:
        case "binary":
            return _msgpack.encode(frame)
        case "zstd":
            return _compressor(None).compress(_json.encode(frame))
        case "zstd-dict":
            return _compressor(frame["channel"]).compress(_json.encode(frame))
    return control(frame)


def dictionary_frames(channels: list[str]) -> list[dict[str, Any]]:
    """The `dict` frames that a `zstd-dict` client of these channels needs, before any data."""
    return [
        {
            "type": "dict",
            "channel": known.channel,
            "dictVersion": known.version,
            "dictId": known.dict_id,
            "encoding": "base64",
            "data": b64encode(known.trained.as_bytes()).decode(),
        }
        for channel in channels
        if (known := dictionary(channel)) is not None
    ]


@cache
def _compressor(channel: str | None) -> zstandard.ZstdCompressor:
    """Frames without content size, as the feed writes them."""
    known = dictionary(channel) if channel is not None else None
    return zstandard.ZstdCompressor(
        level=_LEVEL, dict_data=known.trained if known else None, write_content_size=False
    )
