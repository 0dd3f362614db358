"""The two ends of the relay's bench, without a relay between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from hedgerow.bench.relays.peers import Route, frame, target
from hedgerow.scraping.frames import FirstMessage


@given(st.binary(max_size=20_000))
def test_frames_are_those_of_a_server_and_of_a_client(payload: bytes) -> None:
    assert frame(payload, is_masked=False) == Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert FirstMessage().feed(frame(payload, is_masked=True)) == payload


@pytest.mark.parametrize(("size", "window"), [(100, 8), (16_384, 3)])
async def test_every_message_is_echoed_once(size: int, window: int) -> None:
    async with target() as echo:
        echo.size = size
        client = await Route(echo.port, "/").client(size, window)
        try:
            assert len(await client.pass_on(50)) == 1
            times = await client.pass_on(5, is_timed=True)
        finally:
            client.close()
    assert len(times) == 5
    assert all(took > 0 for took in times)
