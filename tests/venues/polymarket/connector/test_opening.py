"""Opening: who we are at the venue, and what is known of it before the first order."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.venues.base import (
    Exchange,
    StreamGap,
)

from .script import Events, Quotes, Until


async def test_opening_signs_in_and_waits_for_the_account_channel(exchange: Exchange, venue: Any) -> None:
    channel = venue.channels["/ws/user"]
    assert channel.said[1] == "PING"
    assert channel.messages == [
        {
            "type": "user",
            "auth": {
                "apiKey": "11111111-1111-1111-1111-111111111111",
                "secret": "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
                "passphrase": "passphrase-11",
            },
            "markets": [],
        }
    ]


async def test_missing_key_is_derived_from_the_wallet(build: Any, venue: Any, events: Events) -> None:
    key = {"apiKey": "derived", "secret": "c2VjcmV0", "passphrase": "words"}
    venue.answer("GET /auth/derive-api-key", key)
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    await exchange.open(events.append)
    await exchange.close()
    (asked,) = venue.requests("GET /auth/derive-api-key")
    assert asked.headers["POLY_ADDRESS"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
    assert asked.headers["POLY_NONCE"] == "0"
    assert venue.channels["/ws/user"].messages[0]["auth"]["apiKey"] == "derived"
    assert venue.requests("POST /auth/api-key") == []


async def test_key_is_made_where_there_is_none(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/derive-api-key", {"error": "Could not derive api key!"}, status=400)
    venue.answer("POST /auth/api-key", {"apiKey": "made", "secret": "c2VjcmV0", "passphrase": "words"})
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    await exchange.open(events.append)
    await exchange.close()
    assert venue.channels["/ws/user"].messages[0]["auth"]["apiKey"] == "made"


async def test_refused_wallet_makes_no_key(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/derive-api-key", {"error": "Invalid L1 Request headers"}, status=401)
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    with pytest.raises(Refused, match="clock") as caught:
        await exchange.open(events.append)
    assert caught.value.reason is Reason.AUTH
    assert venue.requests("POST /auth/api-key") == []
    await exchange.close()


async def test_venue_that_does_not_tell_time_or_standing_is_opened(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /time", {"error": "not found"}, status=404)
    venue.answer("GET /auth/ban-status/closed-only", {"error": "not found"}, status=404)
    exchange = build()
    await exchange.open(events.append)
    assert await exchange.working() == []
    await exchange.close()


async def test_nothing_private_is_asked_before_opening(build: Any, venue: Any) -> None:
    with pytest.raises(Unavailable, match="not signed in"):
        await build({"private_key": Secret("0x" + "11" * 32)}).working()
    assert venue.seen == []


async def test_wrong_key_stops_the_opening(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/ban-status/closed-only", {"error": "Unauthorized/Invalid api key"}, status=401)
    exchange = build()
    with pytest.raises(Refused) as caught:
        await exchange.open(events.append)
    assert caught.value.reason is Reason.AUTH
    await exchange.close()


async def test_signatures_carry_the_venues_time(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /time", 1_790_000_000 - 90)
    exchange = build()
    await exchange.open(events.append)
    await exchange.working()
    await exchange.close()
    (asked,) = venue.requests("GET /data/orders")
    assert asked.headers["POLY_TIMESTAMP"] == str(1_790_000_000 - 90)


async def test_channel_that_does_not_come_up_is_announced_and_comes_later(
    build: Any, venue: Any, events: Events, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.connector.OPEN_WITHIN_S", 0.05)
    channel = venue.channels["/ws/user"]
    channel.answers_pings = False
    exchange = build()
    await exchange.open(events.append)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True]
    await channel.push("PONG")
    await until(lambda: len(events) == 2)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True, False]
    await exchange.close()


async def test_account_that_may_only_close_places_nothing(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    venue.answer("GET /auth/ban-status/closed-only", {"closed_only": True})
    exchange = build()
    await exchange.open(events.append)
    with pytest.raises(Refused, match="only close") as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.ACCOUNT
    assert venue.requests("POST /order") == []
    await exchange.close()
