"""Which pages nobody has looked at."""

from __future__ import annotations

from tests.dashboard.accessibility import Rules

from hedgerow.dashboard.pages import PAGES


class Tab:
    """Stands on one page, on which nothing is wrong."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def run(self, expression: str) -> object:
        return [self._path, "Menu"] if "location" in expression else []

    async def prefer(self, scheme: str) -> None:
        """Both look alike."""

    async def until(self, expression: str) -> None:
        """It is so."""


async def test_page_that_nobody_has_looked_at_is_told_with_its_scheme() -> None:
    rules = Rules("")
    assert len(list(rules.not_held(PAGES))) == 2 * len(PAGES)
    for path in ("/mm", "/mm/orders/7"):
        await rules.hold(Tab(path))  # type: ignore[arg-type]
    left = [page for page, _ in rules.not_held(PAGES)]
    held = {page.path for page in PAGES} - {page.path for page in left}
    assert held == {"/mm", "/mm/orders/{order_id}"}
