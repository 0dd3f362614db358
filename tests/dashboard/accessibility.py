"""The rules of accessibility that a program can check, and where they were held."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import product

from tests.dashboard.browser import Tab

from hedgerow.dashboard.navigation import Page

_SCHEMES = ("light", "dark")
_ALL = json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
_OF_COLOUR = f"axe.getRules({_ALL}).filter((one) => one.tags.includes('cat.color')).map((one) => one.ruleId)"
"""What the schemes may differ in."""


class Rules:
    """axe, and the paths of the pages that it found nothing on, each with the scheme. A menu that stands on page after
    page is looked at once."""

    def __init__(self, axe: str) -> None:
        self._axe = axe
        self._held: set[tuple[str, str]] = set()
        self._menus: set[tuple[str, str]] = set()

    async def hold(self, tab: Tab) -> None:
        """No rule of WCAG 2.2 A and AA is broken by what the tab shows now, in the dark none of colour. Ends in the
        light."""
        if not await tab.run("Boolean(window.axe)"):
            await tab.run(f"(() => {{ {self._axe}\n; }})()")
        path, menu = await tab.run("[location.pathname, document.querySelector('nav')?.innerText ?? '']")
        for scheme, other, rules in (("dark", "light", _OF_COLOUR), ("light", "dark", _ALL)):
            await tab.prefer(scheme)
            await tab.until(f"!document.body.classList.contains('body--{other}')")
            where = "{exclude: [['nav']]}" if (menu, scheme) in self._menus else "document"
            found = await tab.run(f"""axe.run({where}, {{runOnly: {rules}, resultTypes: ["violations"]}})
                .then((told) => told.violations.map((one) =>
                    [one.id, one.nodes.map((node) => node.html.slice(0, 300))]))""")
            assert found == [], f"in the {scheme}:\n{json.dumps(found, indent=1)}"
            self._held.add((path, scheme))
            self._menus.add((menu, scheme))

    def not_held(self, pages: Iterable[Page]) -> Iterator[tuple[Page, str]]:
        """Pages, and the scheme, in which nothing was looked at."""
        for page, scheme in product(pages, _SCHEMES):
            template = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", page.path))
            if not any(template.fullmatch(path) and scheme == one for path, one in self._held):
                yield page, scheme
