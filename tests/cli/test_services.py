"""How a service is kept alive, and when its supervisor gives it up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from tests.scraping.certificates import make_certificate

from hedgerow.api.app import new_app
from hedgerow.api.server import Server
from hedgerow.bus.engines.child import Child
from hedgerow.cli.serve import _serve
from hedgerow.cli.services import ABP, DASHBOARD, MOST_DEATHS, ServiceProcess
from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import spawn, stop


class DeadChild:
    """Healthy for a moment, then gone."""

    pid = 1

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        self.ended.set_result(-9)


class Dying(ServiceProcess):
    """Starts that do not hold, after some that fail for a reason outside of the service."""

    def __init__(self, *, failing_starts: int = 0) -> None:
        super().__init__(ABP, "127.0.0.1", 1, Path("abp.log"), {})
        self.longest_pause_s = 0.0
        self.starts, self._failing_starts = 0, failing_starts
        self.dies = True

    async def start(self) -> None:
        self.starts += 1
        await asyncio.sleep(0)
        if self.starts <= self._failing_starts:
            raise HedgerowError("the database is away")
        child = DeadChild()
        self._child = cast(Child, child)
        self._is_up.set()
        if self.dies:
            child.ended.set_result(1)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.cli.services._FIRST_PAUSE_S", 0.0)


async def test_service_that_keeps_dying_is_given_up_with_one_message() -> None:
    service = Dying()
    await service.start()
    with pytest.raises(HedgerowError, match=rf"ABP API died {MOST_DEATHS} times in a row; see abp.log"):
        await service.keep()
    assert service.starts == MOST_DEATHS


async def test_start_that_fails_for_a_reason_outside_is_tried_for_as_long_as_it_takes() -> None:
    service = Dying(failing_starts=5 * MOST_DEATHS)
    with pytest.raises(HedgerowError, match="died"):
        await service.keep()
    assert service.starts == 6 * MOST_DEATHS


async def test_service_that_was_killed_on_purpose_is_not_given_up() -> None:
    service = Dying()
    service.dies = False
    await service.start()
    keeper = spawn(service.keep(), "keep")
    for _ in range(2 * MOST_DEATHS):
        await service.up()
        await service.kill()
        await asyncio.sleep(0.001)
    await service.up()
    assert not keeper.done()
    await stop(keeper)


async def test_service_with_a_certificate_is_asked_by_tls(tmp_path: Path) -> None:
    server = Server(
        new_app("dashboard", title="Test", description="", checks={}),
        "127.0.0.1",
        0,
        certificate=make_certificate(tmp_path),
    )
    await server.start()
    try:
        asked = {
            is_tls: ServiceProcess(DASHBOARD, "127.0.0.1", server.port, Path("x.log"), {}, is_tls=is_tls)
            for is_tls in (True, False)
        }
        assert asked[True].url.startswith("https://")
        assert {is_tls: await one._is_healthy() for is_tls, one in asked.items()} == {True: True, False: False}
    finally:
        await server.stop()


async def test_service_whose_vital_task_fails_ends_with_an_error() -> None:
    async def feed() -> None:
        raise LookupError("what nobody thought of")

    async def service() -> None:
        spawn(feed(), "feed", is_vital=True)
        await asyncio.sleep(10)

    with pytest.raises(HedgerowError, match="'feed' failed: LookupError: what nobody thought of"):
        await _serve(service(), ABP, "127.0.0.1", 1)
