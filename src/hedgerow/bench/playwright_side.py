"""The baseline of the bench `browser`, a process of its own: bare Playwright, a new context for each page.

    python -m hedgerow.bench.playwright_side PROGRAM URL PAGES TOGETHER

Prints one JSON object: the seconds until the first page of a browser that was not running, then pages a minute.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from importlib import import_module
from typing import Any


async def page(browser: Any, url: str) -> int:
    """Characters of the rendered document."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        opened = await context.new_page()
        await opened.goto(url, wait_until="domcontentloaded")
        await opened.wait_for_selector("#ready")
        await context.cookies()
        return len(await opened.content())
    finally:
        await context.close()


async def main(program: str, url: str, pages: int, together: int) -> None:
    playwright = import_module("playwright.async_api")
    began_s = time.perf_counter()
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=program)
        smallest = await page(browser, url)
        cold_s = time.perf_counter() - began_s
        left = iter(range(pages))

        async def worker() -> None:
            nonlocal smallest
            for _ in left:
                smallest = min(smallest, await page(browser, url))

        await page(browser, url)
        began_s = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(together)))
        took_s = time.perf_counter() - began_s
        await browser.close()
    sys.stdout.write(json.dumps({"cold_s": cold_s, "per_minute": pages / took_s * 60, "smallest": smallest}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
