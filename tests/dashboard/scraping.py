"""The scraping pages, as somebody with a key of scraping uses them."""

from __future__ import annotations

from tests.dashboard.accessibility import Rules
from tests.dashboard.browser import Tab
from tests.dashboard.conftest import Deployment
from tests.scraping.pages import Site

_MARKUP = "<h1 id=foreign>Foreign</h1><script>document.title = 'taken'</script>"


async def fetches_from_the_playground(tab: Tab, deployment: Deployment, site: Site, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/scraping/playground")
    await tab.until("window.socket?.connected")
    await tab.type("Address", "example.com")
    await tab.click("Fetch it")
    await tab.sees("A whole address, such as https://example.com/")
    await tab.type("Address", site.page(_MARKUP))
    await tab.type("Agents (optional)", "de1")
    await tab.click("Fetch it")
    await tab.sees("The target answered 200")
    await tab.sees("<h1 id=foreign>")  # as text
    assert await tab.run("document.getElementById('foreign') === null && document.title !== 'taken'")
    await tab.sees("scraping-de1")
    await tab.sees("chosen")
    await rules.hold(tab)
    await tab.type("Address", "http://10.0.0.1/")
    await tab.click("Fetch it")
    await tab.sees("The scraping API refuses this")


async def relays_from_the_playground(tab: Tab, deployment: Deployment, site: Site, rules: Rules) -> None:
    await tab.click("Relay", "[role=tab], button, .q-btn")
    await tab.type("Socket", site.base.replace("http", "ws", 1) + "/socket")
    await tab.click("Connect")
    await tab.sees("open by scraping-")
    await tab.sees("1.95")
    await tab.type("Text to send", "hello, target")
    await tab.click("Send")
    await tab.sees("hello, target")
    await rules.hold(tab)
    await tab.click("Disconnect")
    await tab.sees("closed here")


async def sees_agents_and_health(tab: Tab, deployment: Deployment, rules: Rules) -> None:
    await tab.open(f"{deployment.url}/scraping")
    await tab.sees("de1")
    await tab.sees("10 a second")
    await tab.until("document.querySelector('.map canvas, .map svg')")
    await rules.hold(tab)
    await tab.open(f"{deployment.url}/scraping/health?domain=127.0.0.1")
    await tab.sees("available")
    await tab.until("[...document.querySelectorAll('td')].some((one) => one.innerText === '127.0.0.1')")
    await rules.hold(tab)
