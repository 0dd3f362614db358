"""A gateway that stops in order: what is under way ends, or is told that it does not."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.patience import PATIENCE_S
from tests.scraping.agent.test_amqp import broker
from tests.scraping.pages import events, needs_browser, pages
from tests.scraping.targets import held

from hedgerow.api import server
from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.gateway import serve

from .gatewaykit import Net
from .test_amqp import consumed
from .test_relay import closed, listening, relayed, told


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for seconds ends nothing too early."""
    monkeypatch.setattr(serve, "FINISH_S", PATIENCE_S)
    monkeypatch.setattr(server, "_STOP_S", 2 * PATIENCE_S)


async def test_relays_are_closed_with_1001_at_once(net: Net, site: str, eventually) -> None:
    await net.join("de1")
    key = await net.key()
    with held() as (path, go_on):
        async with listening() as target, relayed(net, {"apiKey": key["X-API-Key"], "url": target.url}) as socket:
            await told(socket)
            fetched = spawn(net.fetch(site + path, key), "fetch")
            await eventually(lambda: net.agents["de1"].load == 2)
            stopping = spawn(net.stop(), "stop")
            assert await closed(socket) == (1001, "the gateway stops")
            await target.seen[0].wait_closed()
            assert (target.seen[0].close_code, fetched.done()) == (1001, False)
            go_on.set()
            await stopping
            assert (await fetched).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_under_way_is_answered_and_nothing_new_is_taken(
    net: Net, site: str, method: str, eventually
) -> None:
    await net.join("de1")
    key = await net.key()
    assert (await net.fetch(f"{site}/echo", key)).status_code == 200  # the key is believed from here on
    with held() as (path, go_on):
        fetched = spawn(net.fetch(site + path, key, method), "fetch")
        await eventually(lambda: net.agents["de1"].load == 1)
        stopping = spawn(net.stop(), "stop")
        await refused(int(net.url.rpartition(":")[2]))
        assert not fetched.done()
        go_on.set()
        await stopping
        answer = await fetched
        assert (answer.status_code, answer.json()["raw"]) == (200, "late")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_that_takes_too_long_is_told(
    net: Net, site: str, method: str, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FINISH_S", 0.05)
    await net.join("de1")
    key = await net.key()
    assert (await net.fetch(f"{site}/echo", key)).status_code == 200
    with held() as (path, _):
        fetched = spawn(net.fetch(site + path, key, method), "fetch")
        await eventually(lambda: net.agents["de1"].load == 1)
        await net.stop()
        answer = await fetched
        assert (answer.status_code, list(answer.json())) == (502, ["detail"])


async def test_streams_of_events_end_in_order(net: Net, eventually) -> None:
    await net.join("de1")
    async with broker(b"", bytearray()) as port, consumed(net, await net.key(), port=port) as told_events:
        assert (await anext(told_events))[0] == "connected"
        stopping = spawn(net.stop(), "stop")
        assert [event async for event in told_events] == [
            ("error", {"message": "agent error: the gateway stops", "code": 1011})
        ]
        await stopping
        await eventually(lambda: not net.agents["de1"].load)


@needs_browser
async def test_a_watched_page_ends_in_order(net: Net) -> None:
    await net.join("de1", browser=BrowserSettings())
    async with pages() as web:
        headers = {**await net.key(), "X-Target-URL": f"{web.base}/", "X-Timeout": "300"}
        async with net.http.stream("GET", "/browser/stream", headers=headers) as answer:
            text = ""
            async for part in answer.aiter_text():
                if not text:
                    stopping = spawn(net.stop(), "stop")
                text += part
        await stopping
    assert [one for one in events(text) if one["type"] in ("error", "done")] == [
        {"type": "error", "message": "the gateway stops"}, {"type": "done"},
    ]  # fmt: skip


async def test_a_request_through_the_front_has_its_time_too(
    net: Net, site: str, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "uvicorn")
    await net.join("de1")
    key = (await net.key())["X-API-Key"]
    await net.gateway.front.start("127.0.0.1", 0)
    proxy = f"http://{key}@127.0.0.1:{net.gateway.front.port}"
    async with httpx.AsyncClient(proxy=proxy, timeout=PATIENCE_S) as http:
        with held() as (path, go_on):
            fetched = spawn(http.get(site + path), "fetch")
            await eventually(lambda: net.agents["de1"].load == 1)
            stopping = spawn(net.stop(), "stop")
            await refused(net.gateway.front.port)
            await eventually(lambda: "Waiting for application shutdown" in caplog.text)  # all but the front is over
            go_on.set()
            assert (await fetched).text == "late"
            await stopping


async def refused(port: int) -> None:
    """Returns when nobody listens there any more."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue  # it was waiting in line when the listener closed
            writer.close()
            await asyncio.sleep(0.01)
