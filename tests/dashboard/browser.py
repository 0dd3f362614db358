"""A real Chromium that looks at the dashboard as people do: by what stands on the page."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

from hedgerow.scraping.agent.browser.cdp import CdpError, Target
from hedgerow.scraping.agent.browser.program import BrowserSettings, Program

_LOOK_S = 0.05
_LOOKS_AT_TEXT = 20


class Tab:
    """One page of the browser. troubles: errors of its console, and scripts that failed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.troubles: list[str] = []
        target.on("Runtime.exceptionThrown", self._on_exception)
        target.on("Log.entryAdded", self._on_entry)
        target.on("Runtime.consoleAPICalled", self._on_console)

    async def open(self, url: str) -> None:
        await self._target.call("Page.navigate", url=url)

    async def size(self, width: int, height: int) -> None:
        """Pixels of the window."""
        await self._target.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    async def prefer(self, scheme: str) -> None:
        """What the system is set to: light or dark, and little motion."""
        # What fades in has another contrast meanwhile.
        preferred = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in preferred.items()]
        await self._target.call("Emulation.setEmulatedMedia", features=features)

    async def run(self, expression: str) -> Any:
        """The value of an expression, awaited where it is a promise. Raises AssertionError when it throws."""
        told = await self._target.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str, *, within_s: float = PATIENCE_S) -> None:
        """Waits until the expression is truthy. Raises AssertionError with what stood there."""
        try:
            async with asyncio.timeout(within_s):
                while not await self._is_so(expression):  # noqa: ASYNC110 - a page is asked
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            text = await self.text()
            raise AssertionError(f"never {expression}; on the page:\n{text[:3000]}") from None

    async def sees(self, text: str, *, within_s: float = PATIENCE_S) -> None:
        """Waits until the text stands on the page."""
        await self.until(f"document.body?.innerText.includes({json.dumps(text)})", within_s=within_s)

    async def text(self) -> str:
        return str(await self.run("document.body?.innerText ?? ''"))

    async def click(self, text: str, selector: str = "button, a, [role=option], [role=tab]") -> None:
        """Clicks what is named so, when it is there."""
        found = f"""(() => {{
            const wanted = {json.dumps(text)};
            // An icon is a word of the icons' font, above the name.
            const name = (one) => (one.getAttribute("aria-label") ?? one.innerText).trim().split("\\n").at(-1);
            const named = [...document.querySelectorAll({json.dumps(selector)})].filter((one) =>
                one.checkVisibility() && name(one) === wanted);
            named.at(-1)?.click();
            return named.length > 0;
        }})()"""
        await self.until(found)

    async def type(self, label: str, text: str) -> None:
        """Puts the text into the field that is labelled so, in place of what stood there, as often as it takes: a page
        that is still being drawn may take the focus away before the text is there."""
        holds = f"document.activeElement?.value === {json.dumps(text)}"
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await self._type_once(label, text)
                for _ in range(_LOOKS_AT_TEXT):
                    if await self._is_so(holds):
                        return
                    await asyncio.sleep(_LOOK_S)

    async def _type_once(self, label: str, text: str) -> None:
        await self.until(
            f"""(() => {{
            const field = [...document.querySelectorAll("input, textarea")].find((one) => one.checkVisibility() &&
                ((one.getAttribute("aria-label") ?? one.labels?.[0]?.innerText ?? "").trim() === {json.dumps(label)}));
            field?.focus();
            field?.select();
            return Boolean(field) && document.activeElement === field;
        }})()"""
        )
        await self._target.call("Input.insertText", text=text)

    async def choose(self, label: str, option: str) -> None:
        """Opens the choice that is labelled so, and takes one of its options."""
        field = f"document.querySelector({json.dumps(f'[role=combobox][aria-label={json.dumps(label)}]')})"
        await self.until(f"({field}?.focus(), document.activeElement === {field})")
        await self.press("ArrowDown")
        await self.click(option, "[role=option]")
        # One of several stays open, and takes the focus when it has been drawn, perhaps from a field that comes next.
        if await self._is_so(f"document.querySelector('[role=option]') && {field}.ariaExpanded === 'true'"):
            await self.press("Escape")
        await self.until("!document.querySelector('[role=option]')")

    async def press(self, key: str) -> None:
        """A key of the keyboard, e.g. Tab, Enter."""
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self._target.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text
            )

    async def screenshot(self, file: Path) -> None:
        """What the window shows, as a PNG."""
        told = await self._target.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(told["data"]))

    async def _is_so(self, expression: str) -> bool:
        """False while the page is on its way to another."""
        try:
            told = await self._target.call("Runtime.evaluate", expression=f"Boolean({expression})", returnByValue=True)
        except CdpError:
            return False
        return "exceptionDetails" not in told and bool(told["result"].get("value"))

    def _on_exception(self, told: dict[str, Any]) -> None:
        details = told["exceptionDetails"]
        self.troubles.append(str(details.get("exception", {}).get("description") or details["text"]))

    def _on_entry(self, told: dict[str, Any]) -> None:
        entry = told["entry"]
        if entry["level"] == "error":
            self.troubles.append(f"{entry['text']} {entry.get('url', '')}")

    def _on_console(self, told: dict[str, Any]) -> None:
        if told["type"] in ("error", "assert"):
            self.troubles.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))


@asynccontextmanager
async def tabs(count: int) -> AsyncIterator[list[Tab]]:
    """Tabs of one browser, with the same cookies."""
    program = await Program.start(BrowserSettings())
    try:
        # The agent's browser leaves through a proxy alone; this one only goes to a service of this machine.
        made = await program.connection.browser.call("Target.createBrowserContext", proxyServer="direct://")
        yield [await _tab(program, made["browserContextId"]) for _ in range(count)]
    finally:
        await program.end()


async def _tab(program: Program, context: str) -> Tab:
    browser = program.connection.browser
    page = (await browser.call("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
    attached = await browser.call("Target.attachToTarget", targetId=page, flatten=True)
    target = program.connection.target(attached["sessionId"])
    tab = Tab(target)
    for domain in ("Page", "Runtime", "Log", "Network"):
        await target.call(f"{domain}.enable")
    return tab
