"""From bytes to messages: whatever comes, UnreadableError is the only error."""

from __future__ import annotations

import msgspec
import pytest

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.venues.reading import UnreadableError, read, reading


class _Message(msgspec.Struct):
    price: str


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b'{"price":1}', b'{"price":"\xff"}', b'{"price":"1","more":' + b"[" * 2_000 + b"]" * 2_000 + b"}"],
    ids=["empty", "missing", "retyped", "no UTF-8", "too deep"],
)
def test_what_cannot_be_read_is_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(_Message, payload)


@pytest.mark.parametrize(("changes", "kind"), [(False, Unavailable), (True, InDoubt)])
def test_a_question_can_be_asked_again_and_a_change_is_in_doubt(changes: bool, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="unreadable answer"), reading("venue", "ask", changes=changes):
        read(_Message, b"")
