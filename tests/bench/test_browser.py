"""bench browser: what it needs is named, and a page that was told too early ends the run."""

from __future__ import annotations

import os

import pytest

from hedgerow.bench import browser
from hedgerow.bench.browser import _Found
from hedgerow.bench.network import Network
from hedgerow.bench.report import BenchError
from hedgerow.core.errors import SetupError


def test_missing_playwright_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match="pip install playwright"):
        browser.measure(1, 1)


async def test_side_that_answers_before_the_page_is_whole_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def early(*_: object) -> _Found:
        return _Found(1.0, 1.0, 50)

    class Serving:
        async def __aenter__(self) -> Network:
            return Network(1, "key", os.getpid())

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(browser, "serving", Serving)
    monkeypatch.setattr(browser, "_measured", early)
    monkeypatch.setattr(browser, "_baseline", early)
    with pytest.raises(BenchError, match="before the page was whole"):
        await browser._compare(1, 1, "chromium", None)
