"""What parts of the visit do alike: signing in with a key, and trading against what rests on an exchange."""

from __future__ import annotations

from decimal import Decimal

from tests.dashboard.browser import Tab
from tests.dashboard.conftest import Deployment


async def gives(tab: Tab, key: str) -> None:
    await tab.type("API key", key)
    await tab.press("Enter")


async def gives_another(tab: Tab, deployment: Deployment, key: str) -> None:
    """Adds a key to the session."""
    await tab.open(f"{deployment.url}/sign-in")
    await tab.sees("Add this key")
    await gives(tab, key)
    await tab.sees("What needs you")


async def take_one(deployment: Deployment) -> None:
    """Somebody on the exchange takes a quote that rests there."""
    orders = (await deployment.mm.get("/api/v1/orders/open"))["orders"]
    order = next(one for one in orders if one["exchange"] == "kalshi")
    wanted = {
        "fixtureId": order["fixtureId"],
        "outcomeId": order["outcomeId"],
        "side": "buy" if order["side"] == "sell" else "sell",
        "price": order["orderCents"],
        "size": Decimal(5),
    }
    await deployment.world.post("/sim/venues/kalshi/take", wanted)


async def takes_odds_from(tab: Tab, worst: str) -> None:
    """Types into the betslip after the page has proposed the best odds there, which it does at its own time."""
    await tab.until("document.querySelector('[aria-label=\"Worst odds\"]').value")
    await tab.type("Worst odds", worst)
