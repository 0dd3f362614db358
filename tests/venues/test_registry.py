"""How venues are reached, as the operator says it."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.upstream import Upstream
from hedgerow.net.egress import DIRECT, Through
from hedgerow.venues.registry import Ways

FRONT = Upstream.of("http://hidden:country-de@gateway:8005")


def test_the_venue_that_is_named_goes_through_its_proxy_and_no_other() -> None:
    ways = Ways({"kalshi": FRONT})
    way = ways.to("kalshi")
    assert isinstance(way, Through)
    assert way.address == "gateway:8005"
    assert ways.to("polymarket") is DIRECT
    assert ways.proxies() == {"kalshi": "gateway:8005"}


def test_a_venue_that_there_is_not_is_refused_by_its_name() -> None:
    with pytest.raises(SetupError, match=r"HEDGEROW_VENUE_PROXIES names kalshy, nowhere, which") as caught:
        Ways({"nowhere": FRONT, "kalshi": FRONT, "kalshy": FRONT})
    assert "hidden" not in str(caught.value)
