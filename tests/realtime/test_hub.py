"""Fan-out from a real outbox over a real bus: nothing twice, nothing missed, nobody slows others down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus import subjects
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Change, Relay
from hedgerow.realtime.hub import Address, ConnectionLimitError, Hub
from hedgerow.realtime.output import MOST_MESSAGES, Output
from hedgerow.storage import outbox
from hedgerow.storage.database import Database
from hedgerow.storage.outbox import Message

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
DEMO: Address = ("bets", "demo")


class Keys:
    """Tells a change by its key; the key `broken` cannot be told."""

    def address(self, change: Change) -> Address | None:
        return (change.channel, change.client) if change.channel != "none" else None

    def message(self, change: Change) -> bytes | None:
        if change.key == "broken":
            raise ValueError(change.key)
        return change.key.encode()


class Told(Output):
    """Keeps what it was given, and reads: what waits is gone with the next turn of the loop."""

    def __init__(self) -> None:
        super().__init__(on_first=lambda: asyncio.get_running_loop().call_soon(self.forget))
        self.keys: list[str] = []

    def put(self, message: bytes) -> None:
        self.keys.append(message.decode())
        super().put(message)


@pytest.fixture
async def hub(database: Database, nats: Bus) -> AsyncIterator[Hub]:
    found = Hub("mm", database, nats, Keys())
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def relay(database: Database, nats: Bus) -> AsyncIterator[Relay]:
    found = Relay(database, nats)
    found.start()
    yield found
    await found.stop()


async def write(database: Database, *keys: str, client: str = "demo", channel: str = "bets") -> None:
    async with database.transaction() as connection:
        await outbox.insert(connection, [Message(channel, "INSERT", key, {}, client) for key in keys])


async def test_change_reaches_those_whom_it_concerns(
    database: Database, hub: Hub, relay: Relay, eventually: Eventually
) -> None:
    demo, rival, other = Told(), Told(), Told()
    hub.join(b"1", (DEMO,), demo)
    hub.join(b"2", (("bets", "rival"),), rival)
    hub.join(b"3", (("orders", "demo"),), other)
    await write(database, "a", "broken", "b")
    await write(database, "c", client="rival")
    await eventually(lambda: len(demo.keys) == 2 and len(rival.keys) == 1)
    assert (demo.keys, rival.keys, other.keys) == (["a", "b"], ["c"], [])


async def test_who_would_miss_a_change_that_cannot_be_told_is_disconnected(
    database: Database, hub: Hub, relay: Relay, eventually: Eventually
) -> None:
    demo, rival = Told(), Told()
    hub.join(b"1", (DEMO,), demo)
    hub.join(b"2", (("bets", "rival"),), rival)
    await write(database, "broken")
    await write(database, "c", client="rival")
    await eventually(lambda: rival.keys == ["c"])
    assert [demo.closing.is_set(), rival.closing.is_set()] == [True, False]


async def test_follower_that_left_is_told_nothing(
    database: Database, hub: Hub, relay: Relay, eventually: Eventually
) -> None:
    gone, here = Told(), Told()
    follower = hub.join(b"1", (DEMO,), gone)
    hub.join(b"2", (DEMO,), here)
    hub.leave(follower)
    await write(database, "a")
    await eventually(lambda: here.keys == ["a"])
    assert gone.keys == []


def change(seq: int, key: str) -> bytes:
    return (
        f'{{"seq":{seq},"channel":"bets","client":"demo","event":"INSERT","key":"{key}","payload":{{}},"old":null,'
        '"at":"2026-02-15T10:30:00Z"}'
    ).encode()


async def test_change_that_comes_twice_is_told_once(hub: Hub, nats: Bus, eventually: Eventually) -> None:
    told = Told()
    hub.join(b"1", (DEMO,), told)
    messages = [(subjects.events("bets"), change(seq, str(seq))) for seq in (1, 2, 1, 2, 3)]
    await nats.deliver(messages)
    await eventually(lambda: "3" in told.keys)
    assert told.keys == ["1", "2", "3"]


async def publish_nothing(database: Database) -> None:
    """All that waits in the outbox gets its number, and its messages are lost.

    As a relay does, it waits for rows behind an older transaction: another test's counts too, in another database.
    """
    cursor = outbox.Cursor(0, 0, 0)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with database.transaction() as connection:
                batch = await outbox.read(connection, cursor)
                cursor = cursor.after(batch.rows)
                await outbox.save_cursor(connection, cursor)
            if not batch.rows and not batch.waits:
                return
            await asyncio.sleep(0.005)


async def test_hole_is_read_from_the_outbox_before_what_is_behind_it(
    database: Database, hub: Hub, nats: Bus, eventually: Eventually
) -> None:
    told = Told()
    hub.join(b"1", (DEMO,), told)
    await write(database, "a", "b", "c")
    await publish_nothing(database)
    await nats.deliver([(subjects.events("bets"), change(3, "c"))])
    await eventually(lambda: len(told.keys) == 3)
    assert told.keys == ["a", "b", "c"]


async def test_large_hole_is_told_at_the_pace_of_who_reads(
    database: Database, hub: Hub, nats: Bus, eventually: Eventually
) -> None:
    keys, told = [str(number) for number in range(1, 3 * MOST_MESSAGES)], Told()
    hub.join(b"1", (DEMO,), told)
    await write(database, *keys)
    await publish_nothing(database)
    await nats.deliver([(subjects.events("bets"), change(len(keys), keys[-1]))])
    await eventually(lambda: len(told.keys) == len(keys))
    assert (told.keys, told.ending) == (keys, None)


async def test_many_changes_at_once_leave_time_to_read(hub: Hub) -> None:
    told, count = Told(), 3 * MOST_MESSAGES
    hub.join(b"1", (DEMO,), told)
    for seq in range(1, count + 1):  # as the bus hands on what it has read in one go
        await hub._on_message("events.bets", change(seq, str(seq)))
    assert (len(told.keys), told.ending) == (count, None)


async def test_hub_that_starts_later_tells_nothing_of_the_past(
    database: Database, nats: Bus, relay: Relay, eventually: Eventually
) -> None:
    published = Told()
    await write(database, "old", "older")
    early, late = Hub("mm", database, nats, Keys()), Hub("mm", database, nats, Keys())
    await early.start()
    early.join(b"1", (DEMO,), published)
    await write(database, "between")
    await eventually(lambda: "between" in published.keys)
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval("select seq from outbox_cursor") < 3:
            pass
    await late.start()
    told = Told()
    late.join(b"1", (DEMO,), told)
    await write(database, "new")
    await eventually(lambda: "new" in told.keys)
    assert told.keys == ["new"]
    await early.stop()
    await late.stop()


async def test_change_lost_at_the_end_is_found_when_the_bus_says_so(
    database: Database, hub: Hub, eventually: Eventually
) -> None:
    told = Told()
    hub.join(b"1", (DEMO,), told)
    await write(database, "a")

    def is_told() -> bool:
        hub._on_lost()  # again: while any transaction of the server is older, the row counts as not settled
        return told.keys == ["a"]

    await eventually(is_told)


async def test_hole_that_cannot_be_filled_disconnects_everybody(hub: Hub, nats: Bus, eventually: Eventually) -> None:
    told = Told()
    hub.join(b"1", (DEMO,), told)
    await nats.deliver([(subjects.events("bets"), change(9, "z"))])
    await eventually(told.closing.is_set)
    assert told.ending is not None
    assert told.ending.code == 4004


async def test_one_slow_client_is_cut_and_the_others_are_told_all(
    database: Database, hub: Hub, relay: Relay, eventually: Eventually
) -> None:
    slow, fast = Output(most_messages=2), Told()
    hub.join(b"1", (DEMO,), slow)
    hub.join(b"2", (DEMO,), fast)
    await write(database, *"abcd")
    await eventually(lambda: len(fast.keys) == 4)
    assert slow.closing.is_set()
    assert not fast.closing.is_set()


async def test_key_has_five_connections_and_a_left_one_makes_room(hub: Hub) -> None:
    followers = [hub.join(b"1", (DEMO,), Output()) for _ in range(5)]
    with pytest.raises(ConnectionLimitError):
        hub.join(b"1", (DEMO,), Output())
    hub.join(b"2", (DEMO,), Output())
    hub.leave(followers[0])
    hub.join(b"1", (DEMO,), Output())
