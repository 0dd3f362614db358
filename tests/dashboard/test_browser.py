"""The dashboard as a person uses it, in a real browser, against everything else as it is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.bridging.desk.serving import KEY
from tests.dashboard.accessibility import Rules
from tests.dashboard.browser import Tab, tabs
from tests.dashboard.conftest import Deployment
from tests.dashboard.desks import places_a_bet_by_hand
from tests.dashboard.operating import handles_an_emergency, makes_and_stops_a_key, switches_accounts
from tests.dashboard.scraping import fetches_from_the_playground, relays_from_the_playground, sees_agents_and_health
from tests.dashboard.steps import gives, gives_another, take_one, takes_odds_from
from tests.node import NO_NODE, node_modules
from tests.scraping.pages import needs_browser, pages

from hedgerow.dashboard.figures import gain
from hedgerow.dashboard.pages import PAGES

_WRONG_KEY = "00000000-0000-4000-8000-000000000000"
_CURVE = """getElement(document.querySelector(".curve").id.slice(1)).chart.getOption().series[0].data"""
"""What the chart draws of the settled result: pairs of time and USD, the oldest first."""


@pytest.fixture
def axe() -> str:
    """The rules of accessibility, as a script."""
    packages = node_modules()
    if packages is None:
        pytest.skip(NO_NODE)
    return (packages / "axe-core" / "axe.min.js").read_text()


@needs_browser
@pytest.mark.timeout(600)  # six processes start first, on whatever the machine has left
async def test_a_person_signs_in_trades_bets_and_signs_out(deployment: Deployment, axe: str) -> None:
    rules = Rules(axe)
    async with tabs(2) as (tab, other):
        await tab.size(1360, 900)
        await tab.prefer("light")
        await _signs_in(tab, deployment, rules)
        await _activates_the_match(tab, deployment, rules)
        await _sees_quote_fill_and_hedge(tab, deployment, rules)
        await _pauses_and_resumes(tab, deployment)
        await _stops_and_starts(tab, deployment)
        await _places_a_test_order(tab, deployment, rules)
        await gives_another(tab, deployment, deployment.key("scraping"))
        async with pages() as site:
            await fetches_from_the_playground(tab, deployment, site, rules)
            await relays_from_the_playground(tab, deployment, site, rules)
            await sees_agents_and_health(tab, deployment, rules)
        await gives_another(tab, deployment, deployment.stack.operator_key().reveal())
        await handles_an_emergency(tab, deployment, rules)
        await makes_and_stops_a_key(tab, deployment, rules)
        await switches_accounts(tab, deployment, rules)
        await places_a_bet_by_hand(tab, deployment, rules)
        await _sees_the_match_settle(tab, deployment)
        await _sees_every_other_page(tab, deployment, rules)
        await _looks_on_a_phone_in_the_dark(tab, deployment, rules)
        await _is_told_when_the_api_is_away(tab, deployment)
        await other.open(f"{deployment.url}/mm/quotes")
        await other.sees("Resting orders")
        assert tab.troubles == other.troubles == []
        await _signs_out(tab, deployment)
        await other.sees("API key")  # what was open closes with the session
    log = "".join(path.read_text() for path in deployment.stack.data_dir.glob("*.log"))
    keys = [deployment.key(name) for name in ("mm", "abp", "scraping")] + [deployment.stack.operator_key().reveal()]
    assert not [secret for secret in (*keys, KEY.reveal(), "Traceback", " object at 0x") if secret in log]


async def _signs_in(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/mm")
    await tab.sees("Sign in")
    await rules.hold(tab)
    await gives(tab, _WRONG_KEY)
    await tab.sees("No API knows this key")
    # The refusal is an answer with status 401, which the browser notes in its console.
    assert all("401" in trouble for trouble in tab.troubles)
    tab.troubles.clear()
    await gives(tab, deployment.key("mm"))
    await tab.sees("Live: quotes are posted and hedged")  # it leads to where one wanted to go
    await tab.sees("Market making live")
    await tab.press("Tab")
    await tab.until("document.activeElement.innerText === 'Skip to main content'")
    await tab.press("Enter")
    await tab.until("document.activeElement.contains(document.querySelector('h1'))")
    assert deployment.key("mm") not in await tab.run("document.documentElement.outerHTML + document.cookie")
    await tab.open(f"{deployment.url}/abp/betslip")
    await tab.sees("This page needs a key of bet placing")
    await tab.click("Add a key")
    await tab.sees("Add this key")
    await gives(tab, deployment.key("abp"))
    await tab.sees("What needs you")
    await rules.hold(tab)


async def _activates_the_match(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/mm")
    await tab.sees("not quoted")
    await rules.hold(tab)
    await tab.click("Activate")
    await tab.sees("The tournament is quoted from now on")


async def _sees_quote_fill_and_hedge(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/mm/quotes")
    await tab.sees("kalshi", within_s=30)
    match = await deployment.mm.get(f"/api/v1/fixtures/{deployment.fixture_id}")
    names = f"{match['participant1Name']} v {match['participant2Name']}"
    await tab.sees(names)
    await rules.hold(tab)
    await tab.open(f"{deployment.url}/mm/activity")
    await tab.sees("No hedge was needed yet")
    await take_one(deployment)
    await tab.sees("placed", within_s=30)
    await rules.hold(tab)
    await tab.open(f"{deployment.url}/mm/positions")
    await tab.sees(names)
    await tab.open(f"{deployment.url}/mm/activity")
    await tab.until("document.querySelector('td a')")
    await tab.run("document.querySelector('td a').click()")
    await tab.sees("Why this price")
    await tab.sees("hedge_parity")
    await rules.hold(tab)


async def _pauses_and_resumes(tab: Tab, deployment: Deployment) -> None:
    await tab.open(f"{deployment.url}/mm")
    await tab.click("Pause")
    await tab.sees("Pause market making?")
    await tab.click("Cancel")
    await tab.until("!document.querySelector('[role=dialog]')")
    await tab.sees("Live: quotes are posted and hedged")  # nothing happens without a yes
    await tab.click("Pause")
    await tab.sees("Pause market making?")
    await tab.type("Reason (optional)", "lunch")
    await tab.click("Pause", "[role=dialog] button")
    await tab.sees("Reason: lunch")
    assert (await deployment.mm.get("/api/v1/trading/status"))["status"] == "manual_paused"
    await tab.click("Resume")
    await tab.sees("Resume market making?")
    await tab.click("Resume", "[role=dialog] button")
    await tab.sees("Live: quotes are posted and hedged")


async def _stops_and_starts(tab: Tab, deployment: Deployment) -> None:
    assert (await deployment.mm.get("/api/v1/orders/open"))["orders"]
    await tab.click("Stop")
    await tab.sees("Stop market making?")
    await tab.click("Stop", "[role=dialog] button")
    await tab.sees("orders were cancelled")
    await tab.open(f"{deployment.url}/mm/quotes")
    await tab.sees("Nothing rests on an exchange now")
    assert (await deployment.mm.get("/api/v1/orders/open"))["orders"] == []
    await tab.open(f"{deployment.url}/mm")
    await tab.click("Start")
    await tab.sees("Start market making?")
    await tab.click("Start", "[role=dialog] button")
    await tab.sees("Live: quotes are posted and hedged")


async def _places_a_test_order(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/mm/quotes")
    await tab.until("document.querySelector('td a[href*=betslip]')")
    await tab.run("document.querySelector('td a[href*=betslip]').click()")
    await tab.sees("demo_pinnacle")
    await tab.type("Stake USD", "nothing")
    await tab.click("Place order")
    await tab.sees("An amount above 0")
    await rules.hold(tab)
    await tab.type("Stake USD", "12.50")
    await takes_odds_from(tab, "1.01")
    await tab.click("Place order")
    await tab.sees("Routing, attempt 1")
    await tab.sees("confirmed (test)")
    await tab.sees("12.50 USD")
    await rules.hold(tab)
    await tab.open(f"{deployment.url}/abp/orders")
    await tab.sees("filled")
    await rules.hold(tab)
    for page, text in (("accounts", "demo_pinnacle"), ("results", "Test orders are not counted")):
        await tab.open(f"{deployment.url}/abp/{page}")
        await tab.sees(text)


async def _sees_the_match_settle(tab: Tab, deployment: Deployment) -> None:
    """The result of fill and hedge stands in the figure and at the end of the curve, which stood at nothing."""
    await tab.open(f"{deployment.url}/mm")
    await tab.until(f"{_CURVE}.length > 0")
    assert await tab.run(f"Number({_CURVE}.at(-1)[1])") == 0
    await deployment.world.delete("/sim/replay")
    results = {"results": {"121": "WON", "122": "LOST"}}
    await deployment.world.post(f"/sim/fixtures/{deployment.fixture_id}/settle", results)
    await tab.until(f"Number({_CURVE}.at(-1)[1]) !== 0", within_s=30)
    told = await deployment.mm.get("/api/v1/pnl")
    earned = told["netRealizedSpread"] + told["nakedPnl"]
    assert Decimal(await tab.run(f"String({_CURVE}.at(-1)[1])")) == earned
    await tab.sees(gain(earned))


async def _sees_every_other_page(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    """The menu leads to every page that there is, and nothing is wrong on any."""
    listed = [page for page in PAGES if page.is_listed]
    await tab.open(deployment.url)
    await tab.until("document.querySelector('nav a')")
    assert await tab.run("[...document.querySelectorAll('nav a')].map((one) => one.pathname)") == [
        page.path for page in listed
    ]
    for page in dict.fromkeys(page for page, _ in rules.not_held(listed)):
        await tab.open(deployment.url + page.path)
        await tab.until(f"document.title.startsWith({json.dumps(page.title)}) && window.socket?.connected")
        await rules.hold(tab)
    assert list(rules.not_held(PAGES)) == []


async def _looks_on_a_phone_in_the_dark(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.size(390, 844)
    await tab.open(f"{deployment.url}/")
    await tab.sees("Accounts at venues")
    await rules.hold(tab)
    await tab.prefer("dark")
    await tab.until("document.body.classList.contains('body--dark')")
    assert await tab.run("document.documentElement.scrollWidth <= innerWidth")  # no page wider than the phone
    await tab.click("Menu")
    await tab.click("Quotes", "nav a")
    await tab.sees("Resting orders")


async def _is_told_when_the_api_is_away(tab: Tab, deployment: Deployment) -> None:
    await deployment.stack.kill("mm")
    await tab.sees("Market making not connected, trying again")
    await deployment.stack.back("mm")
    await tab.sees("Market making live", within_s=30)
    await tab.until("!document.querySelector('.trouble')", within_s=30)


async def _signs_out(tab: Tab, deployment: Deployment) -> None:
    await tab.click("Account")
    await tab.click("Sign out")
    await tab.sees("API key")
    await tab.open(f"{deployment.url}/mm")
    await tab.sees("API key")


def test_axe_is_the_pinned_one(axe: str) -> None:
    pinned = json.loads((Path(__file__).parents[2] / "requirements/node/package.json").read_text())["dependencies"]
    assert f"v{pinned['axe-core']}" in axe[:200]
