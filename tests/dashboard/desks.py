"""A bet that a person places by hand, as the dashboard and the desk's own page show it."""

from __future__ import annotations

from tests.bridging.desk.serving import KEY
from tests.dashboard.accessibility import Rules
from tests.dashboard.browser import Tab
from tests.dashboard.conftest import DESKED, Deployment
from tests.dashboard.steps import gives_another, takes_odds_from

_STAKE, _PRICE, _WORST = "20", "2.5", "2.4"


async def places_a_bet_by_hand(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    """From the order to its confirmed bet: the page Desks tells that it waits, the desk's page takes it."""
    await gives_another(tab, deployment, KEY.reveal())
    await tab.open(f"{deployment.url}/desks")
    await tab.sees("Nothing waits.")
    order = await _places_a_real_order(tab, deployment)
    await tab.open(f"{deployment.url}/desks")
    await tab.sees("to be taken")
    await tab.sees(f"{_STAKE}.00 USD")
    await rules.hold(tab)
    await tab.click(deployment.desk_url.partition("://")[2], "td a")
    await _signs_in_at_the_desk(tab, rules)
    await _takes_and_answers(tab, rules)
    await tab.open(order)
    await tab.sees("confirmed")
    await tab.sees(_PRICE)


async def _places_a_real_order(tab: Tab, deployment: Deployment) -> str:
    """At the desk's bookmaker alone. Answers the address of the order's page."""
    fixture, outcome, other = deployment.fixture_id, 121, 122
    odds = [
        {"fixtureId": fixture, "bookmaker": DESKED, "outcomeId": one, "price": price, "limit": 500}
        for one, price in ((outcome, _PRICE), (other, "1.5"))
    ]
    await deployment.world.put("/sim/odds", odds)
    await tab.open(f"{deployment.url}/abp/betslip?fixture={fixture}&outcome={outcome}")
    await tab.sees(f"demo_{DESKED}")
    await tab.choose("Bookmakers (none: all)", DESKED)
    await takes_odds_from(tab, _WORST)
    await tab.type("Expires after seconds", "300")
    await tab.type("Stake USD", _STAKE)
    await tab.click("Test order: routed and stored, nothing is sent", "[role=switch]")
    await tab.click("Place order")
    await tab.sees("Real money.")
    await tab.click("Place it", "[role=dialog] button")
    await tab.until("location.pathname.startsWith('/abp/orders/')")
    await tab.sees("Routing, attempt 1")
    return str(await tab.run("location.href"))


async def _signs_in_at_the_desk(tab: Tab, rules: Rules) -> None:
    await tab.sees(f"Desk of {DESKED}")
    await rules.hold(tab)
    await tab.type("Your name", "Ann")
    await tab.type("Operator key", KEY.reveal())
    await tab.click("Sign in")
    await tab.sees("To be taken.")


async def _takes_and_answers(tab: Tab, rules: Rules) -> None:
    await tab.click("Take it")
    await tab.sees("Being placed by Ann.")
    await rules.hold(tab)
    await tab.type("Ticket number", "T-4711")
    await tab.type("Price (decimal odds)", _PRICE)
    await tab.click("It is placed")
    await tab.sees("Nothing to bet.")
