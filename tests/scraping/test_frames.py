"""Frames by their headers, in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from hedgerow.scraping.frames import (
    MOST_FIRST_MESSAGE,
    FirstMessage,
    Follower,
    FrameError,
    close_frame,
    pong_frame,
    text_frame,
)

OPCODES = st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE])


def wire(opcode: Opcode, payload: bytes = b"", *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=mask)


@given(
    st.lists(st.tuples(OPCODES, st.integers(0, 70_000) | st.integers(0, 130), st.booleans()), max_size=6),
    st.lists(st.integers(0, 2_000), max_size=30),
)
def test_a_follower_knows_where_frames_end_however_they_are_cut(frames, cuts) -> None:
    follower, row, ends = Follower(), b"", set()
    for opcode, size, mask in frames:
        row += wire(opcode, bytes(min(size, 125) if opcode >= Opcode.CLOSE else size), mask=mask)
        ends.add(len(row))
    at = 0
    for cut in [*cuts, len(row)]:
        follower.feed(row[at : at + cut])
        at = min(at + cut, len(row))
        assert follower.is_between == (at == 0 or at in ends)
    assert follower.heard == sum(opcode in (Opcode.TEXT, Opcode.BINARY) for opcode, _, _ in frames)
    assert follower.has_closed == any(opcode is Opcode.CLOSE for opcode, _, _ in frames)


@given(st.binary(max_size=3000), st.integers(1, 3000), st.integers(1, 4), st.binary(max_size=20))
def test_the_first_message_is_found_and_what_follows_is_left(message, step, pieces, behind) -> None:
    size = -(-len(message) // pieces) or 1
    parts = [message[at : at + size] for at in range(0, len(message), size)] or [b""]
    row = b""
    for number, part in enumerate(parts):
        row += wire(Opcode.TEXT if number == 0 else Opcode.CONT, part, fin=number == len(parts) - 1)
        row += wire(Opcode.PING, b"p") if number == 0 and len(parts) > 1 else b""
    row += behind
    first, found, at = FirstMessage(), None, 0
    while found is None:
        found = first.feed(row[at : at + step])
        at += step
    assert found == message
    assert bytes(first.rest) + row[at:] == behind
    assert first.pings == ([b"p"] if len(parts) > 1 else [])


@pytest.mark.parametrize(
    "row",
    [
        wire(Opcode.TEXT, b"{}", mask=False),
        b"\xc1\x80\x00\x00\x00\x00",
        b"\x83\x80\x00\x00\x00\x00",
        wire(Opcode.CONT, b"x"),
        wire(Opcode.TEXT, b"x", fin=False) + wire(Opcode.TEXT, b"y"),
        b"\x09\x80\x00\x00\x00\x00",
        b"\x89\xfe\x00\x7e\x00\x00\x00\x00",
    ],
    ids=["unmasked", "reserved", "opcode", "nothing to continue", "not continued", "ping in pieces", "long ping"],
)
def test_what_breaks_the_rules_is_refused(row: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        FirstMessage().feed(row)
    assert caught.value.code == 1002


def test_a_message_that_is_too_large_is_refused_before_it_is_there() -> None:
    with pytest.raises(FrameError) as caught:
        FirstMessage().feed(b"\x81\xff" + (MOST_FIRST_MESSAGE + 1).to_bytes(8))
    assert caught.value.code == 1009
    first = FirstMessage()
    first.feed(wire(Opcode.TEXT, bytes(MOST_FIRST_MESSAGE), fin=False))
    with pytest.raises(FrameError):
        first.feed(wire(Opcode.CONT, b"x"))


@given(st.integers(1000, 4999), st.text(max_size=200))
def test_a_close_of_ours_can_be_read(code: int, reason: str) -> None:
    frame = close_frame(code, reason)
    assert frame[0] == 0x88
    assert frame[1] == len(frame) - 2 <= 125
    assert reason.startswith(frame[4:].decode())
    if len(reason.encode()) <= 123:
        assert frame[2:] == code.to_bytes(2) + reason.encode()


@given(st.binary(max_size=125), st.text(max_size=300))
def test_what_we_say_ourselves_is_as_a_server_says_it(payload: bytes, text: str) -> None:
    assert pong_frame(payload) == wire(Opcode.PONG, payload, mask=False)
    assert text_frame(text.encode()) == wire(Opcode.TEXT, text.encode(), mask=False)
