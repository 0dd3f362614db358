"""Whatever bytes come, decoding them fails in ways that are known."""

from __future__ import annotations

import msgspec
import pytest

from hedgerow.core.decoding import UNREADABLE

_DEEP = b"[" * 2_000 + b"]" * 2_000


class _Message(msgspec.Struct):
    read: str | None = None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"read":1}',
        b'{"read":"\xff"}',
        b'{"read":"\\ud800"}',
        b'{"read":' + _DEEP + b"}",
        b'{"read":"x","unread":' + _DEEP + b"}",
    ],
    ids=["nothing", "torn", "retyped", "no UTF-8", "half a character", "deep", "deep where nobody reads"],
)
def test_bytes_that_are_no_message_raise_what_readers_catch(payload: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(payload, type=_Message)
