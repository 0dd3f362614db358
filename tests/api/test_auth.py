"""Keys: which open the door, for how long they are believed, and what a closed one says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hedgerow.api.auth import KeyRing, Refusal
from hedgerow.core.clock import SteppedClock
from hedgerow.core.tasks import spawn
from hedgerow.storage.accounts import Accounts, ApiKey, Service
from hedgerow.storage.database import Database

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"


@pytest.fixture
async def clock() -> SteppedClock:
    return SteppedClock(1_771_151_400_000_000_000)


@pytest.fixture
async def accounts(database: Database, clock: SteppedClock) -> Accounts:
    found = Accounts(database, clock)
    await found.add_client("demo", "Demo")
    return found


async def test_working_key_names_its_client(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "mm", key=KEY)
    caller = await KeyRing(accounts, clock, "mm").find(KEY)
    assert caller is not None
    assert (caller.name, caller.actor) == ("demo", "api:0b6f1c9e")


async def test_key_of_another_service_is_unknown(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "abp", key=KEY)
    assert await KeyRing(accounts, clock, "mm").find(KEY) is None


async def test_inactive_key_and_inactive_client_do_not_open(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "mm", key=KEY, is_active=False)
    keys = KeyRing(accounts, clock, "mm", believed_s=0)
    assert await keys.find(KEY) is None
    await accounts.set_key_active(KEY[:8], True)
    assert await keys.find(KEY) is not None
    await accounts.set_client_active("demo", False)
    assert await keys.find(KEY) is None


async def test_key_stops_at_its_expiry_though_it_is_remembered(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "mm", key=KEY, expires_at=clock.now() + timedelta(seconds=10))
    keys = KeyRing(accounts, clock, "mm", believed_s=3600)
    assert await keys.find(KEY) is not None
    clock.advance(10)
    assert await keys.find(KEY) is None


async def test_found_key_is_believed_for_its_time_and_no_longer(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "mm", key=KEY)
    believing, asking = KeyRing(accounts, clock, "mm", believed_s=3600), KeyRing(accounts, clock, "mm", believed_s=0)
    assert await believing.find(KEY)
    assert await asking.find(KEY)
    await accounts.set_key_active(KEY[:8], False)
    assert await believing.find(KEY) is not None
    assert await asking.find(KEY) is None


class Counted(Accounts):
    """Counts the look-ups."""

    asked = 0

    async def find_key(self, key: str, service: Service) -> ApiKey | None:
        self.asked += 1
        return await super().find_key(key, service)


async def test_requests_that_come_together_ask_once(
    database: Database, accounts: Accounts, clock: SteppedClock
) -> None:
    await accounts.create_key("demo", "mm", key=KEY)
    counted = Counted(database, clock)
    keys = KeyRing(counted, clock, "mm")
    found = await asyncio.gather(*(keys.find(KEY) for _ in range(20)))
    assert (len(set(map(id, found))), counted.asked) == (1, 1)


async def test_one_that_gives_up_leaves_the_others_their_answer(accounts: Accounts, clock: SteppedClock) -> None:
    await accounts.create_key("demo", "mm", key=KEY)
    keys = KeyRing(accounts, clock, "mm")
    first, second, third = (spawn(keys.find(KEY), "request") for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    assert await third is not None


async def test_refusal_says_what_is_wrong_with_the_key(accounts: Accounts, clock: SteppedClock) -> None:
    keys = KeyRing(accounts, clock, "mm", believed_s=0)
    assert [await keys.judge(text) for text in (None, "", "demo", KEY)] == [
        Refusal.MISSING,
        Refusal.MISSING,
        Refusal.UNKNOWN,
        Refusal.UNKNOWN,
    ]
    await accounts.create_key("demo", "mm", key=KEY, expires_at=clock.now())
    assert await keys.judge(KEY) is Refusal.EXPIRED
    await accounts.set_key_active(KEY[:8], False)
    assert await keys.judge(KEY) is Refusal.INACTIVE
