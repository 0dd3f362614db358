"""The pictures of the documents, taken from the running system, and how soon its pages say something.

`make screenshots` writes them into `docs/pictures` (PICTURES_FOLDER) and prints the times; a soak run takes them too,
and looks at their size alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import pytest
from tests.dashboard.browser import Tab, tabs
from tests.dashboard.conftest import Deployment, deployed
from tests.dashboard.steps import gives, gives_another, take_one, takes_odds_from
from tests.scraping.pages import needs_browser, pages

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.operator import OperatorApi

pytestmark = [pytest.mark.soak, needs_browser, pytest.mark.timeout(300)]

_MOST_BYTES = 150_000
_RUNS = 5
_WIDE, _PHONE = (1200, 680), (390, 720)


async def test_pictures_are_taken_and_small(tmp_path: Path, database_url: Secret) -> None:
    folder = Path(os.environ.get("PICTURES_FOLDER", tmp_path))
    agents = (("de1", "DE"), ("at5", "AT"), ("us3", "US"))
    async with deployed(tmp_path / "data", database_url, *agents, browser_sessions=1) as deployment, tabs(1) as (tab,):
        await tab.size(*_WIDE)
        await tab.prefer("light")
        await _signs_in(tab, deployment)
        await _trades(tab, deployment)
        await _measures(tab, deployment)
        await _pictured(tab, deployment, folder)
    sizes = {file.name: file.stat().st_size for file in folder.glob("dashboard-*.png")}
    assert len(sizes) == 6
    assert max(sizes.values()) < _MOST_BYTES, sizes


async def _signs_in(tab: Tab, deployment: Deployment) -> None:
    await tab.open(f"{deployment.url}/sign-in")
    await tab.sees("API key")
    await gives(tab, deployment.key("mm"))
    await tab.sees("What needs you")
    for service in ("abp", "scraping"):
        await gives_another(tab, deployment, deployment.key(service))


async def _trades(tab: Tab, deployment: Deployment) -> None:
    """Until a fill is hedged and an order is routed."""
    await tab.open(f"{deployment.url}/mm")
    await tab.sees("not quoted")
    await tab.click("Activate")
    await tab.sees("The tournament is quoted from now on")
    await tab.open(f"{deployment.url}/mm/quotes")
    await tab.sees("kalshi", within_s=30)
    for _ in range(3):
        await take_one(deployment)
    await tab.open(f"{deployment.url}/mm/activity")
    await tab.sees("placed", within_s=30)


async def _measures(tab: Tab, deployment: Deployment) -> None:
    """Prints medians in milliseconds. A page is looked at every 50 ms, which is how exact they are."""
    told = []
    for path, text in (("/", "demo_pinnacle"), ("/mm", "Live: quotes are posted and hedged")):
        opened = [await _timed(lambda: tab.open(deployment.url + path), tab, text) for _ in range(_RUNS)]  # noqa: B023
        told.append(f"{path} says what it is for after {median(opened):.0f} ms")
    operator = OperatorApi(deployment.stack.operator_url, deployment.stack.operator_key())

    async def pause() -> None:
        await operator.turn("soft-pause", "measured")

    pushed = []
    for _ in range(_RUNS):
        pushed.append(await _timed(pause, tab, "The operator has paused all trading"))
        await operator.turn("clear", "")
        await tab.sees("Live: quotes are posted and hedged")
    await operator.close()
    told.append(f"an operator's pause stands on /mm after {median(pushed):.0f} ms")
    print("", *told, sep="\n")  # noqa: T201 - what it is run for


async def _timed(work: Callable[[], Awaitable[object]], tab: Tab, text: str) -> float:
    """From the beginning of the work until the text stands on the page, ms."""
    began_s = time.perf_counter()
    await work()
    await tab.sees(text)
    return (time.perf_counter() - began_s) * 1000


async def _pictured(tab: Tab, deployment: Deployment, folder: Path) -> None:
    async def picture(name: str) -> None:
        await tab.until("window.socket?.connected && !document.querySelector('.q-notification')", within_s=30)
        await tab.screenshot(folder / f"dashboard-{name}.png")

    await _places_an_order(tab, deployment)
    await picture("order")
    await tab.open(f"{deployment.url}/")
    await tab.sees("demo_pinnacle")
    await tab.sees("Bet placing live")
    await picture("overview")
    await tab.open(f"{deployment.url}/mm/quotes")
    await tab.sees("kalshi")
    await tab.sees("Market making live")
    await picture("quotes")
    async with pages() as site:
        await tab.open(f"{deployment.url}/scraping/playground")
        await tab.until("window.socket?.connected")
        await tab.type("Address", site.page("<h1>Odds</h1><p id=offer>1.95</p>"))
        await tab.click("Fetch it")
        await tab.sees("The target answered 200")
        await tab.run("[...document.querySelectorAll('h2')].find((one) => one.innerText === 'Fetch').scrollIntoView()")
    await picture("playground")
    await tab.prefer("dark")
    await tab.open(f"{deployment.url}/mm")
    await tab.sees("Live: quotes are posted and hedged")
    await tab.until("document.querySelector('.curve canvas')")
    await tab.until("document.querySelector('.figure .value').innerText !== '–'")
    await picture("trading-dark")
    await tab.size(*_PHONE)
    await tab.open(f"{deployment.url}/mm/activity")
    await tab.sees("placed")
    await picture("phone")


async def _places_an_order(tab: Tab, deployment: Deployment) -> None:
    order = (await deployment.mm.get("/api/v1/orders/open"))["orders"][0]
    await tab.open(f"{deployment.url}/abp/betslip?fixture={order['fixtureId']}&outcome={order['outcomeId']}")
    await tab.sees("demo_pinnacle")
    await tab.type("Stake USD", "150")
    await takes_odds_from(tab, "1.01")
    await tab.click("Place order")
    await tab.sees("confirmed (test)", within_s=30)
