"""What is changed of an account reaches running desks, and no bet is lost by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hedgerow.abp.desks import Desk, Desks
from hedgerow.abp.orders import AbpOrderStatus
from hedgerow.abp.profiles import ClientAccounts
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.storage.accounts import Accounts

from .runkit import ACCOUNT, KEY, LONG, SPEED, Floor

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Changing:
    """One account whose owner and operator change it while a runner works."""

    def __init__(self, floor: Floor, desks: Desks) -> None:
        self.floor, self.desks = floor, desks
        self.accounts = Accounts(floor.database, floor.world.clock)
        self._profiles = ClientAccounts(floor.database, floor.vault, floor.world.clock)
        (self.desk,) = desks.all()
        self.closed: list[Any] = []

    async def change(self, **given: Any) -> list[Desk]:
        assert await self._profiles.change(self.desk.row.account_id, given)
        return await self.load()

    async def load(self) -> list[Desk]:
        """As the service does when it is told."""
        changed = await self.desks.load()
        for desk in changed:
            await self.desks.read_balance(desk)
        return changed

    def watch_closing(self) -> None:
        """Notes when the present connector is closed."""
        bookmaker = self.desk.bookmaker
        close = bookmaker.close

        async def closing() -> None:
            self.closed.append(bookmaker)
            await close()

        bookmaker.close = closing  # type: ignore[method-assign]


@pytest.fixture
async def account(floor: Floor) -> Changing:
    await floor.runner()
    ((_, desks),) = floor.started
    return Changing(floor, desks)


async def test_changed_password_is_what_the_bookmaker_is_reached_with(floor: Floor, account: Changing) -> None:
    assert await account.change(password="mistyped") == [account.desk]
    assert not account.desk.is_open
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.status is AbpOrderStatus.PROCESSING)
    assert floor.taken == []
    await account.change(password=floor.pinnacle.demo_credentials(ACCOUNT)["password"])
    assert account.desk.is_open
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED


async def test_old_connector_is_closed_when_the_bet_under_way_is_answered(
    floor: Floor, account: Changing, eventually: Eventually
) -> None:
    account.watch_closing()
    floor.behave(latencyMs=int(SPEED) * 500)
    order = await floor.place(lives=LONG)
    await eventually(lambda: bool(account.desk.sending))
    old = account.desk.bookmaker
    assert await account._profiles.change(account.desk.row.account_id, {"meta": {"note": "new"}})
    await account.desks.load()
    assert account.desk.bookmaker is not old
    assert account.desk.sending
    assert account.closed == []
    await eventually(lambda: account.closed == [old])
    assert [status for status, _, _ in await floor.rows(order)] == ["CONFIRMED"]
    assert len(floor.taken) == 1


async def test_bet_in_doubt_is_asked_for_by_the_new_connector(
    floor: Floor, account: Changing, eventually: Eventually
) -> None:
    floor.behave(loseResponseRate=1)
    account.watch_closing()
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.attempts == 1)
    await eventually(lambda: bool(account.desk.failures))
    floor.behave()
    old = account.desk.bookmaker

    async def gone(*_: object) -> None:
        raise AssertionError("the old connector was asked")

    old.find = gone  # type: ignore[method-assign]
    await account.change(meta={"note": "new"})
    await eventually(lambda: account.closed == [old])
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert len(floor.taken) == 1


async def test_account_that_is_sealed_anew_stays_connected(floor: Floor, account: Changing) -> None:
    before = account.desk.bookmaker
    fresh = Secret(f"{new_master_key()} {KEY}")
    account.desks._vault = Vault(fresh)
    assert await account.accounts.seal_anew(Vault(fresh)) == 1
    assert await account.load() == []
    assert account.desk.bookmaker is before
    assert account.desk.is_open


async def test_credentials_that_do_not_open_leave_the_account_as_it_was(floor: Floor, account: Changing) -> None:
    before = account.desk.bookmaker
    await account.accounts.seal_anew(Vault(Secret(f"{new_master_key()} {KEY}")))
    assert await account.load() == []
    assert account.desk.bookmaker is before


async def test_disabled_account_is_not_bet_on_until_it_is_enabled(floor: Floor, account: Changing) -> None:
    await account.accounts.set_account_active("pinnacle", "main", False)
    await account.load()
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.status is AbpOrderStatus.PROCESSING)
    assert floor.taken == []
    await account.change(active=True, priority=7)
    assert account.desk.row.priority == 7
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED


async def test_removed_account_is_let_go(floor: Floor, account: Changing, eventually: Eventually) -> None:
    account.watch_closing()
    assert await account._profiles.remove(account.desk.row.account_id)
    await account.load()
    assert account.desks.get(account.desk.row.account_id) is None
    await eventually(lambda: len(account.closed) == 1)


async def test_bets_of_a_disabled_account_are_asked_for_after_a_restart(
    floor: Floor, account: Changing, eventually: Eventually
) -> None:
    floor.behave(loseResponseRate=1)
    order = await floor.place(lives=LONG)
    await eventually(lambda: bool(floor.taken))  # a request that never left would have to be waited for
    ((runner, desks),) = floor.started
    for task in [*runner._tasks, *runner._working, *runner._legs]:
        task.cancel()
    floor.started.clear()
    await desks.close()
    await floor.database.execute("update abp_orders set lease_until = clock_timestamp()")
    await account.accounts.set_account_active("pinnacle", "main", False)
    floor.behave()
    await floor.runner()
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
