"""When the bookmark of a subscription is written."""

from __future__ import annotations

import pytest

from hedgerow.realtime.delivery import Delivery
from hedgerow.realtime.hub import Follower
from hedgerow.realtime.subscriptions import Subscription


@pytest.mark.parametrize(
    ("mark", "now_s", "is_due"),
    [
        ((5, 100), 10, False),
        ((6, 101), 10, True),  # the client has acknowledged something
        ((5, 1099), 10, False),
        ((5, 1100), 10, True),  # much has happened that does not concern it
        ((5, 100), 70, True),  # it is alive
    ],
)
def test_bookmark_is_written_when_it_has_moved_or_is_old(mark: tuple[int, int], now_s: float, is_due: bool) -> None:
    delivery = Delivery(None, lambda: 0.0, is_reliable=True)
    found = Subscription(Follower(b"k", (), delivery, 1), delivery, ("orders",), written=(5, 100), written_s=10)
    assert found.is_due(mark, now_s) is is_due
