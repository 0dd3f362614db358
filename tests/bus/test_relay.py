"""The relay from a real outbox to a real bus, with either of them going away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus import relay as relay_module
from hedgerow.bus import subjects
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Change, Relay, decode_changes
from hedgerow.core.secrets import Secret
from hedgerow.storage import outbox
from hedgerow.storage.database import Database
from hedgerow.storage.outbox import Message

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Heard:
    """The changes that came over the bus."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.subjects: list[str] = []

    async def __call__(self, subject: str, message: bytes) -> None:
        self.subjects.append(subject)
        self.changes += decode_changes(message)

    @property
    def keys(self) -> list[str]:
        return [change.key for change in self.changes]

    @property
    def first_time(self) -> list[str]:
        """Without what came again, as a follower sees it."""
        highest, keys = 0, []
        for change in self.changes:
            if change.seq > highest:
                highest = change.seq
                keys.append(change.key)
        return keys


@pytest.fixture
async def heard(nats: Bus) -> Heard:
    found = Heard()
    await nats.subscribe(subjects.ALL_EVENTS, found)
    return found


@pytest.fixture
async def relay(database: Database, nats: Bus) -> AsyncIterator[Relay]:
    found = Relay(database, nats)
    found.start()
    yield found
    await found.stop()


async def write(database: Database, *keys: str) -> None:
    async with database.transaction() as connection:
        await outbox.insert(connection, [Message("bets", "INSERT", key, {"key": key}) for key in keys])


async def test_change_goes_out_whole_under_its_channel(
    database: Database, relay: Relay, heard: Heard, eventually: Eventually
) -> None:
    async with database.transaction() as connection:
        await outbox.insert(connection, [Message("mm.orders", "UPDATE", "7", {"a": [1]}, "demo", {"a": None})])
    relay.wake()
    await eventually(lambda: len(heard.changes) == 1)
    (change,) = heard.changes
    assert heard.subjects == ["events.mm.orders"]
    assert (change.seq, change.channel, change.client, change.event, change.key) == (
        1,
        "mm.orders",
        "demo",
        "UPDATE",
        "7",
    )
    assert msgspec.json.decode(change.payload) == {"a": [1]}
    assert msgspec.json.decode(change.old) == {"a": None}


async def test_changes_keep_the_order_of_their_commits_and_are_numbered(
    database: Database, relay: Relay, heard: Heard, eventually: Eventually
) -> None:
    for number in range(20):
        await write(database, f"{number}a", f"{number}b")
        relay.wake()
    await eventually(lambda: len(heard.changes) == 40)
    assert heard.keys == [f"{number}{half}" for number in range(20) for half in "ab"]
    assert [change.seq for change in heard.changes] == list(range(1, 41))


async def test_changes_of_a_channel_go_together_and_none_passes_another(
    database: Database, nats: Bus, heard: Heard, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 1000
    monkeypatch.setattr(relay_module, "_MESSAGE_BYTES", 3 * size)
    channels = [*["bets"] * 5, "orders", *["bets"] * 2]
    async with database.transaction() as connection:
        told = [Message(channel, "INSERT", str(key), "x" * (size - 200)) for key, channel in enumerate(channels)]
        await outbox.insert(connection, told)
    relay = Relay(database, nats)
    relay.start()
    await eventually(lambda: len(heard.changes) == len(channels))
    await relay.stop()
    assert heard.keys == [str(key) for key in range(len(channels))]
    assert heard.subjects == ["events.bets", "events.bets", "events.orders", "events.bets"]


async def test_what_others_commit_goes_out_by_the_poll(
    database: Database, database_url: Secret, relay: Relay, heard: Heard, eventually: Eventually
) -> None:
    other = await Database.connect(database_url, size=1)
    await write(other, "a")
    await eventually(lambda: heard.keys == ["a"])
    await other.close()


async def test_own_commit_wakes_the_relay(
    database: Database, relay: Relay, heard: Heard, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(relay_module, "_POLL_S", 3600.0)
    await write(database, "a")
    await eventually(lambda: heard.keys == ["a"])
    await database.execute(
        "insert into outbox (channel, event, key, payload) values ('bets', 'INSERT', 'b', '{}'::jsonb)"
    )
    await eventually(lambda: heard.keys == ["a", "b"])


async def test_next_relay_goes_on_where_the_last_one_stopped(
    database: Database, nats: Bus, heard: Heard, eventually: Eventually
) -> None:
    for key in ("a", "b"):
        relay = Relay(database, nats)
        relay.start()
        await write(database, key)
        relay.wake()
        await eventually(lambda key=key: heard.keys[-1:] == [key])
        await asyncio.sleep(0)
        await relay.stop()
    assert heard.first_time == ["a", "b"]
    assert heard.changes[-1].seq == 2


async def test_relay_that_stands_by_passes_the_wake_on_and_takes_over(
    database: Database, nats: Bus, heard: Heard, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(relay_module, "_POLL_S", 3600.0)
    monkeypatch.setattr(relay_module, "_TAKE_OVER_S", 0.02)
    first, second = Relay(database, nats), Relay(database, nats)
    first.start()
    await write(database, "a")
    first.wake()
    await eventually(lambda: heard.keys == ["a"])
    second.start()
    await write(database, "b")
    second.wake()
    await eventually(lambda: heard.keys == ["a", "b"])
    await first.stop()
    await write(database, "c")
    second.wake()
    await eventually(lambda: heard.first_time == ["a", "b", "c"])
    await second.stop()


async def test_nothing_is_lost_or_out_of_order_when_nats_goes_away(
    database: Database, fragile: Bus, way_to_nats: Any, heard: Heard, eventually: Eventually
) -> None:
    relay = Relay(database, fragile)
    relay.start()
    for number in range(30):
        await write(database, str(number))
        relay.wake()
        if number % 10 == 5:
            way_to_nats.holds_back = True
            await write(database, f"{number}+")
            relay.wake()
            await asyncio.sleep(0.01)
            way_to_nats.cut()
            way_to_nats.holds_back = False
    await eventually(lambda: len(heard.first_time) == 33)
    expected = [
        key for number in range(30) for key in ([f"{number}", f"{number}+"] if number % 10 == 5 else [f"{number}"])
    ]
    assert heard.first_time == expected
    await relay.stop()


async def test_nothing_is_lost_or_out_of_order_when_postgresql_goes_away(
    database: Database,
    fragile_database_url: Secret,
    way_to_postgres: Any,
    nats: Bus,
    heard: Heard,
    eventually: Eventually,
) -> None:
    fragile_database = await Database.connect(fragile_database_url, size=2)
    relay = Relay(fragile_database, nats)
    relay.start()
    for number in range(30):
        await write(database, str(number))
        relay.wake()
        if number % 10 == 5:
            way_to_postgres.cut()
            await asyncio.sleep(0.01)
    await eventually(lambda: len(heard.first_time) == 30)
    assert heard.first_time == [str(number) for number in range(30)]
    await relay.stop()
    await fragile_database.close()


async def test_change_behind_an_open_transaction_follows_soon_after_it(
    database: Database, relay: Relay, heard: Heard, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    await write(database, "first")
    relay.wake()
    await eventually(lambda: heard.keys == ["first"])
    monkeypatch.setattr(relay_module, "_POLL_S", 3600.0)
    async with database.transaction() as older:
        await outbox.insert(older, [Message("bets", "INSERT", "older", {})])
        await write(database, "newer")
        relay.wake()
        await database.fetchval("select pg_sleep(0.02)")
        assert heard.keys == ["first"]
    await eventually(lambda: heard.keys == ["first", "older", "newer"])


async def test_change_too_large_for_the_bus_is_left_out_and_leaves_a_hole(
    database: Database, relay: Relay, heard: Heard, eventually: Eventually
) -> None:
    async with database.transaction() as connection:
        large = {"text": "x" * 9_000_000}
        await outbox.insert(connection, [Message("bets", "INSERT", "large", large)])
        await outbox.insert(connection, [Message("bets", "INSERT", "small", {})])
    relay.wake()
    await eventually(lambda: heard.keys == ["small"])
    assert heard.changes[0].seq == 2


async def test_published_changes_are_deleted_after_a_while(
    database: Database, nats: Bus, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_CLEAN_EVERY_S", 0.0)
    relay = Relay(database, nats, keep_s=0.0)
    await write(database, "a", "b")
    relay.start()
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval("select count(*) from outbox"):
            relay.wake()
    assert heard.keys == ["a", "b"]
    await relay.stop()
