"""Text frames as another implementation of the protocol reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from hedgerow.core.frames import framed

SIZES = st.one_of(st.integers(0, 300), st.sampled_from([125, 126, 65_535, 65_536, 70_000]))


@given(st.lists(SIZES.map(lambda size: b"x" * size), max_size=5))
def test_texts_are_read_as_they_were(texts: list[bytes]) -> None:
    client = ClientProtocol(parse_uri("ws://venue.example/"), state=State.OPEN)
    client.receive_data(framed(texts))
    found = client.events_received()
    assert [(frame.opcode, frame.fin, bytes(frame.data)) for frame in found if isinstance(frame, Frame)] == [
        (Opcode.TEXT, True, text) for text in texts
    ]
