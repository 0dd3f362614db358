"""The operator's pages, as whoever holds the operator's key uses them."""

from __future__ import annotations

import httpx
from tests.dashboard.accessibility import Rules
from tests.dashboard.browser import Tab
from tests.dashboard.conftest import Deployment
from tests.dashboard.steps import takes_odds_from


async def handles_an_emergency(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    """On: orders are cancelled and refused. Off: they are taken again."""
    order = (await deployment.mm.get("/api/v1/orders/open"))["orders"][0]
    betslip = f"{deployment.url}/abp/betslip?fixture={order['fixtureId']}&outcome={order['outcomeId']}"
    await tab.open(f"{deployment.url}/operator/emergency")
    await tab.sees("Trading: no switch is on")
    await tab.click("Emergency", "main button, .q-page button")
    await tab.sees("Every order everywhere is cancelled")
    await tab.type("Reason (optional)", "feed looks wrong")
    await rules.hold(tab)
    await tab.click("Emergency", "[role=dialog] button")
    await tab.sees("Emergency: everything is cancelled, nothing is placed")
    await tab.sees("feed looks wrong")
    assert (await deployment.mm.get("/api/v1/trading/status"))["status"] == "emergency"
    await _tries_an_order(tab, betslip)
    await tab.sees("Emergency mode active")
    await tab.open(f"{deployment.url}/")
    await tab.sees("It is released on the page Emergency")
    await tab.open(f"{deployment.url}/operator/emergency")
    await tab.click("Release all")
    await tab.sees("Release all?")
    await tab.click("Release all", "[role=dialog] button")
    await tab.sees("Trading: no switch is on")
    await _tries_an_order(tab, betslip)
    await tab.sees("Routing, attempt 1")


async def _tries_an_order(tab: Tab, betslip: str) -> None:
    """A test order, which goes the way of a real one."""
    await tab.open(betslip)
    await tab.sees("demo_pinnacle")
    await takes_odds_from(tab, "1.01")
    await tab.click("Place order")


async def makes_and_stops_a_key(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/operator/clients")
    await tab.sees("Rival")
    await tab.choose("Whose", "Rival")
    await tab.click("Make a key")
    await tab.sees("it is never shown again")
    key = str(await tab.run("document.querySelector('.key').innerText.trim()"))
    assert await _opens(deployment, key) == 200
    await rules.hold(tab)
    await tab.click("I have it")
    await tab.until("!document.querySelector('.key')")
    assert key not in await tab.run("document.documentElement.outerHTML")
    await tab.choose("Key", f"{key[:8]}… (rival, mm)")
    await tab.click("Stop")
    await tab.sees("Stop the key?")
    await tab.click("Stop", "[role=dialog] button")
    await tab.sees("The key is stopped")


async def _opens(deployment: Deployment, key: str) -> int:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{deployment.stack.mm_url}/api/v1/me", headers={"X-API-Key": key})
    return answer.status_code


async def switches_accounts(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/operator/accounts")
    await tab.sees("demo_pinnacle")
    await rules.hold(tab)
    await tab.choose("Account", "demo_pinnacle at pinnacle (demo)")
    await tab.click("Disable")
    await tab.click("Disable", "[role=dialog] button")
    await tab.sees("The account is taken out of use")
    await tab.click("Enable")
    await tab.sees("The account is used again")
    await tab.open(f"{deployment.url}/operator/tournaments")
    await tab.sees("for demo")
    await rules.hold(tab)
